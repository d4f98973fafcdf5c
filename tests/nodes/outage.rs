//! The database is slow, gone, read-only or full: what needs it is 503 and comes back by itself, what does not goes on.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use futures_util::future::join_all;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use uuid::Uuid;

use crate::{
    app::{Call, PASSWORD},
    cluster::until,
    node::Node,
    proxy::Network,
};

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
async fn br_7_a_database_that_is_slow_is_waited_for_or_503_and_known_tokens_go_on() {
    let node = Node::new("").await;
    // Many times as slow as the network between two houses: everything is done, and takes its time.
    node.proxy.set(Network::Slow(Duration::from_millis(20)));
    let login = || node.post("/auth/login", json!({"name": "ada", "password": PASSWORD}));
    tokio::join!(login(), node.goes_on()).0.expect(StatusCode::OK);

    // So slow that some of it takes longer than anything is waited for.
    node.proxy.set(Network::Slow(Duration::from_secs(2)));
    let user = json!({"username": "bob", "email": "bob@example.com", "password": PASSWORD});
    let (login, unknown, register, refresh, forgot, key, ()) = tokio::join!(
        login(),
        node.post("/auth/login", json!({"name": "nobody", "password": PASSWORD})),
        node.post("/auth/register", user),
        node.post("/auth/refresh", json!({"refresh_token": node.refresh})),
        node.post("/auth/forgot-password", json!({"email": "ada@example.com"})),
        Call::new(&node.service, Method::GET, "/drafts").bearer(&node.unknown_key).send(),
        node.goes_on(),
    );
    for (done, answer) in [(200, login), (401, unknown), (201, register), (200, refresh), (202, forgot), (200, key)] {
        if answer.status != done {
            assert_eq!(answer.status, 503, "{answer:?}");
            assert!(answer.header("retry-after").parse::<u64>().unwrap() > 0, "{answer:?}");
        }
    }
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
    // Nobody closes the connections that were made meanwhile, and they stay as they are: only new ones take writes. Each
    // that is found out makes way for one of those.
    node.app.command("ALTER DATABASE {database} RESET default_transaction_read_only").await;
    let (store, now) = (&node.app.db.store, node.app.now());
    until(async || {
        let writes = (0..64).map(|_| store.put_off_mail(Uuid::nil(), 0, now));
        join_all(writes).await.iter().all(Result::is_ok)
    })
    .await;
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
                let patience = Duration::from_millis(turn * 5);
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
