//! Users by the file, from the command line.

use std::{fs, os::unix::fs::PermissionsExt};

use serde_json::{Value, json};
use tempfile::tempdir;

use crate::{
    client::{get_as, register, token},
    db::TestDb,
    process::{Server, run},
};

const PASSWORD: &str = "correct horse battery staple";

/// Of `correct horse bättery staple`, made by Python's bcrypt 4.3.0.
const FILE: &str = r#"{"username": "ada", "email": "ada@example.org", "password_hash": "$2b$05$BNL/vTISB1IncVOsUm7lDO6h/UOacSyWsKCux9jswYVRJqVR/x2GK"}
{"username": "bob", "email": "nowhere"}
"#;

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn users_are_imported_with_a_report_and_log_in() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("users.jsonl"), FILE).unwrap();
    let dry = run(folder.path(), &["import", "users.jsonl", "--dry-run"], "");
    let told = "would import 1 user, skipped 1\nline 2 (bob): `email` is not valid\n";
    assert_eq!((text(&dry.stdout), dry.status.code()), (told, Some(1)), "{}", text(&dry.stderr));

    let imported = run(folder.path(), &["import", "users.jsonl", "--json"], "");
    let report: Value = serde_json::from_slice(&imported.stdout).unwrap();
    let reason = "`email` is not valid";
    let skipped =
        json!({"line": 2, "number": 2, "username": "bob", "code": "invalid", "field": "email", "reason": reason});
    assert_eq!(report, json!({"dry_run": false, "imported": 1, "passed_over": 0, "skipped": [skipped]}));
    let first_line = FILE.lines().next().unwrap();
    let again = run(folder.path(), &["import", "-"], first_line);
    let told = "imported 0 users, skipped 1\nline 1 (ada): the user name is taken\n";
    assert_eq!((text(&again.stdout), again.status.code()), (told, Some(1)));

    let server = Server::start(folder.path(), &[]);
    token(server.address, "ada", "correct horse bättery staple");
}

#[test]
fn what_is_exported_is_its_owners_alone_and_comes_in_again() {
    let (folder, elsewhere) = (tempdir().unwrap(), tempdir().unwrap());
    let server = Server::start(folder.path(), &[]);
    assert_eq!(register(server.address, "ada", PASSWORD).status, 201);
    let file = elsewhere.path().join("users.jsonl");
    let arguments = ["export", file.to_str().unwrap()];
    let exported = run(folder.path(), &arguments, "");
    assert!(exported.status.success(), "{}", text(&exported.stderr));
    assert_eq!(text(&exported.stdout), format!("exported 1 user to {}\n", file.display()));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    let again = run(folder.path(), &arguments, "");
    assert!(!again.status.success() && text(&again.stderr).contains("cannot be made"));
    let piped = run(folder.path(), &["export"], "");
    assert_eq!(text(&piped.stdout), fs::read_to_string(&file).unwrap());
    assert!(text(&piped.stderr).contains("keep them like the database"));

    let imported = run(elsewhere.path(), &["import", "users.jsonl"], "");
    assert_eq!((text(&imported.stdout), imported.status.code()), ("imported 1 user, skipped 0\n", Some(0)));
    let server = Server::start(elsewhere.path(), &[]);
    token(server.address, "ada", PASSWORD);
}

#[test]
fn a_file_that_cannot_be_read_is_named_and_makes_nothing() {
    let folder = tempdir().unwrap();
    let missing = run(folder.path(), &["import", "nowhere.jsonl"], "");
    assert!(!missing.status.success() && text(&missing.stderr).starts_with("nowhere.jsonl cannot be read"));
    assert!(!folder.path().join("portcullis-data").exists());
    let folder_instead = run(folder.path(), &["import", "."], "");
    assert!(!folder_instead.status.success());
    assert!(text(&folder_instead.stderr).contains("the import stopped after 0 users"), "{folder_instead:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_database_is_moved_to_postgres_and_its_users_log_in_there() {
    let (folder, db) = (tempdir().unwrap(), TestDb::empty_postgres().await);
    let server = Server::start(folder.path(), &[]);
    assert_eq!(register(server.address, "ada", PASSWORD).status, 201);
    let held = token(server.address, "ada", PASSWORD);
    drop(server);

    let from = format!("sqlite:{}", folder.path().join("portcullis-data/portcullis.db").display());
    let arguments = ["import", "--from", &from, "--to", db.url()];
    let moved = run(folder.path(), &[&arguments[..], &["--json"]].concat(), "");
    assert!(moved.status.success(), "{}", text(&moved.stderr));
    let report: Value = serde_json::from_slice(&moved.stdout).unwrap();
    let users = report["tables"].as_array().unwrap().iter().find(|table| table["name"] == "users").unwrap();
    assert_eq!((&report["verified"], &users["rows"]), (&json!(true), &json!(1)));

    let again = run(folder.path(), &arguments, "");
    assert_eq!(again.status.code(), Some(1));
    assert!(
        text(&again.stderr).starts_with("the database is not empty: there are rows in `"),
        "{}",
        text(&again.stderr)
    );

    let server = Server::start(folder.path(), &["--database-url", db.url()]);
    assert_eq!(get_as(server.address, "/auth/me", &held).status, 200);
    token(server.address, "ada", PASSWORD);
}
