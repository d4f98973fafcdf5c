//! An account's whole life by mail: everything anyone knows here is in the `.eml` files.

use std::{net::SocketAddr, path::Path};

use serde_json::{Value, json};
use tempfile::tempdir;

use crate::{
    client::{Answer, get, login, post, register, send, token},
    db::TestDb,
    mail::mails,
    process::Server,
};

const PASSWORD: &str = "correct horse battery staple";
const NEW: &str = "a quite different password";

const PLACES: [&str; 4] = ["/auth/verify-email", "/auth/reset-password", "/auth/confirm-email", "/auth/undo-email"];

/// The latest mail to this address with such a subject, as soon as there is one after so many others.
fn mail_to(folder: &Path, count: usize, address: &str, subject: &str) -> String {
    let (to, subject) = (format!("To: <{address}>\r\n"), format!("Subject: {subject}"));
    let found = mails(folder, count).into_iter().rfind(|mail| mail.contains(&to) && mail.contains(&subject));
    found.unwrap_or_else(|| panic!("no mail {subject:?} to {address}"))
}

/// The token in the line that holds a link to this page and nothing else.
fn token_in(mail: &str, page: &str) -> String {
    let link = format!("http://localhost:8400/{page}?token=");
    mail.lines().find_map(|line| line.strip_prefix(&link)).unwrap_or_else(|| panic!("no {page} in {mail}")).to_owned()
}

fn code_in(mail: &str) -> String {
    let is_code = |line: &&str| line.len() == 8 && line.bytes().all(|byte| byte.is_ascii_digit());
    mail.lines().find(is_code).unwrap().to_owned()
}

fn post_as(at: SocketAddr, path: &str, token: &str, body: &Value) -> Answer {
    let (body, bearer) = (body.to_string(), format!("Bearer {token}"));
    let length = body.len().to_string();
    let headers = [("content-type", "application/json"), ("content-length", &length), ("authorization", &bearer)];
    send(at, "POST", path, &headers, &body)
}

fn spend(at: SocketAddr, place: &str, token: &str) -> Answer {
    post(at, place, &json!({ "token": token, "new_password": NEW }))
}

/// Spends a token where it belongs, after it was tried everywhere else and maimed in every way.
fn spend_once(at: SocketAddr, place: &str, token: &str) {
    for other in PLACES.iter().filter(|other| **other != place) {
        assert_eq!(spend(at, other, token).code(), "token_invalid", "{other}");
    }
    for bad in ["", &token[..token.len() - 1], &format!("{token}A")] {
        assert_eq!(spend(at, place, bad).code(), "token_invalid");
    }
    let page = place.replace("/auth", "");
    for _ in 0..10 {
        for method in ["GET", "HEAD"] {
            assert_eq!(send(at, method, &format!("{page}?token={token}"), &[], "").status, 200);
        }
    }
    let spent = spend(at, place, token);
    assert!(matches!(spent.status, 200 | 204), "{place}: {spent:?}");
    assert_eq!(spend(at, place, token).code(), "token_invalid");
    assert_eq!(get(at, &format!("{page}?token={token}")).status, 400);
}

fn journey(flags: &[&str]) {
    let folder = tempdir().unwrap();
    let folder = folder.path();
    let server = Server::start(folder, &[&["--require-verified-email"], flags].concat());
    let at = server.address;

    assert_eq!(register(at, "ada", PASSWORD).status, 201);
    assert_eq!(login(at, "ada", PASSWORD).code(), "invalid_credentials");
    let mail = mail_to(folder, 1, "ada@example.org", "Confirm your e-mail address");
    spend_once(at, PLACES[0], &token_in(&mail, "verify-email"));

    assert_eq!(register(at, "grace", PASSWORD).status, 201);
    let code = code_in(&mail_to(folder, 2, "grace@example.org", "Confirm your e-mail address"));
    let by_code = || post(at, PLACES[0], &json!({ "email": "grace@example.org", "code": code }));
    assert_eq!(by_code().status, 200);
    assert_eq!(by_code().code(), "token_invalid");
    token(at, "grace", PASSWORD);

    let before = token(at, "ada", PASSWORD);
    assert_eq!(post(at, "/auth/forgot-password", &json!({ "username": "ada" })).status, 202);
    let mail = mail_to(folder, 3, "ada@example.org", "Set a new password");
    spend_once(at, PLACES[1], &token_in(&mail, "reset-password"));
    assert_eq!(post_as(at, "/auth/logout", &before, &json!({})).status, 401);
    assert_eq!(login(at, "ada", PASSWORD).code(), "invalid_credentials");

    let access = token(at, "ada", NEW);
    assert_eq!(post_as(at, "/auth/change-email", &access, &json!({ "new_email": "ada@other.example" })).status, 202);
    let mail = mail_to(folder, 5, "ada@other.example", "Confirm your new e-mail address");
    spend_once(at, PLACES[2], &token_in(&mail, "confirm-email"));
    let mail = mail_to(folder, 6, "ada@example.org", "Your e-mail address at");
    spend_once(at, PLACES[3], &token_in(&mail, "undo-email"));
    assert_eq!(login(at, "ada", NEW).code(), "invalid_credentials");
    let mail = mail_to(folder, 7, "ada@example.org", "Set a new password");
    spend_once(at, PLACES[1], &token_in(&mail, "reset-password"));
    let user = login(at, "ada@example.org", NEW).json()["user"].clone();
    assert_eq!((&user["username"], &user["email_verified"]), (&json!("ada"), &json!(true)));

    server.terminate();
    let (_, log) = server.ended();
    for mail in mails(folder, 8) {
        let secret = mail.lines().find_map(|line| line.split_once("?token=pco_")).map(|(_, secret)| secret);
        assert!(secret.is_none_or(|secret| !log.contains(secret)), "rs_8: a token is in the log");
    }
}

#[test]
fn an_account_lives_by_its_mails_on_sqlite() {
    journey(&[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_lives_by_its_mails_on_postgres() {
    let db = TestDb::postgres().await;
    journey(&["--database-url", db.url()]);
}

/// The mail server is down when a mail is asked for, and the program is killed before it is back.
#[test]
fn a_mail_that_was_asked_for_survives_an_outage_and_a_kill() {
    let folder = tempdir().unwrap();
    let folder = folder.path();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("smtp://{nobody}?tls=insecure_off");
    let mut server = Server::start(folder, &["--mail-url", &url]);
    assert_eq!(register(server.address, "ada", PASSWORD).status, 201);
    let forgot = post(server.address, "/auth/forgot-password", &json!({ "email": "ada@example.org" }));
    assert_eq!(forgot.status, 202);
    server.wait_for("a mail could not be sent yet");
    server.kill();

    let server = Server::start(folder, &[]);
    let mail = mail_to(folder, 2, "ada@example.org", "Set a new password");
    assert_eq!(spend(server.address, PLACES[1], &token_in(&mail, "reset-password")).status, 204);
    assert_eq!(login(server.address, "ada", NEW).status, 200);
}
