//! What those do who run the service, each step on another node than the one before.

use axum::{
    Router,
    http::{Method, StatusCode},
    routing::get,
};
use portcullis::{
    axum::GuardedRouter,
    guard::{Level, RouteRule},
    mail::MailKind,
};
use serde_json::{Value, json};

use crate::{
    app::{Call, PASSWORD, TestApp},
    authenticator::Authenticator,
    both_and_pooled,
    cluster::{Cluster, text, until},
    db::TestDb,
};

both_and_pooled![
    az_5_the_scopes_of_a_role_are_changed,
    az_2_someone_is_let_in_to_a_resource_and_out_again,
    someone_is_invited,
    someone_waits_and_is_let_in,
    a_password_is_reset_by_an_administrator,
    an_account_is_shut_opened_and_deleted,
    the_first_administrator_is_made,
];

const NEW: &str = "a quite different password";
const ADA: &str = "ada@example.com";
const USERS: &str = "/auth/admin/users";

async fn az_5_the_scopes_of_a_role_are_changed(db: TestDb) {
    let nodes = Cluster::of_three(db).await;
    let root = nodes.administrator("root1").await;
    let ada = nodes.user_id("ada").await;
    let role = "/auth/admin/roles/helper";
    nodes.put_as(&root, role, &json!({"scopes": ["users:read"]})).await.expect(StatusCode::OK);
    let roles = format!("{USERS}/{ada}/roles");
    nodes.put_as(&root, &roles, &json!({"roles": ["helper"]})).await.expect(StatusCode::OK);

    let tokens = nodes.login("ada", PASSWORD).await.expect(StatusCode::OK).body;
    let token = text(&tokens, "access_token");
    let may = async |token: &str| {
        let events = nodes.statuses(token, "/auth/admin/events").await;
        (nodes.statuses(token, USERS).await, events)
    };
    assert_eq!(may(&token).await, (vec![200; 3], vec![403; 3]));
    nodes.put_as(&root, role, &json!({"scopes": ["events:read"]})).await.expect(StatusCode::OK);
    nodes.is_refused_everywhere(&token).await;
    let tokens = nodes.refreshed(&tokens).await;
    let token = text(&tokens, "access_token");
    assert_eq!(may(&token).await, (vec![403; 3], vec![200; 3]));
    nodes.delete_as(&root, role, &json!({})).await.expect(StatusCode::NO_CONTENT);
    nodes.is_refused_everywhere(&token).await;
    let token = text(&nodes.refreshed(&tokens).await, "access_token");
    assert_eq!(may(&token).await, (vec![403; 3], vec![403; 3]));
}

/// A service behind the guard of this node that asks for members.
fn lists(node: &TestApp) -> Router {
    let lists = GuardedRouter::new().route(
        "/lists/{id}",
        get(async || "shown"),
        RouteRule::member("list", "id", Level::Member),
    );
    lists.guard(node.portcullis.guard()).into_router()
}

async fn az_2_someone_is_let_in_to_a_resource_and_out_again(db: TestDb) {
    let nodes = Cluster::of_three(db).await;
    let root = nodes.administrator("root1").await;
    let tokens = nodes.user("ada").await;
    let shown = async |tokens: &Value| {
        let mut statuses = Vec::new();
        for node in &nodes.nodes {
            let lists = lists(node);
            let call = Call::new(&lists, Method::GET, "/lists/42").bearer(&text(tokens, "access_token"));
            statuses.push(call.send().await.status.as_u16());
        }
        statuses
    };
    assert_eq!(shown(&tokens).await, [403; 3]);
    let path = format!("/auth/admin/memberships/list/42/{}", text(&tokens["user"], "id"));
    nodes.put_as(&root, &path, &json!({"level": "manager"})).await.expect(StatusCode::NO_CONTENT);
    until(async || shown(&tokens).await == [401; 3]).await;
    let tokens = nodes.refreshed(&tokens).await;
    assert_eq!(shown(&tokens).await, [200; 3]);
    nodes.delete_as(&root, &path, &json!({})).await.expect(StatusCode::NO_CONTENT);
    until(async || shown(&tokens).await == [401; 3]).await;
    let tokens = nodes.refreshed(&tokens).await;
    assert_eq!(shown(&tokens).await, [403; 3]);
}

async fn someone_is_invited(db: TestDb) {
    let nodes = Cluster::with(db, |config| config.registration = "closed".parse().unwrap()).await;
    let root = nodes.administrator("root1").await;
    let body = json!({"username": "ada", "email": ADA, "name": "Ada", "roles": ["admin"]});
    nodes.post_as(&root, USERS, &body).await.expect(StatusCode::CREATED);
    nodes.login("ada", PASSWORD).await.expect_problem(401, "invalid_credentials");
    let body = json!({"token": nodes.mailed(ADA, MailKind::Invitation).await, "new_password": NEW});
    nodes.post("/auth/reset-password", &body).await.expect(StatusCode::NO_CONTENT);
    for _ in &nodes.nodes {
        nodes.post("/auth/reset-password", &body).await.expect_problem(400, "token_invalid");
    }
    let token = text(&nodes.login("ada", NEW).await.expect(StatusCode::OK).body, "access_token");
    assert_eq!(nodes.statuses(&token, USERS).await, [200; 3]);
}

async fn someone_waits_and_is_let_in(db: TestDb) {
    let nodes = Cluster::with(db, |config| config.registration = "approval".parse().unwrap()).await;
    let root = nodes.administrator("root1").await;
    let body = json!({"username": "ada", "email": ADA, "password": PASSWORD});
    nodes.post("/auth/register", &body).await.expect(StatusCode::CREATED);
    nodes.login("ada", PASSWORD).await.expect_problem(401, "invalid_credentials");
    let waiting = nodes.get_as(&root, "/auth/admin/users?state=pending").await.expect(StatusCode::OK).body;
    let path = format!("{USERS}/{}", text(&waiting["items"][0], "id"));
    nodes.patch_as(&root, &path, &json!({"disabled": false})).await.expect(StatusCode::OK);
    let token = text(&nodes.login("ada", PASSWORD).await.expect(StatusCode::OK).body, "access_token");
    nodes.is_good_everywhere(&token).await;
    nodes.mailed(ADA, MailKind::VerifyEmail).await;
}

async fn a_password_is_reset_by_an_administrator(db: TestDb) {
    let nodes = Cluster::of_three(db).await;
    let root = nodes.administrator("root1").await;
    let tokens = nodes.user("ada").await;
    let token = text(&tokens, "access_token");
    let setup = nodes.post_as(&token, "/auth/totp/setup", &json!({})).await.expect(StatusCode::CREATED);
    let app = Authenticator::of(&text(&setup.body, "secret"));
    let code = json!({"code": app.code(&nodes.nodes[0])});
    nodes.post_as(&token, "/auth/totp/confirm", &code).await.expect(StatusCode::OK);
    let asked = nodes.login("ada", PASSWORD).await.expect_problem(403, "second_factor_required").body;

    let path = format!("{USERS}/{}/reset-password", text(&tokens["user"], "id"));
    nodes.post_as(&root, &path, &json!({"new_password": NEW})).await.expect(StatusCode::NO_CONTENT);
    nodes.is_refused_everywhere(&token).await;
    let refresh = json!({"refresh_token": tokens["refresh_token"]});
    nodes.post("/auth/refresh", &refresh).await.expect_problem(401, "refresh_invalid");
    nodes.login("ada", PASSWORD).await.expect_problem(401, "invalid_credentials");
    // A login that was half done on another node is over.
    let half = json!({"flow": asked["flow"], "two_fa_code": app.next_code(&nodes.nodes[0])});
    nodes.post("/auth/login/second-factor", &half).await.expect_problem(401, "flow_invalid");
    let asked = nodes.login("ada", NEW).await.expect_problem(403, "password_change_required").body;
    let body = json!({"flow": asked["flow"], "new_password": "yet another password"});
    let done = nodes.post("/auth/login/new-password", &body).await.expect(StatusCode::OK).body;
    nodes.is_good_everywhere(&text(&done, "access_token")).await;
    nodes.login("ada", NEW).await.expect_problem(401, "invalid_credentials");
}

async fn an_account_is_shut_opened_and_deleted(db: TestDb) {
    let nodes = Cluster::of_three(db).await;
    let root = nodes.administrator("root1").await;
    let tokens = nodes.user("ada").await;
    let path = format!("{USERS}/{}", text(&tokens["user"], "id"));
    nodes.patch_as(&root, &path, &json!({"disabled": true})).await.expect(StatusCode::OK);
    nodes.is_refused_everywhere(&text(&tokens, "access_token")).await;
    let refresh = json!({"refresh_token": tokens["refresh_token"]});
    for _ in &nodes.nodes {
        nodes.login("ada", PASSWORD).await.expect_problem(401, "invalid_credentials");
        nodes.post("/auth/refresh", &refresh).await.expect_problem(401, "refresh_invalid");
    }
    nodes.patch_as(&root, &path, &json!({"disabled": false})).await.expect(StatusCode::OK);
    let token = text(&nodes.login("ada", PASSWORD).await.expect(StatusCode::OK).body, "access_token");
    nodes.is_good_everywhere(&token).await;
    nodes.delete_as(&root, &path, &json!({})).await.expect(StatusCode::NO_CONTENT);
    nodes.is_refused_everywhere(&token).await;
    nodes.get_as(&root, &path).await.expect_problem(404, "not_found");
    nodes.login("ada", PASSWORD).await.expect_problem(401, "invalid_credentials");
}

async fn the_first_administrator_is_made(db: TestDb) {
    let nodes = Cluster::with(db, |config| config.registration = "closed".parse().unwrap()).await;
    let mut offered = Vec::new();
    for node in &nodes.nodes {
        offered.push(node.portcullis.accounts().offer_first_admin().await.unwrap().unwrap());
    }
    // The link that one node has offered is opened on another one.
    nodes.next();
    let redeem = async |place: usize, name: &str| {
        let email = format!("{name}@example.com");
        let token = offered[place].expose();
        let body = json!({"token": token, "username": name, "email": email, "password": PASSWORD});
        nodes.post("/auth/first-admin", &body).await
    };
    redeem(0, "ada").await.expect(StatusCode::CREATED);
    for place in 0..offered.len() {
        redeem(place, "eve").await.expect_problem(400, "token_invalid");
    }
    let token = text(&nodes.login("ada", PASSWORD).await.expect(StatusCode::OK).body, "access_token");
    assert_eq!(nodes.statuses(&token, USERS).await, [200; 3]);
    for node in &nodes.nodes {
        assert!(node.portcullis.accounts().offer_first_admin().await.unwrap().is_none());
    }
}
