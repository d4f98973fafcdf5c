//! Clients in other languages, against the server itself.

use std::{
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
};

use portcullis::clock::{Clock, SystemClock};
use serde_json::json;
use tempfile::tempdir;

use crate::{
    client::{get_as, register, send, token},
    page::code_of,
    process::Server,
};

const PASSWORD: &str = "correct horse battery staple";

/// Runs a client to its end with this on its standard input.
fn run(program: &str, arguments: &[&str], input: &str) -> Output {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/clients");
    let mut command = Command::new(program);
    command.args(arguments).current_dir(examples).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // Nothing is left behind beside the example.
    command.env("PYTHONDONTWRITEBYTECODE", "1").env("NO_PROXY", "*").env("no_proxy", "*");
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{program} cannot be started: {error}"));
    // A client that asks nothing does not read its input.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// What a client that came to a good end printed.
#[track_caller]
fn printed(output: &Output) -> String {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    text
}

#[test]
fn the_script_with_curl_goes_all_the_way() {
    let folder = tempdir().unwrap();
    let server = Server::start(folder.path(), &[]);
    let printed = printed(&run("./curl.sh", &[&format!("http://{}", server.address), "ada"], ""));
    for expected in
        ["\"email_verified\":false", "\"recovery_codes\":[", "\"second_factor_required\"", "\"current\":true"]
    {
        assert!(printed.contains(expected), "{expected} is not in:\n{printed}");
    }
}

#[test]
fn the_client_in_python_logs_in_in_as_many_steps_as_are_asked_for() {
    let folder = tempdir().unwrap();
    let server = Server::start(folder.path(), &[]);
    let (at, url) = (server.address, format!("http://{}", server.address));
    assert_eq!(register(at, "ada", PASSWORD).status, 201);
    let client = |input: &str| run("python3", &["client.py", &url, "ada"], input);
    assert!(printed(&client(&format!("{PASSWORD}\n"))).starts_with("hello ada, your roles: none\nlogged in since "));

    let token = token(at, "ada", PASSWORD);
    let post = |path: &str, body: serde_json::Value| {
        let body = body.to_string();
        let (bearer, length) = (format!("Bearer {token}"), body.len().to_string());
        let headers = [("authorization", &*bearer), ("content-type", "application/json"), ("content-length", &*length)];
        send(at, "POST", path, &headers, &body)
    };
    let secret = post("/auth/totp/setup", json!({})).json()["secret"].as_str().unwrap().to_owned();
    let confirmed = post("/auth/totp/confirm", json!({"code": code_of(&secret, SystemClock.now(), 0)}));
    assert_eq!(confirmed.status, 200, "{confirmed:?}");
    // One that is wrong is asked for again. The one that confirmed is used up.
    let code = code_of(&secret, SystemClock.now(), 1);
    let wrong = code_of(&secret, SystemClock.now(), 1000);
    let login = client(&format!("{PASSWORD}\n{wrong}\n{code}\n"));
    assert!(printed(&login).starts_with("hello ada"));
    // Each time it logged out.
    assert_eq!(get_as(at, "/auth/sessions", &token).json()["items"].as_array().unwrap().len(), 1);

    let refused = client("not the password\n");
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8(refused.stderr).unwrap().ends_with("(invalid_credentials)\n"));
}

/// Eight threads find at the same time that their token is no longer good.
const SHARED: &str = r#"
import sys, threading
from client import Client
client = Client(sys.argv[1])
client.log_in("ada", sys.argv[2], None)
before = client.tokens["refresh_token"]
client.tokens["access_token"] += "x"
names = []
threads = [threading.Thread(target=lambda: names.append(client.request("GET", "/auth/me")["username"])) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print("\n".join(names))
print(client.tokens["refresh_token"] != before)
"#;

#[test]
fn threads_share_the_client_in_python_and_what_it_refreshes() {
    let folder = tempdir().unwrap();
    let server = Server::start(folder.path(), &[]);
    assert_eq!(register(server.address, "ada", PASSWORD).status, 201);
    let url = format!("http://{}", server.address);
    assert_eq!(printed(&run("python3", &["-c", SHARED, &url, PASSWORD], "")), "ada\n".repeat(8) + "True\n");
}
