//! What people do with their own accounts, each step on another node than the one before.

use std::time::Duration;

use axum::http::StatusCode;
use portcullis::{config::SecondFactorPolicy, mail::MailKind};
use serde_json::{Value, json};

use crate::{
    app::PASSWORD,
    authenticator::{Authenticator, texts},
    both_and_pooled,
    cluster::{Cluster, text, until},
    db::TestDb,
};

both_and_pooled![
    se_2_a_password_shows_again_who_one_is,
    se_2_a_password_and_a_code_do_where_there_is_a_second_factor,
    a_login_that_must_enrol_is_finished_by_that,
    rc_2_recovery_codes_are_replaced,
    lg_7_a_password_is_changed,
    ev_2_an_address_is_confirmed_by_its_code,
    ak_2_a_key_is_replaced,
];

const NEW: &str = "a quite different password";
const ADA: &str = "ada@example.com";

/// The app into which the secret was typed that this set-up shows.
async fn set_up(nodes: &Cluster, token: &str) -> Authenticator {
    let setup = nodes.post_as(token, "/auth/totp/setup", &json!({})).await.expect(StatusCode::CREATED);
    Authenticator::of(&text(&setup.body, "secret"))
}

/// Sets an authenticator up; answers it and the recovery codes.
async fn enrol(nodes: &Cluster, token: &str) -> (Authenticator, Vec<String>) {
    let app = set_up(nodes, token).await;
    let code = json!({"code": app.code(&nodes.nodes[0])});
    let confirmed = nodes.post_as(token, "/auth/totp/confirm", &code).await.expect(StatusCode::OK);
    (app, texts(&confirmed.body["recovery_codes"]))
}

async fn log_in_with(nodes: &Cluster, field: &str, code: &str) -> Value {
    let asked = nodes.login("ada", PASSWORD).await.expect_problem(403, "second_factor_required").body;
    let body = json!({"flow": asked["flow"], field: code});
    nodes.post("/auth/login/second-factor", &body).await.expect(StatusCode::OK).body
}

async fn se_2_a_password_shows_again_who_one_is(db: TestDb) {
    let nodes = Cluster::of_three(db).await;
    let before = nodes.user("ada").await;
    let token = text(&before, "access_token");
    nodes.nodes[0].advance(Duration::from_mins(11));
    let change = json!({"new_email": "next@example.com"});
    let stale = nodes.post_as(&token, "/auth/change-email", &change).await;
    stale.expect_problem(401, "insufficient_user_authentication");
    let wrong = nodes.post_as(&token, "/auth/reauthenticate", &json!({"password": "not the password"})).await;
    wrong.expect_problem(403, "invalid_password");
    let done = nodes.post_as(&token, "/auth/reauthenticate", &json!({"password": PASSWORD})).await;
    let after = done.expect(StatusCode::OK).body;
    nodes.is_good_everywhere(&text(&after, "access_token")).await;
    nodes.is_refused_everywhere(&token).await;
    let old = json!({"refresh_token": before["refresh_token"]});
    nodes.post("/auth/refresh", &old).await.expect_problem(401, "refresh_invalid");
    let fresh = text(&nodes.refreshed(&after).await, "access_token");
    nodes.post_as(&fresh, "/auth/change-email", &change).await.expect(StatusCode::ACCEPTED);
}

async fn se_2_a_password_and_a_code_do_where_there_is_a_second_factor(db: TestDb) {
    let nodes = Cluster::of_three(db).await;
    let (app, _) = enrol(&nodes, &text(&nodes.user("ada").await, "access_token")).await;
    let code = app.next_code(&nodes.nodes[0]);
    let token = text(&log_in_with(&nodes, "two_fa_code", &code).await, "access_token");
    let alone = nodes.post_as(&token, "/auth/reauthenticate", &json!({"password": PASSWORD})).await;
    alone.expect_problem(403, "second_factor_required");
    // The code of the login was used on another node.
    let used = json!({"password": PASSWORD, "two_fa_code": code});
    let refused = nodes.post_as(&token, "/auth/reauthenticate", &used).await.expect_problem(422, "invalid_fields");
    assert_eq!(refused.field_errors(), ["two_fa_code: invalid_code"]);
    let right = json!({"password": PASSWORD, "two_fa_code": app.next_code(&nodes.nodes[0])});
    let done = nodes.post_as(&token, "/auth/reauthenticate", &right).await.expect(StatusCode::OK);
    nodes.is_good_everywhere(&text(&done.body, "access_token")).await;
    nodes.is_refused_everywhere(&token).await;
}

async fn a_login_that_must_enrol_is_finished_by_that(db: TestDb) {
    let nodes = Cluster::with(db, |config| config.second_factor = SecondFactorPolicy::All).await;
    let body = json!({"username": "ada", "email": ADA, "password": PASSWORD});
    nodes.post("/auth/register", &body).await.expect(StatusCode::CREATED);
    let asked = nodes.login("ada", PASSWORD).await.expect_problem(403, "second_factor_enrolment_required").body;
    let flow = json!({"flow": asked["flow"]});
    let setup = nodes.post("/auth/totp/setup", &flow).await.expect(StatusCode::CREATED);
    let app = Authenticator::of(&text(&setup.body, "secret"));
    let confirm = |code: String| json!({"flow": asked["flow"], "code": code});
    let wrong = confirm(app.wrong_code(&nodes.nodes[0]));
    nodes.post("/auth/totp/confirm", &wrong).await.expect_problem(422, "invalid_fields");
    let right = confirm(app.code(&nodes.nodes[0]));
    let done = nodes.post("/auth/totp/confirm", &right).await.expect(StatusCode::OK).body;
    assert_eq!(texts(&done["recovery_codes"]).len(), 10);
    nodes.is_good_everywhere(&text(&done, "access_token")).await;
    for _ in &nodes.nodes {
        let late = confirm(app.next_code(&nodes.nodes[0]));
        nodes.post("/auth/totp/confirm", &late).await.expect_problem(401, "flow_invalid");
    }
    log_in_with(&nodes, "two_fa_code", &app.next_code(&nodes.nodes[0])).await;
}

async fn rc_2_recovery_codes_are_replaced(db: TestDb) {
    let nodes = Cluster::of_three(db).await;
    let (_, old) = enrol(&nodes, &text(&nodes.user("ada").await, "access_token")).await;
    let token = text(&log_in_with(&nodes, "recovery_code", &old[0]).await, "access_token");
    let remaining = async || {
        let left = nodes.get_as(&token, "/auth/recovery-codes").await.expect(StatusCode::OK);
        left.body["remaining"].as_i64().unwrap()
    };
    assert_eq!(remaining().await, 9);
    let made = nodes.post_as(&token, "/auth/recovery-codes", &json!({})).await.expect(StatusCode::OK);
    let new = texts(&made.body["recovery_codes"]);
    assert_eq!((new.len(), remaining().await), (10, 10));
    let asked = nodes.login("ada", PASSWORD).await.expect_problem(403, "second_factor_required").body;
    let with = |code: &str| json!({"flow": asked["flow"], "recovery_code": code});
    nodes.post("/auth/login/second-factor", &with(&old[1])).await.expect_problem(401, "invalid_second_factor");
    nodes.post("/auth/login/second-factor", &with(&new[0])).await.expect(StatusCode::OK);
    assert_eq!(remaining().await, 9);
}

async fn lg_7_a_password_is_changed(db: TestDb) {
    let nodes = Cluster::of_three(db).await;
    let this = text(&nodes.user("ada").await, "access_token");
    let other = nodes.login("ada", PASSWORD).await.expect(StatusCode::OK).body;
    let body = |old: &str| json!({"old_password": old, "new_password": NEW});
    let wrong = nodes.post_as(&this, "/auth/change-password", &body("not the password")).await;
    wrong.expect_problem(403, "invalid_password");
    nodes.post_as(&this, "/auth/change-password", &body(PASSWORD)).await.expect(StatusCode::NO_CONTENT);
    nodes.is_refused_everywhere(&text(&other, "access_token")).await;
    let refresh = json!({"refresh_token": other["refresh_token"]});
    nodes.post("/auth/refresh", &refresh).await.expect_problem(401, "refresh_invalid");
    nodes.is_good_everywhere(&this).await;
    nodes.login("ada", PASSWORD).await.expect_problem(401, "invalid_credentials");
    let after = nodes.login("ada", NEW).await.expect(StatusCode::OK).body;
    nodes.is_good_everywhere(&text(&after, "access_token")).await;
}

async fn ev_2_an_address_is_confirmed_by_its_code(db: TestDb) {
    let nodes = Cluster::with(db, |config| config.require_verified_email = true).await;
    let body = json!({"username": "ada", "email": ADA, "password": PASSWORD});
    nodes.post("/auth/register", &body).await.expect(StatusCode::CREATED);
    nodes.login("ada", PASSWORD).await.expect_problem(401, "invalid_credentials");
    let code = nodes.mail(ADA, MailKind::VerifyEmail).await.code().unwrap().to_owned();
    let wrong = if code == "00000000" { "00000001" } else { "00000000" };
    let with = |code: &str| json!({"email": ADA, "code": code});
    nodes.post("/auth/verify-email", &with(wrong)).await.expect_problem(400, "token_invalid");
    nodes.post("/auth/verify-email", &with(&code)).await.expect(StatusCode::OK);
    for _ in &nodes.nodes {
        nodes.post("/auth/verify-email", &with(&code)).await.expect_problem(400, "token_invalid");
        nodes.login("ada", PASSWORD).await.expect(StatusCode::OK);
    }
}

async fn ak_2_a_key_is_replaced(db: TestDb) {
    let nodes = Cluster::of_three(db).await;
    let token = nodes.administrator("root1").await;
    let body = json!({"name": "backup", "scopes": ["users:read"], "expires_in": 30 * 24 * 3600});
    let old = nodes.post_as(&token, "/auth/api-keys", &body).await.expect(StatusCode::CREATED).body;
    let users = async |key: &Value| nodes.statuses(&text(key, "key"), "/auth/admin/users").await;
    assert_eq!(users(&old).await, [200; 3]);
    let path = format!("/auth/api-keys/{}/rotate", text(&old, "id"));
    let new = nodes.post_as(&token, &path, &json!({"overlap": 3600})).await.expect(StatusCode::CREATED).body;
    // For an hour both are good, whether a node has met the old one or not.
    assert_eq!((users(&old).await, users(&new).await), (vec![200; 3], vec![200; 3]));
    nodes.nodes[0].advance(Duration::from_hours(1));
    until(async || users(&old).await == [401; 3]).await;
    assert_eq!(users(&new).await, [200; 3]);
}
