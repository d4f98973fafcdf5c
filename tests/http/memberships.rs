//! Memberships: who is let in to which resource, and how far.

use axum::{
    Router,
    http::{Method, StatusCode},
    routing::get,
};
use portcullis::{
    Principal,
    access::{Levels, Membership},
    account::UserId,
    axum::GuardedRouter,
    guard::{Level, RouteRule},
    session::Device,
};
use serde_json::{Value, json};

use crate::{
    app::{Call, PASSWORD, TestApp},
    both,
    db::TestDb,
};

both![
    az_2_a_member_passes_for_their_own_resource_and_up_to_their_level,
    se_4_a_membership_is_in_force_on_the_next_request,
    roles_that_do_not_fit_into_a_token_are_looked_up,
    an_administrator_lets_users_in_and_out,
];

async fn user(app: &TestApp, username: &str) -> (Value, UserId) {
    app.register(username, &format!("{username}@example.com")).await.expect(StatusCode::CREATED);
    let tokens = app.login(username, PASSWORD).await.expect(StatusCode::OK).body;
    let id = UserId::parse(tokens["user"]["id"].as_str().unwrap()).unwrap();
    (tokens, id)
}

async fn refreshed(app: &TestApp, tokens: &Value) -> Value {
    let body = json!({"refresh_token": tokens["refresh_token"]});
    app.post("/auth/refresh").json(&body).send().await.expect(StatusCode::OK).body
}

async fn let_in(app: &TestApp, user: UserId, id: &str, level: &str) {
    let membership = Membership::parse("list", id, level, &Levels::default()).unwrap();
    app.portcullis.accounts().set_membership(user, membership, None, &Device::default()).await.unwrap();
}

fn service(app: &TestApp) -> Router {
    let lists = GuardedRouter::new()
        .route("/{id}", get(async || "shown"), RouteRule::member("list", "id", Level::Member))
        .route("/{id}/settings", get(async || "settings"), RouteRule::member("list", "id", Level::Manager));
    let routes = GuardedRouter::new()
        .route("/roles", get(async |user: Principal| user.roles().len().to_string()), RouteRule::authenticated())
        .nest("/lists", lists);
    routes.guard(app.portcullis.guard()).into_router()
}

async fn status(app: &TestApp, tokens: &Value, path: &str) -> u16 {
    let call =
        Call::new(&service(app), Method::GET, path).bearer(tokens["access_token"].as_str().unwrap()).send().await;
    call.status.as_u16()
}

async fn az_2_a_member_passes_for_their_own_resource_and_up_to_their_level(db: TestDb) {
    let app = TestApp::new(db).await;
    let (tokens, ada) = user(&app, "ada").await;
    let_in(&app, ada, "42", "member").await;
    let_in(&app, ada, "7", "manager").await;
    let tokens = refreshed(&app, &tokens).await;
    for (path, expected) in [
        ("/lists/42", 200),
        ("/lists/42/settings", 403),
        ("/lists/7", 200),
        ("/lists/7/settings", 200),
        ("/lists/4", 403),
        ("/lists/420", 403),
        ("/lists/4%32", 403),
        ("/lists/7/../42/settings", 403),
        ("//lists/7/settings", 403),
    ] {
        let status = status(&app, &tokens, path).await;
        assert!(status == expected || (expected == 403 && status == 404), "{path}: {status}");
    }
    let service = service(&app);
    let answer = Call::new(&service, Method::GET, "/lists/42/settings");
    let answer = answer.bearer(tokens["access_token"].as_str().unwrap()).send().await;
    let answer = answer.expect_problem(403, "insufficient_scope");
    assert!(answer.header("www-authenticate").contains("list-42-manager"));

    let accounts = app.portcullis.accounts();
    let roles = async |id| accounts.get_roles(ada, "list", id).await.unwrap();
    assert_eq!(roles("42").await, ["list-42-public", "list-42-invitee", "list-42-member"]);
    assert_eq!(roles("7").await.len(), 4);
    assert!(roles("8").await.is_empty());
}

async fn se_4_a_membership_is_in_force_on_the_next_request(db: TestDb) {
    let app = TestApp::new(db).await;
    let (tokens, ada) = user(&app, "ada").await;
    assert_eq!(status(&app, &tokens, "/lists/42").await, 403);
    let_in(&app, ada, "42", "manager").await;
    assert_eq!(status(&app, &tokens, "/lists/42").await, 401, "the old token says too little");
    let tokens = refreshed(&app, &tokens).await;
    assert_eq!(status(&app, &tokens, "/lists/42/settings").await, 200);
    let_in(&app, ada, "42", "invitee").await;
    assert_eq!(status(&app, &tokens, "/lists/42").await, 401, "the old token says too much");
    let tokens = refreshed(&app, &tokens).await;
    assert_eq!(status(&app, &tokens, "/lists/42").await, 403);
    app.portcullis.accounts().end_membership(ada, "list", "42", None, &Device::default()).await.unwrap();
    assert_eq!(status(&app, &tokens, "/lists/42").await, 401);
}

async fn roles_that_do_not_fit_into_a_token_are_looked_up(db: TestDb) {
    let app = TestApp::new(db).await;
    let (tokens, ada) = user(&app, "ada").await;
    for list in 0..60 {
        let_in(&app, ada, &list.to_string(), "member").await;
    }
    let tokens = refreshed(&app, &tokens).await;
    let token = tokens["access_token"].as_str().unwrap();
    assert!(token.len() < 4096, "{}", token.len());
    let claims = app.portcullis.verifier().verify(token).unwrap();
    assert_eq!((claims.roles, claims.extra.get("roles_truncated")), (Vec::new(), Some(&json!(true))));
    for _ in 0..2 {
        let call = Call::new(&service(&app), Method::GET, "/roles").bearer(token).send().await;
        assert_eq!(call.expect(StatusCode::OK).bytes, b"180");
        assert_eq!(status(&app, &tokens, "/lists/59").await, 200);
        assert_eq!(status(&app, &tokens, "/lists/60").await, 403);
    }
    app.portcullis.accounts().end_membership(ada, "list", "59", None, &Device::default()).await.unwrap();
    assert_eq!(status(&app, &tokens, "/lists/59").await, 401);
    let tokens = refreshed(&app, &tokens).await;
    assert_eq!(status(&app, &tokens, "/lists/59").await, 403);
    assert_eq!(status(&app, &tokens, "/lists/58").await, 200);
    app.post("/auth/logout")
        .bearer(tokens["access_token"].as_str().unwrap())
        .send()
        .await
        .expect(StatusCode::NO_CONTENT);
    assert_eq!(status(&app, &tokens, "/lists/58").await, 401);
}

async fn an_administrator_lets_users_in_and_out(db: TestDb) {
    let app = TestApp::new(db).await;
    let ((_, ada), (_, root)) = (user(&app, "ada").await, user(&app, "root1").await);
    let admin = vec![portcullis::access::RoleName::parse("admin").unwrap()];
    app.portcullis.accounts().set_user_roles(root, admin, &Device::default()).await.unwrap();
    let root = app.token("root1", PASSWORD).await;
    let at = async |method, place: &str, user: &str, body: Value| {
        let call = app.request(method, &format!("/auth/admin/memberships/{place}/{user}")).bearer(&root);
        call.json(&body).send().await
    };
    let (id, manager) = (ada.to_string(), json!({"level": "manager"}));
    at(Method::PUT, "list/42", &id, manager.clone()).await.expect(StatusCode::NO_CONTENT);
    assert_eq!(app.portcullis.accounts().get_roles(ada, "list", "42").await.unwrap().len(), 4);
    for (place, body, error) in [
        ("list/42", json!({}), "level: missing"),
        ("list/42", json!({"level": "owner"}), "level: invalid_membership"),
        ("to-do/42", manager.clone(), "level: invalid_membership"),
        ("list/a%20b", manager.clone(), "level: invalid_membership"),
    ] {
        let answer = at(Method::PUT, place, &id, body).await.expect_problem(422, "invalid_fields");
        assert_eq!(answer.field_errors(), [error], "{place}");
    }
    at(Method::PUT, "list/42", "00000000-0000-7000-8000-000000000000", manager).await.expect_problem(404, "not_found");
    at(Method::DELETE, "list/42", "nonsense", json!({})).await.expect_problem(404, "not_found");
    at(Method::DELETE, "list/42", &id, json!({})).await.expect(StatusCode::NO_CONTENT);
    at(Method::DELETE, "list/42", &id, json!({})).await.expect_problem(404, "not_found");
    at(Method::DELETE, "to-do/42", &id, json!({})).await.expect_problem(404, "not_found");
}
