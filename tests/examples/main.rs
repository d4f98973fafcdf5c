//! The examples, run as a reader would run them. `scripts/test` installs what those in other languages need.

#![cfg(feature = "server")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    reason = "test code"
)]

mod another_origin;
#[path = "../server/client.rs"]
#[allow(dead_code, reason = "these tests need a part of it")]
mod client;
mod clients;
#[path = "../browser/devtools.rs"]
mod devtools;
mod page;
#[path = "../server/process.rs"]
#[allow(dead_code, reason = "these tests need a part of it")]
mod process;
#[cfg(feature = "remote-jwks")]
mod service;

use std::{
    env, fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use portcullis::{
    JwtUser,
    jwt::{JwtIssuer, KeyRing},
    password::hash_password,
};
use tempfile::tempdir;

use crate::client::{get, get_as, login, register, token};

/// A running example. Killed when dropped.
struct Example {
    child: Child,
    address: SocketAddr,
}

impl Example {
    /// Starts the example that was built beside this test, and waits until it tells where it listens.
    fn start(name: &str, with: impl FnOnce(&mut Command) -> &mut Command) -> Self {
        let test = env::current_exe().unwrap();
        let program = test.ancestors().nth(2).unwrap().join("examples").join(name);
        assert!(program.exists(), "the example {name} is not built: run `cargo build --example {name}`");
        let mut child = with(&mut Command::new(program)).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap_or_else(|| panic!("it said {line:?}"));
        Self { child, address: address.replace("localhost", "127.0.0.1").parse().unwrap() }
    }

    /// The service with accounts, whose database is in this folder.
    fn with_accounts(folder: &Path) -> Self {
        let database = format!("sqlite:{}/notes.db", folder.display());
        Self::start("axum", |program| program.args([&database, "127.0.0.1:0"]))
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_axum_service_knows_who_logged_in() {
    let folder = tempdir().unwrap();
    let example = Example::with_accounts(folder.path());
    let at = example.address;
    assert_eq!(get(at, "/").status, 200);
    assert_eq!(get(at, "/notes").status, 401);
    assert_eq!(register(at, "ada", "correct horse battery staple").status, 201);
    let token = token(at, "ada", "correct horse battery staple");
    let id = get_as(at, "/auth/me", &token).json()["id"].as_str().unwrap().to_owned();
    assert_eq!(get_as(at, "/notes", &token).body, format!("the notes of {id}\n"));
}

#[test]
fn whoever_the_directory_knows_logs_in_without_having_registered() {
    let folder = tempdir().unwrap();
    let (people, database) = (folder.path().join("people.txt"), format!("sqlite:{}/notes.db", folder.path().display()));
    let hash = hash_password("known to the directory alone").unwrap();
    fs::write(&people, format!("ada ada@corp.example {hash}\n")).unwrap();
    let example = Example::start("directory", |program| program.arg(&people).args([&database, "127.0.0.1:0"]));
    let at = example.address;
    assert_eq!(login(at, "ada", "something else").code(), "invalid_credentials");
    assert_eq!(login(at, "bob", "known to the directory alone").code(), "invalid_credentials");
    let answer = login(at, "ada", "known to the directory alone").json();
    assert_eq!((&answer["user"]["email_verified"], &answer["data"]["home"]), (&true.into(), &"/notes#ada".into()));
    let token = answer["access_token"].as_str().unwrap();
    assert!(get_as(at, "/notes", token).body.starts_with("the notes of "));
    assert_eq!(register(at, "ada", "correct horse battery staple").code(), "username_taken");
}

#[test]
fn the_hyper_service_minds_tokens_and_scopes() {
    let secret = "a secret of at least thirty-two bytes";
    let example = Example::start("hyper", |program| program.env("JWT_SECRET", secret).arg("127.0.0.1:0"));
    let at = example.address;
    let issuer = JwtIssuer::new(KeyRing::hs256(secret.as_bytes()).unwrap()).issuer("https://id.example");
    let user = JwtUser { id: "ada".to_owned(), name: None, email: None };
    let token = issuer.audience("notes").create_jwt(&user, Duration::from_mins(1)).unwrap();
    assert_eq!(get(at, "/healthz").body, "hello stranger\n");
    assert_eq!(get(at, "/").status, 401);
    assert_eq!(get_as(at, "/", &token).body, "hello ada\n");
    assert_eq!(get_as(at, "/", &token[1..]).status, 401);
    assert_eq!(get_as(at, "/reports/7", &token).status, 403);
}
