//! Replacing an API key without a gap, and how fast a key may be used.

use std::time::Duration;

use axum::http::StatusCode;
use portcullis::audit::EventKind;
use serde_json::{Value, json};

use crate::{
    app::{Answer, PASSWORD, TestApp},
    both,
    db::TestDb,
};

both![
    ak_2_a_key_and_its_successor_are_good_for_a_while,
    az_2_a_key_of_someone_else_cannot_be_replaced,
    a_key_is_not_replaced_without_end,
    a_key_makes_so_many_requests_a_minute_and_no_more,
];

async fn make(app: &TestApp, token: &str) -> Value {
    let body = json!({"name": "backup", "scopes": ["users:read"], "expires_in": 30 * 24 * 3600});
    app.post("/auth/api-keys").bearer(token).json(&body).send().await.expect(StatusCode::CREATED).body
}

async fn owner(app: &TestApp, username: &str) -> String {
    app.user(username).await;
    app.db.give_role(username, "admin").await;
    app.token(username, PASSWORD).await
}

async fn rotate(app: &TestApp, token: &str, key: &Value, body: Value) -> Answer {
    let path = format!("/auth/api-keys/{}/rotate", key["id"].as_str().unwrap());
    app.post(&path).bearer(token).json(&body).send().await
}

async fn ask(app: &TestApp, key: &Value) -> Answer {
    app.get("/auth/admin/users").bearer(key["key"].as_str().unwrap()).send().await
}

async fn ak_2_a_key_and_its_successor_are_good_for_a_while(db: TestDb) {
    let app = TestApp::new(db).await;
    let other = app.another_process().await;
    let token = owner(&app, "ada").await;
    let old = make(&app, &token).await;
    for app in [&app, &other] {
        ask(app, &old).await.expect(StatusCode::OK);
    }
    let new = rotate(&app, &token, &old, json!({"overlap": 3600})).await.expect(StatusCode::CREATED).body;
    assert_ne!(new["key"], old["key"]);
    for field in ["name", "scopes", "expires_at"] {
        assert_eq!(new[field], old[field], "{field}");
    }
    let list = app.get("/auth/api-keys").bearer(&token).send().await.body["items"].take();
    assert_eq!((&list[0]["id"], &list[1]["id"]), (&new["id"], &old["id"]));
    assert_eq!(list[1]["expires_at"], "2026-09-21T15:13:20Z");
    let me = app.get("/auth/me").bearer(&token).send().await.body["id"].as_str().unwrap().to_owned();
    let event = app.events_of(&me).await.into_iter().find(|event| event.kind == EventKind::ApiKeyRotated).unwrap();
    assert_eq!(event.about.as_deref(), old["id"].as_str());

    app.advance(Duration::from_secs(3599));
    for app in [&app, &other] {
        ask(app, &old).await.expect(StatusCode::OK);
        ask(app, &new).await.expect(StatusCode::OK);
    }
    app.advance(Duration::from_secs(1));
    for app in [&app, &other] {
        ask(app, &old).await.expect_problem(401, "invalid_token");
        ask(app, &new).await.expect(StatusCode::OK);
    }
}

async fn az_2_a_key_of_someone_else_cannot_be_replaced(db: TestDb) {
    let app = TestApp::new(db).await;
    let (ada, eve) = (owner(&app, "ada").await, owner(&app, "eve").await);
    let key = make(&app, &ada).await;
    rotate(&app, &eve, &key, json!({})).await.expect_problem(404, "not_found");
    for overlap in [0, 3599, 7 * 24 * 3600 + 1] {
        let answer = rotate(&app, &ada, &key, json!({"overlap": overlap})).await;
        assert_eq!(answer.expect_problem(422, "invalid_fields").field_errors(), ["overlap: invalid_overlap"]);
    }
    let refused = rotate(&app, key["key"].as_str().unwrap(), &key, json!({})).await;
    refused.expect_problem(401, "insufficient_user_authentication");
    rotate(&app, &ada, &key, json!({})).await.expect(StatusCode::CREATED);
    app.advance(Duration::from_mins(11));
    rotate(&app, &ada, &key, json!({})).await.expect_problem(401, "insufficient_user_authentication");
}

async fn a_key_is_not_replaced_without_end(db: TestDb) {
    let app = TestApp::with(db, |config| config.api_key_cap = 2.try_into().unwrap()).await;
    let token = owner(&app, "ada").await;
    make(&app, &token).await;
    let mut key = make(&app, &token).await;
    for _ in 0..2 {
        key = rotate(&app, &token, &key, json!({})).await.expect(StatusCode::CREATED).body;
    }
    rotate(&app, &token, &key, json!({})).await.expect_problem(409, "too_many_api_keys");
    ask(&app, &key).await.expect(StatusCode::OK);
    app.advance(Duration::from_hours(24));
    let token = app.token("ada", PASSWORD).await;
    rotate(&app, &token, &key, json!({})).await.expect(StatusCode::CREATED);
}

async fn a_key_makes_so_many_requests_a_minute_and_no_more(db: TestDb) {
    let app = TestApp::with(db, |config| config.api_key_rate = 3.try_into().unwrap()).await;
    let token = owner(&app, "ada").await;
    let (key, other) = (make(&app, &token).await, make(&app, &token).await);
    for _ in 0..3 {
        ask(&app, &key).await.expect(StatusCode::OK);
    }
    let refused = ask(&app, &key).await.expect_problem(429, "too_many_requests");
    assert_eq!((refused.header("retry-after"), refused.header("www-authenticate")), ("20", ""));
    ask(&app, &other).await.expect(StatusCode::OK);
    app.get("/auth/me").bearer(&token).send().await.expect(StatusCode::OK);
    app.advance(Duration::from_secs(20));
    ask(&app, &key).await.expect(StatusCode::OK);
    ask(&app, &key).await.expect_problem(429, "too_many_requests");
    let app = app.reopened(|config| config.insecure_no_limits = true).await;
    for _ in 0..5 {
        ask(&app, &key).await.expect(StatusCode::OK);
    }
}
