//! What one node changes PostgreSQL tells the others, and what becomes of it where that fails.

use std::{sync::mpsc, thread, time::Duration};

use axum::http::StatusCode;
use portcullis::{
    account::{Caller, Credentials},
    password::Password,
    session::Device,
};
use serde_json::json;
use tokio::{task, time};

use crate::{
    app::{PASSWORD, TestApp},
    cluster::until,
    db::TestDb,
    proxy::{Network, Proxy},
};

/// Longer than anything takes that happens at all, by the clock on the wall.
const PATIENCE: Duration = Duration::from_mins(1);

/// Ends every session of a user, which is a revocation.
async fn revoke(app: &TestApp, token: &str) {
    app.post("/auth/logout-all").bearer(token).json(&json!({})).send().await.expect(StatusCode::NO_CONTENT);
}

async fn is_refused(app: &TestApp, token: &str) {
    until(async || app.get("/auth/me").bearer(token).send().await.code() == "invalid_token").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn se_4_a_revocation_and_a_new_key_are_told_to_every_other_node() {
    let app = TestApp::new(TestDb::postgres().await).await;
    let token = app.user("ada").await;
    let mut elsewhere = app.db.another().await.notices();
    // The first ones come when it listens.
    elsewhere.revocations.given().await;
    elsewhere.signing_keys.given().await;
    revoke(&app, &token).await;
    elsewhere.revocations.given().await;
    app.portcullis.signing_keys().rotate_now().await.unwrap();
    elsewhere.signing_keys.given().await;
}

/// Does this while time stands still for every node, so that none of them looks into the database by itself.
async fn while_time_stands_still(act: impl Future<Output = ()>) {
    let (over, is_over) = mpsc::channel::<()>();
    time::pause();
    // Time that is paused leaps to the next timer once everyone waits, but for when a thread is at work.
    let watch = task::spawn_blocking(move || is_over.recv_timeout(PATIENCE));
    tokio::select! {
        () = act => drop(over),
        _ = watch => panic!("it has not come within {PATIENCE:?}"),
    }
}

/// Ends sessions of a user on one node, each when the other one knows of the one before.
async fn revocations_arrive(from: &TestApp, at: &TestApp, rounds: usize) {
    let (accounts, device) = (from.portcullis.accounts(), Device::default());
    for _ in 0..rounds {
        let credentials = Credentials::new("ada", Password::parse(PASSWORD).unwrap());
        let session = accounts.login(credentials, &device).await.unwrap().session;
        let (user, id) = (session.user.to_string(), session.id.to_string());
        let revoked = at.portcullis.revocations().revoked(&user, Some(&id), None);
        accounts.logout(Caller { user: session.user, session: Some(session.id) }, &device).await.unwrap();
        revoked.await;
    }
}

/// Makes signing keys on one node, each when the other one shows the one before.
async fn signing_keys_arrive(from: &TestApp, at: &TestApp, rounds: usize) {
    for _ in 0..rounds {
        let made = from.portcullis.signing_keys().rotate_now().await.unwrap().key;
        while !at.portcullis.public_jwk_set().to_string().contains(&made.kid) {
            task::spawn_blocking(|| thread::sleep(Duration::from_millis(5))).await.unwrap();
        }
    }
}

/// Two nodes, of which the second goes to the database by this URL, and a user.
async fn two_nodes(db: TestDb, url: &str) -> (TestApp, TestApp) {
    let app = TestApp::new(db).await;
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    let other = app.another_process_by(url).await;
    (app, other)
}

#[tokio::test]
async fn se_4_each_of_many_revocations_is_told_though_nobody_asks() {
    let db = TestDb::postgres().await;
    let url = db.by().to_owned();
    let (app, other) = two_nodes(db, &url).await;
    while_time_stands_still(revocations_arrive(&app, &other, 20)).await;
}

#[tokio::test]
async fn jwt_14_each_of_many_signing_keys_is_told_though_nobody_asks() {
    let db = TestDb::postgres().await;
    let url = db.by().to_owned();
    let (app, other) = two_nodes(db, &url).await;
    while_time_stands_still(signing_keys_arrive(&app, &other, 20)).await;
}

/// What one node changes arrives where nothing is told.
async fn arrives_all_the_same(db: TestDb, url: &str) {
    let (app, deaf) = two_nodes(db, url).await;
    let notices = format!("{:?}", deaf.db.store.notices());
    assert!(!notices.contains("true"), "{notices}");
    let arrive = async {
        revocations_arrive(&app, &deaf, 3).await;
        signing_keys_arrive(&app, &deaf, 3).await;
    };
    time::timeout(PATIENCE, arrive).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn se_4_without_notices_other_nodes_ask() {
    let db = TestDb::postgres().await;
    let parameters = if db.url().contains('?') { "&listen=off" } else { "?listen=off" };
    let url = format!("{}{parameters}", db.url());
    arrives_all_the_same(db, &url).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn se_4_through_a_pooler_other_nodes_ask() {
    let db = TestDb::pooled().await;
    let url = db.by().to_owned();
    arrives_all_the_same(db, &url).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn se_4_a_file_tells_nothing_and_is_asked() {
    let db = TestDb::sqlite().await;
    let url = db.by().to_owned();
    arrives_all_the_same(db, &url).await;
}

/// What is revoked while a node hears nothing it learns when it hears again, and later ones are told to it as before.
async fn is_told_again_after(network: Network) {
    let app = TestApp::new(TestDb::postgres().await).await;
    let proxy = Proxy::start().await;
    let url = proxy.url_of(app.db.url(), "");
    let other = app.another_process_by(&url).await;
    let mut notices = other.db.store.notices();
    notices.revocations.given().await;
    let (missed, later) = (app.user("ada").await, app.user("bob").await);
    for token in [&missed, &later] {
        other.get("/auth/me").bearer(token).send().await.expect(StatusCode::OK);
    }

    proxy.set(network);
    revoke(&app, &missed).await;
    other.get("/auth/me").bearer(&later).send().await.expect_problem(503, "unavailable");
    proxy.set(Network::Whole);
    is_refused(&other, &missed).await;
    notices.revocations.given().await;
    until(async || other.get("/auth/me").bearer(&later).send().await.status == StatusCode::OK).await;

    revoke(&app, &later).await;
    notices.revocations.given().await;
    is_refused(&other, &later).await;
    let again = app.token("ada", PASSWORD).await;
    until(async || other.get("/auth/me").bearer(&again).send().await.status == StatusCode::OK).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn se_4_what_was_missed_while_the_database_was_gone_is_read() {
    is_told_again_after(Network::Gone).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn se_4_what_was_missed_while_the_network_swallowed_everything_is_read() {
    is_told_again_after(Network::Silent).await;
}
