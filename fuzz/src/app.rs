//! An app with accounts in process, on a database of its own.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{HeaderMap, Request, StatusCode},
    routing::get,
};
use http_body_util::BodyExt;
use portcullis::{
    Portcullis,
    account::Accounts,
    axum::GuardedRouter,
    clock::Timestamp,
    config::Config,
    guard::RouteRule,
    password::Argon2Params,
    secret::SealingKey,
    session::Device,
    testing::{Mailbox, ManualClock},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

/// A password that is good enough.
pub const PASSWORD: &str = "correct horse battery staple";
/// The origin of every app.
pub const ORIGIN: &str = "https://id.example";
/// Where else a login may lead.
pub const ELSEWHERE: [&str; 2] = ["https://app.example", "http://localhost:3000"];
/// The password of the administrator.
pub const ROOT_PASSWORD: &str = "of all staples this one is root's";

pub struct App {
    pub runtime: Runtime,
    pub clock: Arc<ManualClock>,
    /// There until it is dropped, which has to happen in the runtime.
    inner: Option<(Portcullis, Router)>,
    _home: TempDir,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
    pub body: Value,
}

impl App {
    /// An app at which `root1`, an administrator, has an account. Whatever is not a path of its own is a page for
    /// whoever is logged in.
    pub fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let home = tempfile::tempdir().unwrap();
        let mut config = Config::new(ORIGIN.parse().unwrap());
        config.next_origins = ELSEWHERE.map(|origin| origin.parse().unwrap()).into();
        config.hashing.params = Argon2Params::insecure_for_tests(8, 1, 1).unwrap();
        config.hashing.threads = 1.try_into().unwrap();
        config.insecure_no_limits = true;
        let clock = Arc::new(ManualClock::at(Timestamp::from_secs(1_800_000_000)));
        let portcullis = runtime.block_on(async {
            let portcullis = Portcullis::builder()
                .config(config)
                .database(format!("sqlite:{}/portcullis.db", home.path().display()))
                .mail_transport(Arc::new(Mailbox::new()))
                .master_key(SealingKey::generate().unwrap())
                .clock(clock.clone())
                .build()
                .await
                .unwrap();
            let accounts = portcullis.accounts();
            let registration = accounts.registration("root1", "root@example.com", ROOT_PASSWORD, "").unwrap();
            accounts.create_user(registration, vec!["admin".to_owned()], &Device::default()).await.unwrap();
            portcullis
        });
        let service = GuardedRouter::<()>::new()
            .route("/{*page}", get(async || "a page"), RouteRule::authenticated())
            .guard(portcullis.guard())
            .layer(portcullis.send_to_login())
            .into_router();
        let router = service.merge(portcullis.router()).merge(portcullis.pages());
        Self { runtime, clock, inner: Some((portcullis, router)), _home: home }
    }

    fn inner(&self) -> &(Portcullis, Router) {
        self.inner.as_ref().unwrap()
    }

    pub fn accounts(&self) -> &Accounts {
        self.inner().0.accounts()
    }

    pub fn ask(&self, mut request: Request<Body>) -> Answer {
        request.extensions_mut().insert(ConnectInfo(std::net::SocketAddr::from(([192, 0, 2, 1], 40_000))));
        self.runtime.block_on(async {
            let response = self.inner().1.clone().oneshot(request).await.unwrap();
            let (parts, body) = response.into_parts();
            let bytes = body.collect().await.unwrap().to_bytes();
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let body = serde_json::from_str(&text).unwrap_or_default();
            Answer { status: parts.status, headers: parts.headers, text, body }
        })
    }

    /// Makes an account without any role, and answers its id.
    pub fn add_user(&self, name: &str) -> String {
        let device = Device::default();
        let made = self.runtime.block_on(async {
            let registration =
                self.accounts().registration(name, &format!("{name}@example.com"), PASSWORD, "").unwrap();
            self.accounts().create_user(registration, Vec::new(), &device).await.unwrap()
        });
        made.id.to_string()
    }

    /// An access token; none if the login does not succeed.
    pub fn token(&self, name: &str, password: &str) -> Option<String> {
        let body = json!({ "name": name, "password": password }).to_string();
        let request = Request::post("/auth/login").header("content-type", "application/json");
        let answer = self.ask(request.body(body.into()).unwrap());
        answer.body["access_token"].as_str().map(str::to_owned)
    }
}

impl Drop for App {
    fn drop(&mut self) {
        let _within = self.runtime.enter();
        self.inner = None;
    }
}
