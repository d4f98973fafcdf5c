//! The document of the routes held against the routes, by schemathesis: requests that it allows and others, with a login
//! and without, and every answer as the document says. `scripts/test` installs it.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use crate::process::{Server, run};

const PASSWORD: &str = "correct horse battery staple";

/// All checks that there are, over every operation but the one whose answer never ends.
fn check(server: &Server, password: Option<&str>) {
    let beside = || Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("peers");
    let program =
        env::var_os("PORTCULLIS_PEERS").map_or_else(beside, PathBuf::from).join("schemathesis/bin/schemathesis");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/schemathesis");
    let home = tempfile::tempdir().unwrap();
    let url = format!("http://{}", server.address);
    let mut command = Command::new(program);
    command.current_dir(home.path()).env("PYTHONPATH", &folder).env("PYTHONDONTWRITEBYTECODE", "1");
    command.env("SCHEMATHESIS_HOOKS", "hooks").env("PORTCULLIS_SERVER", &url);
    if let Some(password) = password {
        command.env("PORTCULLIS_PASSWORD", password);
    }
    command.arg("--config-file").arg(folder.join("schemathesis.toml"));
    command.args(["--no-color", "run", &format!("{url}/openapi.json")]);
    command.args(["--checks", "all", "--max-examples", "8", "--seed", "1", "--continue-on-failure", "--no-shrink"]);
    command.args(["--exclude-path", "/auth/revocations", "--request-timeout", "60"]);
    let output = command.output().unwrap_or_else(|error| {
        panic!("schemathesis cannot be started ({error}): scripts/test installs it, or `scripts/peers target/peers`")
    });
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("Stateful") && said.contains(" generated"), "{said}");
}

#[test]
fn schemathesis_finds_nothing_as_a_stranger() {
    let folder = tempfile::tempdir().unwrap();
    check(&Server::start(folder.path(), &["--insecure-no-limits"]), None);
}

#[test]
fn schemathesis_finds_nothing_as_an_administrator() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["user", "add", "root", "root@example.org", "--admin", "--password-stdin"];
    assert!(run(folder.path(), &arguments, PASSWORD).status.success());
    check(&Server::start(folder.path(), &["--insecure-no-limits"]), Some(PASSWORD));
}
