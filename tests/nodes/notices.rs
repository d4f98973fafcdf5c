//! What one node changes PostgreSQL tells the others, and what becomes of it where that fails.

use axum::http::StatusCode;
use serde_json::json;

use crate::{
    app::{PASSWORD, TestApp},
    cluster::until,
    db::TestDb,
    proxy::{Network, Proxy},
};

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

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn se_4_without_notices_other_nodes_ask() {
    let app = TestApp::new(TestDb::postgres().await).await;
    let parameters = if app.db.url().contains('?') { "&listen=off" } else { "?listen=off" };
    let deaf = app.another_process_by(&format!("{}{parameters}", app.db.url())).await;
    let token = app.user("ada").await;
    deaf.get("/auth/me").bearer(&token).send().await.expect(StatusCode::OK);
    revoke(&app, &token).await;
    is_refused(&deaf, &token).await;
}

#[tokio::test]
async fn se_4_a_file_tells_nothing_and_is_asked() {
    let app = TestApp::new(TestDb::sqlite().await).await;
    let other = app.another_process().await;
    let token = app.user("ada").await;
    revoke(&app, &token).await;
    is_refused(&other, &token).await;
    assert_eq!(format!("{:?}", other.db.store.notices().revocations), "Notice { comes: false }");
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
