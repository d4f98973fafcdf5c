//! The database is slow, gone, read-only or full: what needs it is 503 and comes back by itself, what does not goes on.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Router,
    http::{Method, StatusCode},
    routing::get,
};
use futures_util::future::join_all;
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
    proxy::{Network, Proxy},
};

/// A node that reaches PostgreSQL through a proxy, a service behind its guard that needs no database, and a user.
struct Node {
    app: TestApp,
    proxy: Proxy,
    service: Router,
    /// How often `/drafts` has been reached.
    served: Arc<AtomicUsize>,
    token: String,
    refresh: String,
    /// A key that the guard has looked up.
    known_key: String,
    /// One that it has not.
    unknown_key: String,
}

impl Node {
    async fn new(parameters: &str) -> Self {
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

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.app.post(path).json(&body).send().await
    }

    /// What needs no database is answered as ever.
    async fn goes_on(&self) {
        for credential in [&self.token, &self.known_key] {
            self.notes(credential).await.expect(StatusCode::OK);
        }
        self.notes("nonsense").await.expect(StatusCode::UNAUTHORIZED);
    }

    /// What cannot be done without it, all at once, is 503: never 500, and never let pass.
    async fn is_unavailable(&self) {
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
    async fn recovers(&self) {
        until(async || self.app.login("ada", PASSWORD).await.status == StatusCode::OK).await;
        self.goes_on().await;
        self.notes(&self.unknown_key).await.expect(StatusCode::OK);
        self.post("/auth/refresh", json!({"refresh_token": self.refresh})).await.expect(StatusCode::OK);
        self.app.register("eve", "eve@example.com").await.expect(StatusCode::CREATED);
    }
}

impl TestApp {
    /// Says something to the server, in another database than the test's own.
    async fn command(&self, statement: &str) {
        let mut server = PgConnection::connect(&std::env::var("PORTCULLIS_TEST_POSTGRES").unwrap()).await.unwrap();
        let name = self.db.url().split('?').next().unwrap().rsplit('/').next().unwrap().to_owned();
        let statement = statement.replace("{database}", &name);
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut server).await.unwrap();
    }

    /// Ends every connection to the test's database.
    async fn hang_up(&self) {
        self.command("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn br_7_a_database_that_is_gone_is_503_and_known_tokens_go_on() {
    let node = Node::new("").await;
    for _ in 0..2 {
        node.proxy.set(Network::Gone);
        node.is_unavailable().await;
        node.goes_on().await;
        node.is_unavailable().await;
        node.proxy.set(Network::Whole);
        until(async || node.app.login("ada", PASSWORD).await.status == StatusCode::OK).await;
    }
    node.recovers().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn br_7_a_database_that_does_not_answer_is_503_and_known_tokens_go_on() {
    let node = Node::new("").await;
    node.proxy.set(Network::Silent);
    tokio::join!(node.is_unavailable(), node.goes_on());
    node.goes_on().await;
    node.proxy.set(Network::Whole);
    node.recovers().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn br_7_a_database_that_is_locked_for_long_is_503() {
    let node = Node::new("").await;
    let mut rival = PgConnection::connect(node.app.db.url()).await.unwrap();
    let mut tx = rival.begin().await.unwrap();
    for table in ["users", "attempts", "outbox", "refresh_tokens", "flows", "sessions", "api_keys"] {
        let lock = format!("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE");
        sqlx::raw_sql(AssertSqlSafe(lock)).execute(&mut *tx).await.unwrap();
    }
    tokio::join!(node.is_unavailable(), node.goes_on());
    tx.rollback().await.unwrap();
    node.recovers().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn br_7_a_database_that_takes_no_writes_is_503_until_it_does() {
    let node = Node::new("").await;
    node.app.command("ALTER DATABASE {database} SET default_transaction_read_only = on").await;
    node.app.hang_up().await;
    let login = || node.post("/auth/login", json!({"name": "ada", "password": PASSWORD}));
    for _ in 0..20 {
        login().await.expect_problem(503, "unavailable");
        node.goes_on().await;
    }
    // What only reads is served.
    until(async || node.app.get("/auth/me").bearer(&node.token).send().await.status == StatusCode::OK).await;
    node.post("/auth/refresh", json!({"refresh_token": node.refresh})).await.expect_problem(503, "unavailable");
    node.app.command("ALTER DATABASE {database} RESET default_transaction_read_only").await;
    node.app.hang_up().await;
    node.recovers().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn br_7_a_database_that_lets_nobody_in_is_503_until_it_does() {
    let node = Node::new("").await;
    node.app.command("ALTER DATABASE {database} ALLOW_CONNECTIONS false").await;
    node.app.hang_up().await;
    node.is_unavailable().await;
    node.goes_on().await;
    node.app.command("ALTER DATABASE {database} ALLOW_CONNECTIONS true").await;
    node.recovers().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn more_requests_than_connections_wait_their_turn() {
    let node = Node::new("&connections=2").await;
    let answers = join_all((0..64).map(|_| node.app.get("/auth/me").bearer(&node.token).send())).await;
    assert!(answers.iter().all(|answer| answer.status == StatusCode::OK));
    // Those, and one that listens.
    assert!(node.proxy.connections() <= 3, "{}", node.proxy.connections());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn requests_that_are_given_up_leave_no_connection_behind() {
    const CONNECTIONS: usize = 3;
    let node = Node::new("&connections=3").await;
    for _ in 0..3 {
        node.proxy.set(Network::Silent);
        let given_up = (0..40).map(|turn| {
            let node = &node;
            async move {
                let refresh = node.post("/auth/refresh", json!({"refresh_token": node.refresh}));
                let me = node.app.get("/auth/me").bearer(&node.token).send();
                // Long enough for some to have asked, and for others to be waiting for a connection.
                let patience = std::time::Duration::from_millis(turn * 5);
                let _ = tokio::time::timeout(patience, async { tokio::join!(refresh, me) }).await;
            }
        });
        join_all(given_up).await;
        node.proxy.set(Network::Whole);
        until(async || node.app.get("/auth/me").bearer(&node.token).send().await.status == StatusCode::OK).await;
    }
    // Each of them can be used: as many at once as there may be are held up, and no more are made.
    let mut rival = PgConnection::connect(node.app.db.url()).await.unwrap();
    let mut tx = rival.begin().await.unwrap();
    sqlx::raw_sql("LOCK TABLE users IN ACCESS EXCLUSIVE MODE").execute(&mut *tx).await.unwrap();
    let waiting =
        "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let asked = join_all((0..CONNECTIONS * 2).map(|_| node.app.get("/auth/me").bearer(&node.token).send()));
    let all_wait = async {
        let mut observer = PgConnection::connect(node.app.db.url()).await.unwrap();
        let mut count = 0;
        while count < i64::try_from(CONNECTIONS).unwrap() {
            count = sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut observer).await.unwrap();
        }
        tx.rollback().await.unwrap();
    };
    let (answers, ()) = tokio::join!(asked, all_wait);
    assert!(answers.iter().all(|answer| answer.status == StatusCode::OK));
}
