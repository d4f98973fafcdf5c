//! Every flow, each step on another node than the one before.

use std::time::Duration;

use axum::{
    Router,
    http::{Method, StatusCode},
    routing::get,
};
use portcullis::{
    Scopes,
    access::{Role, RoleName},
    account::UserId,
    mail::MailKind,
    session::Device,
};
use serde_json::json;

use crate::{
    app::{Call, PASSWORD, TestApp},
    authenticator::{Authenticator, texts},
    both_and_pooled,
    cluster::{Cluster, text, until},
    db::TestDb,
};

both_and_pooled![
    a_login_in_two_steps_with_a_second_factor,
    a_refresh_and_a_refresh_token_that_comes_back,
    se_4_a_session_is_ended_and_all_of_them_are,
    rs_6_a_password_is_reset,
    ev_2_an_address_is_confirmed_changed_and_taken_back,
    an_authenticator_is_set_up_and_removed,
    a_password_that_must_be_changed_is,
    ak_2_a_key_is_made_used_and_deleted,
    az_5_a_role_is_taken_away,
    jwt_14_a_signing_key_is_rotated_and_retired,
    an_account_is_deleted,
];

const NEW: &str = "a quite different password";
const ADA: &str = "ada@example.com";

/// Sets an authenticator up and confirms it elsewhere.
async fn enrol(nodes: &Cluster, token: &str) -> (Authenticator, Vec<String>) {
    let setup = nodes.post_as(token, "/auth/totp/setup", &json!({})).await.expect(StatusCode::CREATED);
    let app = Authenticator::of(&text(&setup.body, "secret"));
    let confirm = json!({"code": app.code(&nodes.nodes[0])});
    let confirmed = nodes.post_as(token, "/auth/totp/confirm", &confirm).await.expect(StatusCode::OK);
    (app, texts(&confirmed.body["recovery_codes"]))
}

async fn a_login_in_two_steps_with_a_second_factor(db: TestDb) {
    let nodes = Cluster::of_three(db).await;
    let token = text(&nodes.user("ada").await, "access_token");
    let (app, codes) = enrol(&nodes, &token).await;
    for turn in 0..3 {
        let asked = nodes.login("ada", PASSWORD).await.expect_problem(403, "second_factor_required");
        let flow = text(&asked.body, "flow");
        let wrong = json!({"flow": flow, "two_fa_code": app.wrong_code(&nodes.nodes[0])});
        nodes.post("/auth/login/second-factor", &wrong).await.expect_problem(401, "invalid_second_factor");
        let right = match codes.get(turn).filter(|_| turn > 0) {
            Some(code) => json!({"flow": flow, "recovery_code": code}),
            None => json!({"flow": flow, "two_fa_code": app.next_code(&nodes.nodes[0])}),
        };
        let done = nodes.post("/auth/login/second-factor", &right).await.expect(StatusCode::OK);
        nodes.is_good_everywhere(&text(&done.body, "access_token")).await;
        let again = nodes.post("/auth/login/second-factor", &right).await;
        again.expect_problem(401, "flow_invalid");
    }
}

async fn a_refresh_and_a_refresh_token_that_comes_back(db: TestDb) {
    let nodes = Cluster::of_three(db).await;
    let mut login = nodes.user("ada").await;
    let first = text(&login, "refresh_token");
    for _ in 0..6 {
        nodes.nodes[0].advance(Duration::from_mins(2));
        let body = json!({"refresh_token": text(&login, "refresh_token")});
        login = nodes.post("/auth/refresh", &body).await.expect(StatusCode::OK).body;
        nodes.is_good_everywhere(&text(&login, "access_token")).await;
    }
    let stolen = json!({"refresh_token": first});
    nodes.post("/auth/refresh", &stolen).await.expect_problem(401, "refresh_invalid");
    nodes.is_refused_everywhere(&text(&login, "access_token")).await;
    let body = json!({"refresh_token": text(&login, "refresh_token")});
    nodes.post("/auth/refresh", &body).await.expect_problem(401, "refresh_invalid");
}

async fn se_4_a_session_is_ended_and_all_of_them_are(db: TestDb) {
    let nodes = Cluster::of_three(db).await;
    let one = text(&nodes.user("ada").await, "access_token");
    let others = [nodes.login("ada", PASSWORD).await.body, nodes.login("ada", PASSWORD).await.body];
    let others = others.map(|login| text(&login, "access_token"));
    nodes.post_as(&one, "/auth/logout", &json!({})).await.expect(StatusCode::NO_CONTENT);
    nodes.is_refused_everywhere(&one).await;
    nodes.is_good_everywhere(&others[0]).await;
    nodes.post_as(&others[0], "/auth/logout-all", &json!({})).await.expect(StatusCode::NO_CONTENT);
    for token in &others {
        nodes.is_refused_everywhere(token).await;
    }
    let again = nodes.login("ada", PASSWORD).await.expect(StatusCode::OK).body;
    nodes.is_good_everywhere(&text(&again, "access_token")).await;
}

async fn rs_6_a_password_is_reset(db: TestDb) {
    let nodes = Cluster::of_three(db).await;
    let before = text(&nodes.user("ada").await, "access_token");
    nodes.post("/auth/forgot-password", &json!({"email": ADA})).await.expect(StatusCode::ACCEPTED);
    let token = nodes.mailed(ADA, MailKind::ResetPassword).await;
    let body = json!({"token": token, "new_password": NEW});
    nodes.post("/auth/reset-password", &body).await.expect(StatusCode::NO_CONTENT);
    nodes.post("/auth/reset-password", &body).await.expect_problem(400, "token_invalid");
    nodes.is_refused_everywhere(&before).await;
    nodes.login("ada", PASSWORD).await.expect_problem(401, "invalid_credentials");
    nodes.login("ada", NEW).await.expect(StatusCode::OK);
}

async fn ev_2_an_address_is_confirmed_changed_and_taken_back(db: TestDb) {
    let nodes = Cluster::of_three(db).await;
    let token = text(&nodes.user("ada").await, "access_token");
    let verify = json!({"token": nodes.mailed(ADA, MailKind::VerifyEmail).await});
    nodes.post("/auth/verify-email", &verify).await.expect(StatusCode::OK);
    nodes.post("/auth/verify-email", &verify).await.expect_problem(400, "token_invalid");
    let change = json!({"new_email": "next@example.com"});
    nodes.post_as(&token, "/auth/change-email", &change).await.expect(StatusCode::ACCEPTED);
    let confirm = json!({"token": nodes.mailed("next@example.com", MailKind::ConfirmEmail).await});
    nodes.post("/auth/confirm-email", &confirm).await.expect(StatusCode::OK);
    nodes.login("next@example.com", PASSWORD).await.expect(StatusCode::OK);
    let undo = json!({"token": nodes.mailed(ADA, MailKind::EmailChanged).await});
    nodes.post("/auth/undo-email", &undo).await.expect(StatusCode::OK);
    nodes.post("/auth/undo-email", &undo).await.expect_problem(400, "token_invalid");
    nodes.is_refused_everywhere(&token).await;
}

async fn an_authenticator_is_set_up_and_removed(db: TestDb) {
    let nodes = Cluster::of_three(db).await;
    let token = text(&nodes.user("ada").await, "access_token");
    let (app, _) = enrol(&nodes, &token).await;
    let used = json!({"code": app.code(&nodes.nodes[0])});
    let flow = text(&nodes.login("ada", PASSWORD).await.expect_problem(403, "second_factor_required").body, "flow");
    let replayed = json!({"flow": flow, "two_fa_code": used["code"]});
    nodes.post("/auth/login/second-factor", &replayed).await.expect_problem(401, "invalid_second_factor");
    let right = json!({"flow": flow, "two_fa_code": app.next_code(&nodes.nodes[0])});
    let fresh = nodes.post("/auth/login/second-factor", &right).await.expect(StatusCode::OK);
    let code = json!({"code": app.next_code(&nodes.nodes[0])});
    let removed = nodes.post_as(&text(&fresh.body, "access_token"), "/auth/totp/disable", &code).await;
    removed.expect(StatusCode::NO_CONTENT);
    nodes.login("ada", PASSWORD).await.expect(StatusCode::OK);
}

async fn a_password_that_must_be_changed_is(db: TestDb) {
    let nodes = Cluster::of_three(db).await;
    nodes.user("ada").await;
    nodes.nodes[0].db.must_change_password("ada").await;
    let asked = nodes.login("ada", PASSWORD).await.expect_problem(403, "password_change_required");
    let body = json!({"flow": text(&asked.body, "flow"), "new_password": NEW});
    let done = nodes.post("/auth/login/new-password", &body).await.expect(StatusCode::OK);
    nodes.is_good_everywhere(&text(&done.body, "access_token")).await;
    nodes.post("/auth/login/new-password", &body).await.expect_problem(401, "flow_invalid");
    nodes.login("ada", NEW).await.expect(StatusCode::OK);
}

/// Lets a user read notes, by a role.
async fn make_reader(nodes: &Cluster, user: UserId) {
    let accounts = |place: usize| nodes.nodes[place].portcullis.accounts();
    let role = Role { name: RoleName::parse("reader").unwrap(), scopes: Scopes::parse("notes:read") };
    accounts(0).set_role(role, &Device::default()).await.unwrap();
    accounts(1).set_user_roles(user, vec![RoleName::parse("reader").unwrap()], &Device::default()).await.unwrap();
}

/// What a service behind the guard of this node answers to a key, which that looks up once.
async fn notes(node: &TestApp, key: &str) -> StatusCode {
    let service = node.guarding(Router::new().route("/notes", get(async || "notes")));
    Call::new(&service, Method::GET, "/notes").bearer(key).send().await.status
}

async fn ak_2_a_key_is_made_used_and_deleted(db: TestDb) {
    let nodes = Cluster::of_three(db).await;
    let user = nodes.user_id("ada").await;
    make_reader(&nodes, user).await;
    let token = text(&nodes.login("ada", PASSWORD).await.expect(StatusCode::OK).body, "access_token");
    let body = json!({"name": "backup", "scopes": ["notes:read"]});
    let made = nodes.post_as(&token, "/auth/api-keys", &body).await.expect(StatusCode::CREATED).body;
    let key = text(&made, "key");
    for node in &nodes.nodes {
        let access = node.portcullis.accounts().api_access(&key).await.unwrap().unwrap();
        assert_eq!((access.user.id, access.scopes), (user, Scopes::parse("notes:read")));
        assert_eq!(notes(node, &key).await, StatusCode::OK);
    }
    let path = format!("/auth/api-keys/{}", text(&made, "id"));
    nodes.delete_as(&token, &path, &json!({})).await.expect(StatusCode::NO_CONTENT);
    for node in &nodes.nodes {
        until(async || notes(node, &key).await == StatusCode::UNAUTHORIZED).await;
    }
}

async fn az_5_a_role_is_taken_away(db: TestDb) {
    let nodes = Cluster::of_three(db).await;
    let user = nodes.user_id("ada").await;
    make_reader(&nodes, user).await;
    let token = text(&nodes.login("ada", PASSWORD).await.expect(StatusCode::OK).body, "access_token");
    nodes.is_good_everywhere(&token).await;
    nodes.nodes[2].portcullis.accounts().set_user_roles(user, Vec::new(), &Device::default()).await.unwrap();
    nodes.is_refused_everywhere(&token).await;
}

async fn jwt_14_a_signing_key_is_rotated_and_retired(db: TestDb) {
    let nodes = Cluster::of_three(db).await;
    let old = text(&nodes.user("ada").await, "access_token");
    let keys = nodes.nodes[0].portcullis.signing_keys();
    let first = keys.list().await.unwrap()[0].kid.clone();
    keys.rotate_now().await.unwrap();
    let new = nodes.nodes[0].token("ada", PASSWORD).await;
    // A key that a node has not heard of is looked for before its token is refused.
    nodes.is_good_everywhere(&new).await;
    nodes.is_good_everywhere(&old).await;
    nodes.nodes[1].portcullis.signing_keys().retire(&first).await.unwrap();
    nodes.is_refused_everywhere(&old).await;
    nodes.is_good_everywhere(&new).await;
    for node in &nodes.nodes {
        until(async || node.portcullis.public_jwk_set()["keys"].as_array().unwrap().len() == 1).await;
    }
}

async fn an_account_is_deleted(db: TestDb) {
    let nodes = Cluster::of_three(db).await;
    let token = text(&nodes.user("ada").await, "access_token");
    let gone = nodes.next().request(Method::DELETE, "/auth/me").bearer(&token).send().await;
    gone.expect(StatusCode::NO_CONTENT);
    nodes.is_refused_everywhere(&token).await;
    nodes.login("ada", PASSWORD).await.expect_problem(401, "invalid_credentials");
    let body = json!({"username": "ada", "email": "other@example.com", "password": PASSWORD});
    nodes.post("/auth/register", &body).await.expect_problem(409, "username_taken");
}
