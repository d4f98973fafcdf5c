//! A folder with nothing in it, one command, and a person who comes in.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, thread};

use serde_json::json;
use tempfile::tempdir;

use crate::{
    client::{get, get_as, login, post, register, send, token},
    process::{Server, portcullis},
};

const PASSWORD: &str = "correct horse battery staple";
const NEW_PASSWORD: &str = "wrong mule capacitor paperclip";

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn one_command_serves_and_what_it_makes_is_its_owners_alone() {
    let folder = tempdir().unwrap();
    let server = Server::start(folder.path(), &[]);
    let data = folder.path().join("portcullis-data");
    assert_eq!(mode(&data), 0o700);
    for file in fs::read_dir(&data).unwrap() {
        assert_eq!(mode(&file.unwrap().path()), 0o600);
    }
    assert!(data.join("portcullis.db").exists() && data.join("master.key").exists());
    assert_eq!(get(server.address, "/readyz").status, 200);
}

#[test]
fn the_first_administrator_is_made_by_the_link_that_the_server_leaves() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("portcullis-data/first-admin-link");
    let server = Server::start(folder.path(), &[]);
    assert_eq!(mode(&file), 0o600);
    let link = fs::read_to_string(&file).unwrap();
    let token = link.trim().strip_prefix("http://localhost:8400/first-admin?token=").unwrap();
    server.terminate();
    let (_, log) = server.ended();
    assert!(log.contains("first-admin-link") && !log.contains(token), "{log}");

    let server = Server::start(folder.path(), &[]);
    let newer = fs::read_to_string(&file).unwrap();
    assert_ne!(newer, link);
    let body = |name: &str| {
        let email = format!("{name}@example.org");
        json!({ "token": token, "username": name, "email": email, "password": PASSWORD })
    };
    assert_eq!(post(server.address, "/auth/first-admin", &body("root")).status, 201);
    assert_eq!(post(server.address, "/auth/first-admin", &body("eve")).code(), "token_invalid");
    let bearer = self::token(server.address, "root", PASSWORD);
    assert_eq!(get_as(server.address, "/auth/admin/users", &bearer).status, 200);
    drop(server);
    let server = Server::start(folder.path(), &[]);
    assert!(!file.exists(), "the link of a service that has an administrator is taken back");
    drop(server);
}

#[test]
fn register_login_me_logout_and_no_secret_in_the_log() {
    let folder = tempdir().unwrap();
    // Everything that anyone could ask the log to tell, libraries included.
    let server = Server::start_with(portcullis(folder.path()).env("RUST_LOG", "trace"));
    let at = server.address;

    let registered = register(at, "ada", PASSWORD);
    assert_eq!((registered.status, &registered.json()["email_verified"]), (201, &json!(false)));
    let answer = login(at, "ADA@example.ORG", PASSWORD);
    let first = answer.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(
        (answer.json()["token_type"].as_str(), answer.json()["expires_in"].as_u64()),
        (Some("Bearer"), Some(900))
    );
    let used = answer.json()["refresh_token"].as_str().unwrap().to_owned();
    let refreshed = post(at, "/auth/refresh", &json!({ "refresh_token": used })).json();
    let unused = refreshed["refresh_token"].as_str().unwrap();
    let me = get_as(at, "/auth/me", &first);
    assert_eq!((me.status, &me.json()["username"]), (200, &json!("ada")));

    let second = token(at, "Ada", PASSWORD);
    let bearer = format!("Bearer {second}");
    let body = json!({ "old_password": PASSWORD, "new_password": NEW_PASSWORD }).to_string();
    let length = body.len().to_string();
    let headers =
        [("authorization", bearer.as_str()), ("content-type", "application/json"), ("content-length", &length)];
    assert_eq!(send(at, "POST", "/auth/change-password", &headers, &body).status, 204);
    assert_eq!(get_as(at, "/auth/me", &first).code(), "invalid_token");
    assert_eq!(get_as(at, "/auth/me", &second).status, 200);
    assert_eq!(login(at, "ada", PASSWORD).code(), "invalid_credentials");
    assert_eq!(send(at, "POST", "/auth/logout", &headers[..1], "").status, 204);
    assert_eq!(get_as(at, "/auth/me", &second).code(), "invalid_token");
    assert_eq!(get(at, &format!("/auth/me?access_token={second}")).code(), "unauthenticated");
    let broken = post(at, "/auth/login", &json!({ "name": "ada", "password": [PASSWORD] }));
    assert_eq!(broken.code(), "invalid_fields");

    server.terminate();
    let (status, log) = server.ended();
    assert!(status.success());
    assert!(log.contains("\"route\":\"/auth/me\""), "{log}");
    let master_key = fs::read_to_string(folder.path().join("portcullis-data/master.key")).unwrap();
    for secret in [PASSWORD, NEW_PASSWORD, &first, &second, &used[4..], &unused[4..], master_key.trim()] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
    for token in [&first, &second] {
        assert!(token.split('.').all(|part| !log.contains(part)), "a part of {token} is in the log");
    }
}

#[test]
fn two_servers_that_race_to_start_on_one_folder_agree_on_the_keys() {
    let folder = tempdir().unwrap();
    let start = || Server::start(folder.path(), &[]);
    let (one, other) = thread::scope(|scope| {
        let (one, other) = (scope.spawn(start), scope.spawn(start));
        (one.join().unwrap(), other.join().unwrap())
    });
    let keys = |server: &Server| get(server.address, "/.well-known/jwks.json").json();
    assert_eq!(keys(&one), keys(&other));
    assert_eq!(register(one.address, "ada", PASSWORD).status, 201);
    let token = token(other.address, "ada", PASSWORD);
    assert_eq!(get_as(one.address, "/auth/me", &token).status, 200);
}
