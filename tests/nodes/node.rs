//! A node that can be cut off from its PostgreSQL.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Router,
    http::{Method, StatusCode},
    routing::get,
};
use portcullis::{
    Scopes,
    access::{Role, RoleName},
    account::UserId,
    secret::PlainToken,
    session::Device,
};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::{
    app::{Answer, Call, PASSWORD, TestApp},
    cluster::{text, until},
    db::TestDb,
    proxy::Proxy,
};

/// A node that reaches PostgreSQL through a proxy, a service behind its guard that needs no database, and a user.
pub struct Node {
    pub app: TestApp,
    pub proxy: Proxy,
    pub service: Router,
    /// How often `/drafts` has been reached.
    served: Arc<AtomicUsize>,
    pub token: String,
    pub refresh: String,
    /// A key that the guard has looked up.
    known_key: String,
    /// One that it has not.
    pub unknown_key: String,
}

impl Node {
    pub async fn new(parameters: &str) -> Self {
        let (proxy, db) = (Proxy::start().await, TestDb::postgres().await);
        let url = proxy.url_of(db.url(), parameters);
        let app = TestApp::new(db.shared_by(&url).await).await;
        app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
        let login = app.login("ada", PASSWORD).await.body;
        let user = UserId::parse(&text(&login["user"], "id")).unwrap();
        let role = Role { name: RoleName::parse("reader").unwrap(), scopes: Scopes::parse("notes:read") };
        app.portcullis.accounts().set_role(role, &Device::default()).await.unwrap();
        app.portcullis
            .accounts()
            .set_user_roles(user, vec![RoleName::parse("reader").unwrap()], &Device::default())
            .await
            .unwrap();

        let login = app.login("ada", PASSWORD).await.expect(StatusCode::OK).body;
        let (token, refresh) = (text(&login, "access_token"), text(&login, "refresh_token"));
        let served = Arc::<AtomicUsize>::default();
        let counter = Arc::clone(&served);
        let drafts = async move || {
            counter.fetch_add(1, Ordering::SeqCst);
            "drafts"
        };
        let routes = Router::new().route("/notes", get(async || "notes")).route("/drafts", get(drafts));
        let service = app.guarding(routes);
        let mut node =
            Self { app, proxy, service, served, token, refresh, known_key: String::new(), unknown_key: String::new() };
        node.known_key = node.make_key().await;
        node.unknown_key = node.make_key().await;
        node.goes_on().await;
        node
    }

    async fn make_key(&self) -> String {
        let body = json!({"name": "backup", "scopes": ["notes:read"]});
        let made = self.app.post("/auth/api-keys").bearer(&self.token).json(&body).send().await;
        text(&made.expect(StatusCode::CREATED).body, "key")
    }

    async fn notes(&self, credential: &str) -> Answer {
        Call::new(&self.service, Method::GET, "/notes").bearer(credential).send().await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.app.post(path).json(&body).send().await
    }

    /// What needs no database is answered as ever.
    pub async fn goes_on(&self) {
        for credential in [&self.token, &self.known_key] {
            self.notes(credential).await.expect(StatusCode::OK);
        }
        self.notes("nonsense").await.expect(StatusCode::UNAUTHORIZED);
    }

    /// What cannot be done without it, all at once, is 503: never 500, and never let pass.
    pub async fn is_unavailable(&self) {
        let unknown_flow = format!("pcf_{}", PlainToken::generate().unwrap().expose());
        let answers = tokio::join!(
            self.post("/auth/login", json!({"name": "ada", "password": PASSWORD})),
            self.post("/auth/login", json!({"name": "nobody", "password": PASSWORD})),
            self.post("/auth/register", json!({"username": "eve", "email": "eve@example.com", "password": PASSWORD})),
            self.post("/auth/refresh", json!({"refresh_token": self.refresh})),
            self.post("/auth/forgot-password", json!({"email": "ada@example.com"})),
            self.post("/auth/login/second-factor", json!({"flow": unknown_flow, "two_fa_code": "123456"})),
            self.app.post("/auth/logout").bearer(&self.token).json(&json!({})).send(),
            Call::new(&self.service, Method::GET, "/drafts").bearer(&self.unknown_key).send(),
        );
        let (login, unknown, register, refresh, forgot, flow, logout, key) = answers;
        for answer in [login, unknown, register, refresh, forgot, flow, logout, key] {
            assert_eq!(answer.status, 503, "{answer:?}");
            assert!(answer.header("retry-after").parse::<u64>().unwrap() > 0, "{answer:?}");
        }
        assert_eq!(self.served.load(Ordering::SeqCst), 0, "nobody was let in");
    }

    /// Everything works again, by itself, and nothing was done by halves.
    pub async fn recovers(&self) {
        until(async || self.app.login("ada", PASSWORD).await.status == StatusCode::OK).await;
        self.goes_on().await;
        self.notes(&self.unknown_key).await.expect(StatusCode::OK);
        self.post("/auth/refresh", json!({"refresh_token": self.refresh})).await.expect(StatusCode::OK);
        self.app.register("eve", "eve@example.com").await.expect(StatusCode::CREATED);
    }
}

impl TestApp {
    /// Says something to the server, in another database than the test's own.
    pub async fn command(&self, statement: &str) {
        let mut server = PgConnection::connect(&std::env::var("PORTCULLIS_TEST_POSTGRES").unwrap()).await.unwrap();
        let name = self.db.url().split('?').next().unwrap().rsplit('/').next().unwrap().to_owned();
        let statement = statement.replace("{database}", &name);
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut server).await.unwrap();
    }

    /// Ends every connection to the test's database.
    pub async fn hang_up(&self) {
        self.command("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'").await;
    }
}
