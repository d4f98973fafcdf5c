//! Keys that the operator changes under a server that runs.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, thread, time::Duration};

use serde_json::{Value, json};
use tempfile::tempdir;

use crate::{
    client::{get, get_as, register, token},
    process::{Server, run},
};

const PASSWORD: &str = "correct horse battery staple";

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn json_of(folder: &Path, arguments: &[&str]) -> Value {
    let output = run(folder, &[&["--json"], arguments].concat(), "");
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn kids_of(server: &Server) -> Vec<Value> {
    let set = get(server.address, "/.well-known/jwks.json").json();
    set["keys"].as_array().unwrap().iter().map(|key| key["kid"].clone()).collect()
}

fn until(mut happened: impl FnMut() -> bool) {
    while !happened() {
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn jwt_14_keys_are_rotated_and_retired_under_a_server_that_runs() {
    let folder = tempdir().unwrap();
    let server = Server::start(folder.path(), &[]);
    register(server.address, "ada", PASSWORD);
    let old_token = token(server.address, "ada", PASSWORD);

    let listed = json_of(folder.path(), &["key", "list"]);
    let first = &listed["keys"][0];
    assert_eq!((&first["state"], &first["algorithm"]), (&json!("signing"), &json!("ES256")));
    assert_eq!((&first["verifies_until"], &first["retired_at"]), (&Value::Null, &Value::Null));

    let rotated = json_of(folder.path(), &["key", "rotate"]);
    assert_eq!((&rotated["made"], &rotated["key"]["state"]), (&json!(true), &json!("published")));
    let again = json_of(folder.path(), &["key", "rotate"]);
    assert_eq!((&again["made"], &again["key"]["kid"]), (&json!(false), &rotated["key"]["kid"]));
    until(|| kids_of(&server) == [first["kid"].clone(), rotated["key"]["kid"].clone()]);

    let refused = run(folder.path(), &["key", "retire", "--", first["kid"].as_str().unwrap()], "");
    assert!(!refused.status.success());
    assert!(text(&refused.stderr).contains("let another one sign first"), "{}", text(&refused.stderr));
    // The hash that a key is named by may begin with a hyphen.
    for unknown in ["nobody", "-nobody", "--nobody"] {
        let refused = run(folder.path(), &["key", "retire", unknown], "");
        let told = text(&refused.stderr);
        assert!(!refused.status.success() && told.contains(unknown) && !told.contains("Usage"), "{told}");
    }

    let now = json_of(folder.path(), &["key", "rotate", "--now"]);
    assert_eq!((&now["made"], &now["key"]["state"]), (&json!(true), &json!("signing")));
    until(|| kids_of(&server).contains(&now["key"]["kid"]));
    assert_eq!(get_as(server.address, "/auth/me", &old_token).status, 200);
    let new_token = token(server.address, "ada", PASSWORD);

    let retired = json_of(folder.path(), &["key", "retire", "--", first["kid"].as_str().unwrap()]);
    assert_eq!(retired["key"]["state"], "retired");
    until(|| get_as(server.address, "/auth/me", &old_token).status == 401);
    assert_eq!(get_as(server.address, "/auth/me", &new_token).status, 200);
    let states = json_of(folder.path(), &["key", "list"]);
    let states: Vec<_> = states["keys"].as_array().unwrap().iter().map(|key| key["state"].clone()).collect();
    assert_eq!(states, ["retired", "old", "signing"]);

    let shown = run(folder.path(), &["key", "list"], "");
    assert_eq!(text(&shown.stdout).lines().count(), 3);
}

#[test]
fn another_signing_algorithm_is_announced_and_taken_by_the_next_rotation() {
    let folder = tempdir().unwrap();
    run(folder.path(), &["key", "list"], "");
    let server = Server::start(folder.path(), &["--signing-algorithm", "EdDSA"]);
    server.terminate();
    let (_, log) = server.ended();
    assert!(log.contains("tokens are signed with ES256; the next `key rotate` makes a key for EdDSA"), "{log}");
    let rotated = json_of(folder.path(), &["key", "rotate", "--signing-algorithm", "EdDSA"]);
    assert_eq!(rotated["key"]["algorithm"], "EdDSA");
}

#[test]
fn the_master_key_is_rotated_under_a_server_that_runs() {
    let folder = tempdir().unwrap();
    let server = Server::start(folder.path(), &[]);
    register(server.address, "ada", PASSWORD);
    let file = folder.path().join("portcullis-data/master.key");
    let old = fs::read(&file).unwrap();
    let before = token(server.address, "ada", PASSWORD);

    let rotated = json_of(folder.path(), &["master-key", "rotate"]);
    assert_eq!(rotated, json!({ "rotated": true, "master_key_file": "./portcullis-data/master.key" }));
    assert_ne!(fs::read(&file).unwrap(), old);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    // The server holds the data key, and opens new keys with it.
    let now = json_of(folder.path(), &["key", "rotate", "--now"]);
    until(|| kids_of(&server).contains(&now["key"]["kid"]));
    token(server.address, "ada", PASSWORD);
    server.terminate();
    server.ended();
    let server = Server::start(folder.path(), &[]);
    assert_eq!(get_as(server.address, "/auth/me", &before).status, 200);
    server.terminate();
    server.ended();

    fs::write(&file, old).unwrap();
    let refused = run(folder.path(), &["key", "list"], "");
    assert!(text(&refused.stderr).contains("the master key does not open this database"), "{}", text(&refused.stderr));
}
