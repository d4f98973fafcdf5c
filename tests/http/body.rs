//! Bad input, on a route that reads a body: every kind has its own answer, and all are problem documents.

use axum::http::{Method, StatusCode};

use crate::{app::TestApp, both, db::TestDb};

both![
    a_body_that_is_not_json_is_refused,
    a_huge_or_deep_or_odd_body_is_refused,
    an_unknown_verb_is_405_and_says_which_are_known,
    unknown_fields_are_ignored,
];

async fn a_body_that_is_not_json_is_refused(db: TestDb) {
    let app = TestApp::new(db).await;
    let post = |content_type: &'static str, body: &'static str| {
        app.post("/auth/login").header("content-type", content_type).body(body).send()
    };
    for broken in ["", "{", "{\"name\": }", "nonsense", "[1, 2]", "\"text\"", "null", "{\"a\": 1e999}", "\u{feff}{}"] {
        post("application/json", broken).await.expect_problem(400, "invalid_request");
    }
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "", "text/json"] {
        let answer = post(content_type, "{}").await;
        answer.expect_problem(415, "unsupported_media_type");
    }
    app.post("/auth/login").body("{}").send().await.expect_problem(415, "unsupported_media_type");
    post("Application/JSON; charset=utf-8", "{}").await.expect_problem(422, "invalid_fields");
}

async fn a_huge_or_deep_or_odd_body_is_refused(db: TestDb) {
    let app = TestApp::new(db).await;
    let post = |body: Vec<u8>| app.post("/auth/register").header("content-type", "application/json").body(body).send();
    let huge = format!("{{\"username\": \"{}\"}}", "x".repeat(64 * 1024));
    post(huge.into_bytes()).await.expect_problem(413, "body_too_large");
    let stated = app.post("/auth/login").header("content-type", "application/json").header("content-length", "65537");
    stated
        .body(axum::body::Body::from_stream(futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>()))
        .send()
        .await
        .expect_problem(413, "body_too_large");
    post("[".repeat(30_000).into_bytes()).await.expect_problem(400, "invalid_request");
    post(b"{\"username\": \"\xff\xfe\"}".to_vec()).await.expect_problem(400, "invalid_request");
    let surrogate = br#"{"username": "\ud800", "email": "a@b.c", "password": "x"}"#;
    post(surrogate.to_vec()).await.expect_problem(400, "invalid_request");
}

async fn an_unknown_verb_is_405_and_says_which_are_known(db: TestDb) {
    let app = TestApp::new(db).await;
    for (path, allowed) in
        [("/auth/login", "POST"), ("/auth/me", "DELETE,GET,HEAD,PATCH"), ("/auth/methods", "GET,HEAD")]
    {
        for method in [Method::PUT, Method::TRACE, Method::OPTIONS] {
            let answer = app.request(method, path).send().await.expect_problem(405, "method_not_allowed");
            let mut verbs: Vec<_> = answer.header("allow").split(',').map(str::trim).collect();
            verbs.sort_unstable();
            assert_eq!(verbs.join(","), allowed, "{path}");
        }
    }
}

async fn unknown_fields_are_ignored(db: TestDb) {
    let app = TestApp::new(db).await;
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    let body = serde_json::json!({"name": "ada", "password": crate::app::PASSWORD, "colour": ["red"]});
    app.post("/auth/login").json(&body).send().await.expect(StatusCode::OK);
}
