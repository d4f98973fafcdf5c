use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::{
    app::{PASSWORD, TestApp},
    both,
    db::TestDb,
};

both![
    a_user_sees_their_own_account,
    a_user_changes_their_name_and_nothing_else,
    a_deleted_account_is_gone_and_its_name_is_never_given_again,
    deleting_an_account_asks_for_a_fresh_login,
];

async fn a_user_sees_their_own_account(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    let me = app.get("/auth/me").bearer(&token).send().await.expect(StatusCode::OK).body;
    assert!(uuid::Uuid::try_parse(me["id"].as_str().unwrap()).is_ok());
    let expected = json!({
        "id": me["id"], "username": "ada", "email": "ada@example.com", "name": "", "email_verified": false,
        "email_verified_at": null, "roles": [],
    });
    assert_eq!(me, expected);
}

async fn a_user_changes_their_name_and_nothing_else(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    let patch = |body| app.request(Method::PATCH, "/auth/me").bearer(&token).json(&body).send();
    let body = json!({"name": "Ada Lovelace", "username": "root", "email": "x@y.z", "roles": ["admin"]});
    let changed = patch(body).await.expect(StatusCode::OK).body;
    assert_eq!(changed["name"], "Ada Lovelace");
    assert_eq!((&changed["username"], &changed["roles"]), (&json!("ada"), &json!([])));
    assert_eq!(patch(json!({})).await.expect(StatusCode::OK).body, changed);
    let answer = patch(json!({"name": 7})).await.expect_problem(422, "invalid_fields");
    assert_eq!(answer.field_errors(), ["name: wrong_type"]);
    let answer = patch(json!({"name": "x".repeat(129)})).await.expect_problem(422, "invalid_fields");
    assert_eq!(answer.field_errors(), ["name: invalid_name"]);
}

async fn a_deleted_account_is_gone_and_its_name_is_never_given_again(db: TestDb) {
    let app = TestApp::new(db).await;
    let tokens = [app.user("ada").await, app.token("ada", PASSWORD).await];
    app.request(Method::DELETE, "/auth/me").bearer(&tokens[0]).send().await.expect(StatusCode::NO_CONTENT);
    for token in &tokens {
        app.get("/auth/me").bearer(token).send().await.expect_problem(401, "invalid_token");
    }
    app.login("ada", PASSWORD).await.expect_problem(401, "invalid_credentials");
    app.register("ADA", "new@example.com").await.expect_problem(409, "username_taken");
    app.register("ada2", "ada@example.com").await.expect(StatusCode::CREATED);
}

async fn deleting_an_account_asks_for_a_fresh_login(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    app.advance(Duration::from_mins(11));
    let answer = app.request(Method::DELETE, "/auth/me").bearer(&token).send().await;
    let answer = answer.expect_problem(401, "insufficient_user_authentication");
    let challenge = answer.header("www-authenticate");
    assert!(challenge.contains(r#"error="insufficient_user_authentication""#), "{challenge}");
    assert!(challenge.contains("max_age=600") || challenge.contains(r#"max_age="600""#), "{challenge}");
    let token = app.token("ada", PASSWORD).await;
    app.request(Method::DELETE, "/auth/me").bearer(&token).send().await.expect(StatusCode::NO_CONTENT);
}
