//! What a proxy is told of a request.

use axum::http::{Method, StatusCode};
use portcullis::{
    Scopes,
    access::{Role, RoleName},
    account::UserId,
    session::Device,
};
use serde_json::json;

use crate::{
    app::{Answer, PASSWORD, TestApp},
    both,
    db::TestDb,
};

both![
    a_proxy_is_told_who_a_request_is_from,
    a_proxy_is_told_whom_not_to_let_pass,
    a_name_cannot_make_headers_of_its_own,
    a_proxy_can_ask_for_a_scope,
];

async fn ada(app: &TestApp) -> String {
    let token = app.user("Ada").await;
    let id = app.get("/auth/me").bearer(&token).send().await.body["id"].as_str().unwrap().to_owned();
    let accounts = app.portcullis.accounts();
    for (name, scopes) in [("reader", "notes:read"), ("writer", "notes:write notes:read")] {
        let role = Role { name: RoleName::parse(name).unwrap(), scopes: Scopes::parse(scopes) };
        accounts.set_role(role, &Device::default()).await.unwrap();
    }
    let roles = ["reader", "writer"].map(|role| RoleName::parse(role).unwrap()).to_vec();
    accounts.set_user_roles(UserId::parse(&id).unwrap(), roles, &Device::default()).await.unwrap();
    app.token("ada", PASSWORD).await
}

async fn verify(app: &TestApp, token: &str, query: &str) -> Answer {
    app.get(&format!("/auth/verify{query}")).bearer(token).send().await
}

fn identity(answer: &Answer) -> [&str; 5] {
    ["remote-user", "remote-name", "remote-email", "remote-groups", "x-auth-scopes"].map(|name| answer.header(name))
}

async fn a_proxy_is_told_who_a_request_is_from(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = ada(&app).await;
    let answer = verify(&app, &token, "").await.expect(StatusCode::OK);
    assert_eq!(identity(&answer), ["Ada", "", "", "reader,writer", "notes:read notes:write"]);
    assert_eq!((answer.header("cache-control"), answer.bytes.len()), ("no-store", 0));
    assert!(!answer.headers.contains_key("remote-email"), "it is not verified");

    app.db.execute("UPDATE users SET email_verified_at = 1".to_owned()).await;
    let answer = verify(&app, &token, "").await.expect(StatusCode::OK);
    assert_eq!(identity(&answer)[2], "Ada@example.com");

    let body = json!({"name": "proxy", "scopes": ["notes:read"]});
    let key = app.post("/auth/api-keys").bearer(&token).json(&body).send().await.expect(StatusCode::CREATED);
    let answer = app.get("/auth/verify").header("x-api-key", key.body["key"].as_str().unwrap()).send().await;
    assert_eq!(identity(&answer.expect(StatusCode::OK)), ["Ada", "", "Ada@example.com", "", "notes:read"]);
}

async fn a_proxy_is_told_whom_not_to_let_pass(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = ada(&app).await;
    let none = app.get("/auth/verify").header("remote-user", "root").send().await;
    assert_eq!(identity(&none.expect_problem(401, "unauthenticated")), [""; 5]);
    verify(&app, "a.b.c", "").await.expect_problem(401, "invalid_token");
    app.post("/auth/logout").bearer(&token).send().await.expect(StatusCode::NO_CONTENT);
    verify(&app, &token, "").await.expect_problem(401, "invalid_token");
    let token = app.token("ada", PASSWORD).await;
    app.db.remove_user("ada").await;
    verify(&app, &token, "").await.expect_problem(401, "invalid_token");
}

async fn a_name_cannot_make_headers_of_its_own(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = ada(&app).await;
    let body = json!({"name": "Ada Lövelace, 100%0d%0a"});
    app.request(Method::PATCH, "/auth/me").bearer(&token).json(&body).send().await.expect(StatusCode::OK);
    let answer = verify(&app, &token, "").await.expect(StatusCode::OK);
    assert_eq!(identity(&answer)[1], "Ada L%C3%B6velace, 100%250d%250a");
}

async fn a_proxy_can_ask_for_a_scope(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = ada(&app).await;
    verify(&app, &token, "?scope=notes:read").await.expect(StatusCode::OK);
    verify(&app, &token, "?scope=notes%3Awrite").await.expect(StatusCode::OK);
    for lacking in ["notes", "notes:*", "users:read", "notes:read%20notes:write"] {
        let answer = verify(&app, &token, &format!("?scope={lacking}")).await;
        let answer = answer.expect_problem(403, "insufficient_scope");
        assert_eq!(identity(&answer), [""; 5], "{lacking}");
    }
    let answer = verify(&app, &token, "?scope=%ff").await.expect_problem(422, "invalid_fields");
    assert_eq!(answer.field_errors(), ["scope: invalid_query"]);
}
