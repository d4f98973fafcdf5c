//! Every route there is, held against what the OpenAPI document says of it.

use std::collections::BTreeSet;

use axum::http::Method;

use crate::{app::TestApp, both, db::TestDb};

both![az_1_every_route_asks_for_a_token_unless_it_is_public, br_1_a_token_counts_only_in_its_header,];

/// Every operation of the document, and whether it asks for a token.
fn operations() -> Vec<(Method, String, bool)> {
    let document = serde_json::to_value(portcullis::http::openapi()).unwrap();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (verb, operation) in item.as_object().unwrap() {
            let method = verb.to_uppercase().parse().unwrap();
            let security = operation["security"].as_array().unwrap_or_else(|| panic!("{verb} {path} has no rule"));
            // Without a token where that is optional, and then with something in its place.
            let ways = security.iter().filter(|way| **way != serde_json::json!({}));
            assert!(
                ways.clone().all(|way| way["bearer"].is_array() && way.as_object().unwrap().len() == 1),
                "{verb} {path}"
            );
            operations.push((method, path.clone(), ways.count() > 0));
        }
    }
    operations
}

async fn az_1_every_route_asks_for_a_token_unless_it_is_public(db: TestDb) {
    let app = TestApp::new(db).await;
    let public: BTreeSet<_> = [
        "/auth/methods",
        "/auth/register",
        "/auth/login",
        "/auth/login/second-factor",
        "/auth/login/passkey/start",
        "/auth/login/passkey/finish",
        "/auth/register/passkey/start",
        "/auth/register/passkey/finish",
        "/auth/login/new-password",
        "/auth/refresh",
        "/auth/verify-email",
        "/auth/verify-email/resend",
        "/auth/forgot-password",
        "/auth/reset-password",
        "/auth/confirm-email",
        "/auth/undo-email",
        "/.well-known/jwks.json",
    ]
    .into();
    let operations = operations();
    assert!(operations.len() >= 10);
    for (method, path, guarded) in operations {
        assert_eq!(guarded, !public.contains(path.as_str()), "{method} {path}");
        let answer = app.request(method.clone(), &path).send().await;
        if guarded {
            let answer = answer.expect_problem(401, "unauthenticated");
            assert!(answer.header("www-authenticate").starts_with("Bearer"), "{method} {path}");
            assert!(!answer.header("www-authenticate").contains("error"), "{method} {path}");
        } else {
            assert_ne!(answer.status.as_u16(), 401, "{method} {path}");
        }
    }
}

async fn br_1_a_token_counts_only_in_its_header(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    app.get(&format!("/auth/me?access_token={token}")).send().await.expect_problem(401, "unauthenticated");
    let call = app.post("/auth/logout").header("content-type", "application/x-www-form-urlencoded");
    call.body(format!("access_token={token}")).send().await.expect_problem(401, "unauthenticated");
}
