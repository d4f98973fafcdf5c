//! Passkeys and security keys: each challenge is put by one node, and its answer read by another.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use portcullis::testing::SoftAuthenticator;
use serde_json::{Value, json};

use crate::{
    app::{Answer, PASSWORD},
    authenticator::texts,
    both_and_pooled,
    cluster::{Cluster, text},
    db::TestDb,
};

both_and_pooled![
    a_passkey_is_added_and_logs_in,
    an_account_is_made_with_a_passkey,
    a_security_key_is_added_and_is_the_second_factor,
    wa_13_a_key_shows_again_who_one_is,
    a_key_has_another_name_and_is_removed,
];

fn authenticator() -> SoftAuthenticator {
    SoftAuthenticator::at("https://id.example").unwrap()
}

const ADD: &str = "/auth/webauthn/register/finish";

/// Begins to add a key to an account; answers what finishes it.
async fn begin_to_add(nodes: &Cluster, token: &str, kind: &str, keys: &mut SoftAuthenticator) -> Value {
    let start = nodes.post_as(token, "/auth/webauthn/register/start", &json!({"kind": kind})).await;
    let start = start.expect(StatusCode::OK).body;
    let response = keys.register(&start["options"]).await.unwrap();
    json!({"flow": start["flow"], "webauthn_response": response, "name": "my phone"})
}

/// Adds a key to an account; answers what that was answered.
async fn add(nodes: &Cluster, token: &str, kind: &str, keys: &mut SoftAuthenticator) -> Value {
    let body = begin_to_add(nodes, token, kind, keys).await;
    nodes.post_as(token, ADD, &body).await.expect(StatusCode::CREATED).body
}

async fn begin(nodes: &Cluster) -> Value {
    nodes.post("/auth/login/passkey/start", &json!({})).await.expect(StatusCode::OK).body
}

async fn finish(nodes: &Cluster, start: &Value, response: &Value) -> Answer {
    let body = json!({"flow": start["flow"], "webauthn_response": response});
    nodes.post("/auth/login/passkey/finish", &body).await
}

/// Logs in with a passkey; answers the access token.
async fn log_in(nodes: &Cluster, keys: &mut SoftAuthenticator) -> String {
    let start = begin(nodes).await;
    let response = keys.authenticate(&start["options"]).await.unwrap();
    let done = finish(nodes, &start, &response).await.expect(StatusCode::OK);
    text(&done.body, "access_token")
}

async fn a_passkey_is_added_and_logs_in(db: TestDb) {
    let nodes = Cluster::of_three(db).await;
    let token = text(&nodes.user("ada").await, "access_token");
    let mut phone = authenticator();
    let added = add(&nodes, &token, "passkey", &mut phone).await;
    assert_eq!(texts(&added["recovery_codes"]).len(), 10);

    let start = begin(&nodes).await;
    let response = phone.authenticate(&start["options"]).await.unwrap();
    let done = finish(&nodes, &start, &response).await.expect(StatusCode::OK);
    nodes.is_good_everywhere(&text(&done.body, "access_token")).await;
    // On whichever node it is answered once more.
    for _ in &nodes.nodes {
        finish(&nodes, &start, &response).await.expect_problem(401, "flow_invalid");
    }
    // One that was answered wrongly is gone as well.
    let start = begin(&nodes).await;
    let right = phone.authenticate(&start["options"]).await.unwrap();
    finish(&nodes, &start, &response).await.expect_problem(401, "invalid_credentials");
    for _ in &nodes.nodes {
        finish(&nodes, &start, &right).await.expect_problem(401, "flow_invalid");
    }
    // And so is that of a registration.
    let token = log_in(&nodes, &mut phone).await;
    let body = begin_to_add(&nodes, &token, "passkey", &mut authenticator()).await;
    nodes.post_as(&token, ADD, &body).await.expect(StatusCode::CREATED);
    for _ in &nodes.nodes {
        nodes.post_as(&token, ADD, &body).await.expect_problem(401, "flow_invalid");
    }
}

async fn an_account_is_made_with_a_passkey(db: TestDb) {
    let nodes = Cluster::with(db, |config| config.passkey_registration = true).await;
    let mut phone = authenticator();
    let who = json!({"username": "ada", "email": "ada@example.com"});
    let start = nodes.post("/auth/register/passkey/start", &who).await.expect(StatusCode::OK).body;
    let response = phone.register(&start["options"]).await.unwrap();
    let body = json!({"flow": start["flow"], "webauthn_response": response});
    let made = nodes.post("/auth/register/passkey/finish", &body).await.expect(StatusCode::OK).body;
    nodes.is_good_everywhere(&text(&made, "access_token")).await;
    nodes.post("/auth/register/passkey/finish", &body).await.expect_problem(401, "flow_invalid");
    nodes.post("/auth/register/passkey/start", &who).await.expect_problem(409, "username_taken");
    let token = log_in(&nodes, &mut phone).await;
    nodes.is_good_everywhere(&token).await;
}

async fn a_security_key_is_added_and_is_the_second_factor(db: TestDb) {
    let nodes = Cluster::of_three(db).await;
    let token = text(&nodes.user("ada").await, "access_token");
    let mut key = authenticator();
    add(&nodes, &token, "security_key", &mut key).await;

    let asked = nodes.login("ada", PASSWORD).await.expect_problem(403, "second_factor_required").body;
    let flow = text(&asked, "flow");
    let first = key.authenticate(&asked["webauthn_options"]).await.unwrap();
    // A wrong code takes the challenge along; the new one that it brings is good wherever it is answered.
    let wrong = json!({"flow": flow, "two_fa_code": "000000"});
    let asked = nodes.post("/auth/login/second-factor", &wrong).await.expect_problem(401, "invalid_second_factor").body;
    let second = key.authenticate(&asked["webauthn_options"]).await.unwrap();
    let late = json!({"flow": flow, "webauthn_response": first});
    let asked = nodes.post("/auth/login/second-factor", &late).await.expect_problem(401, "invalid_second_factor").body;
    let late = json!({"flow": flow, "webauthn_response": second});
    let asked_again = nodes.post("/auth/login/second-factor", &late).await;
    let asked_again = asked_again.expect_problem(401, "invalid_second_factor").body;
    assert_ne!(asked_again["webauthn_options"]["challenge"], asked["webauthn_options"]["challenge"]);
    let right = json!({
        "flow": flow, "webauthn_response": key.authenticate(&asked_again["webauthn_options"]).await.unwrap(),
    });
    let done = nodes.post("/auth/login/second-factor", &right).await.expect(StatusCode::OK);
    nodes.is_good_everywhere(&text(&done.body, "access_token")).await;
    nodes.post("/auth/login/second-factor", &right).await.expect_problem(401, "flow_invalid");

    // All in one call, with what another node has asked for.
    let asked = nodes.login("ada", PASSWORD).await.expect_problem(403, "second_factor_required").body;
    let response = key.authenticate(&asked["webauthn_options"]).await.unwrap();
    let body = json!({"name": "ada", "password": PASSWORD, "flow": asked["flow"], "webauthn_response": response});
    let done = nodes.post("/auth/login", &body).await.expect(StatusCode::OK);
    nodes.is_good_everywhere(&text(&done.body, "access_token")).await;
}

async fn wa_13_a_key_shows_again_who_one_is(db: TestDb) {
    let nodes = Cluster::of_three(db).await;
    let token = text(&nodes.user("ada").await, "access_token");
    let mut phone = authenticator();
    add(&nodes, &token, "passkey", &mut phone).await;
    let before = log_in(&nodes, &mut phone).await;
    nodes.nodes[0].advance(Duration::from_mins(11));
    let stale = nodes.post_as(&before, "/auth/recovery-codes", &json!({})).await;
    stale.expect_problem(401, "insufficient_user_authentication");

    let start = nodes.post_as(&before, "/auth/reauthenticate/start", &json!({})).await.expect(StatusCode::OK).body;
    let response = phone.authenticate(&start["webauthn_options"]).await.unwrap();
    let body = json!({"flow": start["flow"], "webauthn_response": response});
    let done = nodes.post_as(&before, "/auth/reauthenticate", &body).await.expect(StatusCode::OK).body;
    let after = text(&done, "access_token");
    nodes.is_good_everywhere(&after).await;
    nodes.is_refused_everywhere(&before).await;
    let refused = nodes.post_as(&after, "/auth/reauthenticate", &body).await;
    assert_eq!(refused.field_errors(), ["webauthn_response: invalid_response"]);
    nodes.post_as(&after, "/auth/recovery-codes", &json!({})).await.expect(StatusCode::OK);
}

async fn a_key_has_another_name_and_is_removed(db: TestDb) {
    let nodes = Cluster::of_three(db).await;
    let token = text(&nodes.user("ada").await, "access_token");
    let mut phone = authenticator();
    let id = text(&add(&nodes, &token, "passkey", &mut phone).await, "id");
    let token = log_in(&nodes, &mut phone).await;
    let path = format!("/auth/webauthn/credentials/{id}");
    nodes.patch_as(&token, &path, &json!({"name": "old phone"})).await.expect(StatusCode::OK);
    let list = nodes.get_as(&token, "/auth/webauthn/credentials").await.expect(StatusCode::OK).body;
    assert_eq!(list["items"][0]["name"], "old phone");

    let start = begin(&nodes).await;
    let response = phone.authenticate(&start["options"]).await.unwrap();
    nodes.delete_as(&token, &path, &json!({})).await.expect(StatusCode::NO_CONTENT);
    finish(&nodes, &start, &response).await.expect_problem(401, "invalid_credentials");
    for node in &nodes.nodes {
        let removed = node.request(Method::DELETE, &path).bearer(&token).send().await;
        removed.expect_problem(404, "not_found");
    }
    nodes.login("ada", PASSWORD).await.expect(StatusCode::OK);
}
