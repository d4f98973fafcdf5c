//! LO-1 of the whole program: whatever its log is asked to tell, by any library in it, no secret is told.

use std::{collections::BTreeSet, net::SocketAddr};

use axum::{
    body::Body,
    http::{Request, header::AUTHORIZATION},
};
use http_body_util::BodyExt;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tempfile::tempdir;
use tokio::net::TcpStream;

use crate::{
    client::{Answer, get, login, post, register, send},
    db::TestDb,
    mail::mails,
    process::{Server, portcullis},
};

const PASSWORD: &str = "correct horse battery staple";
const NEW: &str = "a quite different password";
const WRONG: &str = "an entirely wrong password";

/// Someone at the server, and every secret that went between them.
struct Person {
    at: SocketAddr,
    access: String,
    secrets: BTreeSet<String>,
}

impl Person {
    fn post(&mut self, path: &str, body: &Value) -> Value {
        let (body, bearer) = (body.to_string(), format!("Bearer {}", self.access));
        let length = body.len().to_string();
        let headers = [("content-type", "application/json"), ("content-length", &length), ("authorization", &bearer)];
        let answer = send(self.at, "POST", path, &headers, &body);
        assert!(matches!(answer.status, 200..300), "{path}: {answer:?}");
        self.take(&answer)
    }

    /// Keeps what is secret of an answer.
    fn take(&mut self, answer: &Answer) -> Value {
        let body = serde_json::from_str(&answer.body).unwrap_or(Value::Null);
        for name in ["access_token", "refresh_token", "flow", "key", "secret"] {
            self.secrets.extend(body[name].as_str().map(str::to_owned));
        }
        if let Some(cookie) = answer.header("set-cookie") {
            self.secrets.insert(cookie.split([';', '=']).nth(1).unwrap().to_owned());
        }
        body
    }

    /// The same over HTTP/2.
    async fn show_themselves_by_http2(&self) {
        let stream = TokioIo::new(TcpStream::connect(self.at).await.unwrap());
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
        tokio::spawn(connection);
        let request = Request::get(format!("http://{}/auth/me?token={}", self.at, self.access));
        let request = request.header(AUTHORIZATION, format!("Bearer {}", self.access)).body(Body::empty()).unwrap();
        let answer = sender.send_request(request).await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.into_body().collect().await.unwrap();
    }
}

async fn journey(flags: &[&str]) {
    let folder = tempdir().unwrap();
    let folder = folder.path();
    let server = Server::start_with(portcullis(folder).env("RUST_LOG", "trace").args(flags));
    let at = server.address;
    let mut ada = Person { at, access: String::new(), secrets: [PASSWORD, NEW, WRONG].map(str::to_owned).into() };

    assert_eq!(register(at, "ada", PASSWORD).status, 201);
    assert_eq!(login(at, "ada", WRONG).status, 401);
    let body = ada.take(&login(at, "ada", PASSWORD));
    body["access_token"].as_str().unwrap().clone_into(&mut ada.access);
    let refreshed = ada.post("/auth/refresh", &json!({ "refresh_token": body["refresh_token"] }));
    refreshed["access_token"].as_str().unwrap().clone_into(&mut ada.access);
    ada.post("/auth/totp/setup", &json!({}));
    ada.post("/auth/webauthn/register/start", &json!({ "kind": "passkey" }));
    ada.show_themselves_by_http2().await;
    for path in ["/nowhere/", "/reset-password?token=", "/auth/sessions/"] {
        get(at, &format!("{path}{}", ada.access));
    }

    let form = format!("name=ada&password={}", PASSWORD.replace(' ', "+"));
    ada.secrets.insert(form.clone());
    let length = form.len().to_string();
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("content-length", &length),
        ("sec-fetch-site", "same-origin"),
        ("host", "localhost:8400"),
    ];
    let entered = send(at, "POST", "/login", &headers, &form);
    assert_eq!(entered.status, 303, "{entered:?}");
    ada.take(&entered);

    post(at, "/auth/forgot-password", &json!({ "username": "ada" }));
    let mails = mails(folder, 2);
    let tokens: Vec<_> = mails.iter().filter_map(|mail| mail.split("?token=").nth(1)?.lines().next()).collect();
    ada.secrets.extend(tokens.iter().map(|token| (*token).to_owned()));
    let code = |line: &&str| line.len() == 8 && line.bytes().all(|byte| byte.is_ascii_digit());
    ada.secrets.extend(mails.iter().filter_map(|mail| mail.lines().find(code).map(str::to_owned)));
    let reset =
        tokens.iter().map(|token| post(at, "/auth/reset-password", &json!({ "token": token, "new_password": NEW })));
    assert!(reset.map(|answer| answer.status).any(|status| status == 204));

    server.terminate();
    let (status, log) = server.ended();
    assert!(status.success());
    assert!(log.contains("sqlx::query") && log.contains("\"route\":\"(none)\""));
    assert!(ada.secrets.len() > 10, "{:?}", ada.secrets);
    for secret in &ada.secrets {
        let line = log.lines().find(|line| line.contains(secret.as_str()));
        assert!(line.is_none(), "{secret} is in the log: {line:?}");
    }
    for part in ada.access.split('.') {
        assert!(!log.contains(part), "a part of a token is in the log: {part}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lo_1_no_secret_is_in_the_log_whatever_it_is_asked_to_tell_on_sqlite() {
    journey(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lo_1_no_secret_is_in_the_log_whatever_it_is_asked_to_tell_on_postgres() {
    let db = TestDb::postgres().await;
    journey(&["--database-url", db.url()]).await;
}
