//! A service that people reach by name, with one plain page.

use std::net::SocketAddr;

use axum::{response::Html, routing::get};
use portcullis::{Portcullis, config::Config, password::Argon2Params, session::Device};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::devtools::Browser;

pub const PASSWORD: &str = "correct horse battery staple";

/// The service, and a browser that shows its page.
pub struct Site {
    pub browser: Browser,
    portcullis: Portcullis,
    served: JoinHandle<()>,
    _folder: TempDir,
}

impl Site {
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::new(url.parse().unwrap());
        config.hashing.params = Argon2Params::insecure_for_tests(8, 1, 1).unwrap();
        config.passkey_registration = true;
        let database = format!("sqlite:{}/notes.db", folder.path().display());
        let portcullis = Portcullis::builder().config(config).database(database).build().await.unwrap();
        let app = portcullis.router().route("/", get(async || Html(include_str!("page.html"))));
        let service = app.into_make_service_with_connect_info::<SocketAddr>();
        let served = tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
        let browser = Browser::open(&url).await;
        Self { browser, portcullis, served, _folder: folder }
    }

    /// A user with a password; answers an access token of theirs.
    pub async fn user(&mut self, username: &str) -> String {
        let accounts = self.portcullis.accounts();
        let new = accounts.registration(username, &format!("{username}@example.com"), PASSWORD, "").unwrap();
        accounts.register(new, &Device::default()).await.unwrap();
        let login = json!({"name": username, "password": PASSWORD});
        token(&self.run(&format!("ask('POST', '/auth/login', {login})")).await)
    }

    /// What a function of the page is answered: `{status, body}`.
    pub async fn run(&mut self, script: &str) -> Value {
        self.browser.evaluate(script).await.unwrap()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.served.abort();
    }
}

/// The access token of an answer.
#[track_caller]
pub fn token(answer: &Value) -> String {
    assert_eq!(answer["status"], 200, "{answer}");
    answer["body"]["access_token"].as_str().unwrap().to_owned()
}
