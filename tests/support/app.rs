//! The account routes in process, on a fresh database of either kind, with a clock that tests move.
#![allow(dead_code, reason = "not every test binary uses all of it")]

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{HeaderMap, Method, Request, Response, StatusCode, header},
};
use http_body_util::BodyExt;
use portcullis::{
    Builder, Portcullis,
    account::UserId,
    audit::Event,
    clock::{Clock, Timestamp},
    config::Config,
    password::Argon2Params,
    secret::SealingKey,
    testing::{Mailbox, ManualClock},
};
use serde_json::{Value, json};
use tower::ServiceExt;

#[path = "secrets.rs"]
pub mod secrets;

use self::secrets::{Checked, Secrets};
use crate::db::TestDb;

/// A password that meets every policy so far.
pub const PASSWORD: &str = "correct horse battery staple";

pub struct TestApp {
    pub portcullis: Portcullis,
    pub clock: Arc<ManualClock>,
    pub db: TestDb,
    /// Every mail that left. `portcullis.accounts().deliver_mail()` sends what is due at once.
    pub mailbox: Mailbox,
    master_key: SealingKey,
    router: Router,
    checked: Box<Checked>,
}

impl TestApp {
    pub async fn new(db: TestDb) -> Self {
        Self::with(db, |_| ()).await
    }

    /// An app whose settings differ from the tests' own in what `change` says.
    pub async fn with(db: TestDb, change: impl FnOnce(&mut Config)) -> Self {
        Self::at(db, Self::clock(), SealingKey::generate().unwrap(), change).await
    }

    /// The clock that tests begin with.
    pub fn clock() -> Arc<ManualClock> {
        Arc::new(ManualClock::at(Timestamp::from_secs(1_790_000_000)))
    }

    /// An app that calls this for every row of the trail.
    pub async fn hooked(db: TestDb, hook: impl Fn(&Event) + Send + 'static) -> Self {
        Self::built(Portcullis::builder().on_event(hook), db, |_| ()).await
    }

    /// An app that begins with this builder.
    pub async fn built(builder: Builder, db: TestDb, change: impl FnOnce(&mut Config)) -> Self {
        Self::made_by(builder, db, Self::clock(), SealingKey::generate().unwrap(), change).await
    }

    /// An app over what another one left: the same database, clock and master key.
    pub async fn at(
        db: TestDb,
        clock: Arc<ManualClock>,
        master_key: SealingKey,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        Self::made_by(Portcullis::builder(), db, clock, master_key, change).await
    }

    async fn made_by(
        builder: Builder,
        db: TestDb,
        clock: Arc<ManualClock>,
        master_key: SealingKey,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let (store, secrets) = (db.store.clone(), Secrets::collected());
        let observer = Arc::downgrade(&secrets);
        store.observe(observer);
        let mut config = Config::new("https://id.example".parse().unwrap());
        config.hashing.params = Argon2Params::insecure_for_tests(8, 1, 1).unwrap();
        // Where many tests share few cores, their logins would wait for all of them.
        config.hashing.niceness = 0;
        config.hashing.threads = 2.try_into().unwrap();
        change(&mut config);
        let mailbox = Mailbox::new();
        let portcullis = builder
            .config(config)
            .mail_transport(Arc::new(mailbox.clone()))
            .store(store)
            .master_key(master_key.clone())
            .clock(clock.clone())
            .build()
            .await
            .unwrap();
        let router = secrets.of(portcullis.watched(portcullis.router().merge(portcullis.pages())));
        let checked = Box::new(Checked::new(secrets, portcullis.clone(), mailbox.clone()));
        Self { portcullis, clock, db, mailbox, master_key, router, checked }
    }

    /// The app after a restart, perhaps with other settings: only the database, the clock and the master key stay.
    pub async fn reopened(self, change: impl FnOnce(&mut Config)) -> Self {
        let Self { clock, db, master_key, portcullis, router, checked, mailbox: _ } = self;
        drop((portcullis, router, checked));
        let db = db.reopened().await;
        Self::at(db, clock, master_key, change).await
    }

    /// Another process on the same database, with the same clock and master key.
    pub async fn another_process(&self) -> Self {
        self.another_process_with(|_| ()).await
    }

    /// Another process, whose settings differ in what `change` says.
    pub async fn another_process_with(&self, change: impl FnOnce(&mut Config)) -> Self {
        Self::at(self.db.shared().await, self.clock.clone(), self.master_key.clone(), change).await
    }

    /// Another process, which goes by another URL to the same database.
    pub async fn another_process_by(&self, url: &str) -> Self {
        Self::at(self.db.shared_by(url).await, self.clock.clone(), self.master_key.clone(), |_| ()).await
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What the trail says of this user, newest first.
    pub async fn events_of(&self, id: &str) -> Vec<Event> {
        let user = UserId::parse(id).unwrap();
        self.portcullis.accounts().events_of(user, 100).await.unwrap()
    }

    pub fn advance(&self, span: Duration) {
        self.clock.advance(span);
    }

    /// The same app, with these routes of a service behind its guard.
    pub fn guarding(&self, routes: Router) -> Router {
        let routes = routes.layer(self.portcullis.guard()).merge(self.portcullis.router());
        self.secrets().of(self.portcullis.watched(routes))
    }

    /// The secrets that went in and out, for which the log is searched in the end.
    pub fn secrets(&self) -> &Arc<Secrets> {
        &self.checked.secrets
    }

    pub fn request(&self, method: Method, path: &str) -> Call<'_> {
        Call::new(&self.router, method, path)
    }

    pub fn get(&self, path: &str) -> Call<'_> {
        self.request(Method::GET, path)
    }

    pub fn post(&self, path: &str) -> Call<'_> {
        self.request(Method::POST, path)
    }

    pub async fn register(&self, username: &str, email: &str) -> Answer {
        let body = json!({"username": username, "email": email, "password": PASSWORD});
        self.post("/auth/register").json(&body).send().await
    }

    pub async fn login(&self, name: &str, password: &str) -> Answer {
        self.post("/auth/login").json(&json!({"name": name, "password": password})).send().await
    }

    /// Registers and logs in; answers the access token.
    pub async fn user(&self, username: &str) -> String {
        self.register(username, &format!("{username}@example.com")).await.expect(StatusCode::CREATED);
        self.token(username, PASSWORD).await
    }

    /// Logs in and answers the access token.
    pub async fn token(&self, name: &str, password: &str) -> String {
        let answer = self.login(name, password).await.expect(StatusCode::OK);
        answer.body["access_token"].as_str().unwrap().to_owned()
    }
}

/// A request about to be made.
pub struct Call<'a> {
    router: &'a Router,
    request: Request<Body>,
}

impl<'a> Call<'a> {
    pub fn new(router: &'a Router, method: Method, path: &str) -> Self {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        Self { router, request }.from("192.0.2.1".parse().unwrap())
    }

    /// From this peer, instead of 192.0.2.1.
    pub fn from(mut self, peer: IpAddr) -> Self {
        self.request.extensions_mut().insert(ConnectInfo(SocketAddr::new(peer, 40_000)));
        self
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.request.headers_mut().append(name, value.parse().unwrap());
        self
    }

    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }

    pub fn body(mut self, body: impl Into<Body>) -> Self {
        *self.request.body_mut() = body.into();
        self
    }

    /// Sends it and leaves the body of the answer unread.
    pub async fn open(self) -> Response<Body> {
        self.router.clone().oneshot(self.request).await.unwrap()
    }

    pub async fn send(self) -> Answer {
        let response = self.open().await;
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status: parts.status, headers: parts.headers, bytes: bytes.to_vec(), body }
    }
}

/// An answer, with its body as bytes and, where it is JSON, as JSON.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
    pub body: Value,
}

impl Answer {
    #[track_caller]
    pub fn expect(self, status: StatusCode) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    /// Checks that this is a whole problem document with this status and code.
    #[track_caller]
    pub fn expect_problem(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status.as_u16(), self.code()), (status, code), "{}", self.body);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.header("cache-control"), "no-store");
        assert_eq!(self.body["status"], status);
        assert_eq!(self.body["type"], "about:blank");
        assert!(self.body["title"].is_string() && self.body["detail"].is_string());
        self
    }

    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The fields found wrong, as `field: code`, sorted.
    pub fn field_errors(&self) -> Vec<String> {
        let errors = self.body["errors"].as_array().cloned().unwrap_or_default();
        let text = |error: &Value| format!("{}: {}", error["field"].as_str().unwrap(), error["code"].as_str().unwrap());
        let mut errors: Vec<_> = errors.iter().map(text).collect();
        errors.sort();
        errors
    }
}

/// Every header but the ones that differ between any two answers.
pub fn comparable_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let mut headers: Vec<_> = headers
        .iter()
        .filter(|(name, _)| **name != header::DATE && name.as_str() != "x-request-id")
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    headers
}
