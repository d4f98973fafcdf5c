//! Every route there is, by the route table itself, and what the OpenAPI document says of it.

use std::collections::BTreeSet;

use axum::http::{Method, StatusCode};
use portcullis::http::stated_rules;
use serde_json::json;

use crate::{
    app::{PASSWORD, TestApp},
    both,
    db::TestDb,
    key::Key,
};

both![
    az_1_every_route_asks_for_a_token_unless_it_is_public,
    az_2_what_is_someone_elses_is_not_there,
    br_1_a_token_counts_only_in_its_header,
];

/// Every route of the table: its method, its path, and whether its rule lets strangers pass.
fn table() -> Vec<(Method, String, bool)> {
    let rules = stated_rules();
    let route = |stated: &portcullis::axum::StatedRule| {
        let method = stated.method().expect("a route takes the methods that it names").clone();
        (method, stated.path().to_owned(), stated.rule().is_public())
    };
    rules.iter().map(route).collect()
}

#[test]
fn the_document_names_every_route_and_no_other() {
    let documented: BTreeSet<_> =
        operations().into_iter().map(|(method, path, guarded)| (path, method.to_string(), !guarded)).collect();
    let routed: BTreeSet<_> =
        table().into_iter().map(|(method, path, public)| (path, method.to_string(), public)).collect();
    assert_eq!(documented, routed);
}

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
        "/auth/first-admin",
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
    let table = table();
    assert!(table.len() >= 10);
    for (method, path, is_public) in table {
        assert_eq!(is_public, public.contains(path.as_str()), "{method} {path}");
        let answer = app.request(method.clone(), &path).send().await;
        if is_public {
            assert_ne!(answer.status.as_u16(), 401, "{method} {path}");
        } else {
            let answer = answer.expect_problem(401, "unauthenticated");
            assert!(answer.header("www-authenticate").starts_with("Bearer"), "{method} {path}");
            assert!(!answer.header("www-authenticate").contains("error"), "{method} {path}");
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

/// Someone who has one of everything that has an id: their token, and the ids, their own first.
async fn owner(app: &TestApp) -> (String, Vec<String>) {
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    app.db.give_role("ada", "admin").await;
    let token = app.token("ada", PASSWORD).await;
    let body = json!({"name": "backup", "scopes": ["users:read"]});
    app.post("/auth/api-keys").bearer(&token).json(&body).send().await.expect(StatusCode::CREATED);
    app.add_key(&token, "passkey", &mut Key::passkey()).await;
    let me = app.get("/auth/me").bearer(&token).send().await.body["id"].as_str().unwrap().to_owned();
    let ids = [vec![me], listed(app, &token).await].concat();
    assert_eq!(ids.len(), 4);
    (token, ids)
}

async fn az_2_what_is_someone_elses_is_not_there(db: TestDb) {
    let app = TestApp::new(db).await;
    let (token, ids) = owner(&app).await;
    let eve = app.user("eve").await;
    let mut asked = 0;
    let own = table().into_iter().filter(|(_, path, _)| path.contains('{') && !path.starts_with("/auth/admin/"));
    for (method, path, _) in own {
        for id in &ids {
            let (start, rest) = path.split_once('{').unwrap();
            let path = format!("{start}{id}{}", rest.split_once('}').unwrap().1);
            let answer = app.request(method.clone(), &path).bearer(&eve).json(&json!({"name": "hers"})).send().await;
            answer.expect_problem(404, "not_found");
            asked += 1;
        }
    }
    assert!(asked >= 6, "{asked}");
    assert_eq!(listed(&app, &token).await, ids[1..]);
}

/// The ids of everything that someone is shown a list of.
async fn listed(app: &TestApp, token: &str) -> Vec<String> {
    let mut ids = Vec::new();
    for list in ["/auth/sessions", "/auth/api-keys", "/auth/webauthn/credentials"] {
        let items = app.get(list).bearer(token).send().await.expect(StatusCode::OK).body["items"].take();
        ids.extend(items.as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()));
    }
    ids
}
