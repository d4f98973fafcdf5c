//! The security of an OpenAPI document, taken from a router's rules.

use std::time::Duration;

use axum::routing::{any, get as on_get, put};
use portcullis::{
    axum::{GuardedRouter, describe_security},
    guard::RouteRule,
};
use serde_json::{Value, json};
use utoipa::openapi::{
    HttpMethod, OpenApi, PathItem, Paths,
    path::{Operation, OperationBuilder},
    security::SecurityRequirement,
};

use crate::support::whoami;

fn operation() -> Operation {
    OperationBuilder::new().security(SecurityRequirement::new("by hand", ["wrong"])).build()
}

fn document() -> OpenApi {
    let mut paths = Paths::new();
    for path in ["/public", "/optional", "/notes/{note_id}", "/choice", "/fresh", "/any", "/unknown", "/files/{path}"] {
        paths.paths.insert(path.to_owned(), PathItem::new(HttpMethod::Get, operation()));
    }
    let notes = paths.paths.get_mut("/notes/{note_id}").unwrap();
    notes.put = Some(operation());
    notes.head = Some(operation());
    let mut document = OpenApi::default();
    document.paths = paths;
    document
}

fn described(document: &OpenApi, method: &str, path: &str) -> Value {
    serde_json::to_value(document).unwrap()["paths"][path][method]["security"].clone()
}

#[test]
fn every_operation_says_what_its_rule_asks() {
    let choice = RouteRule::any_scope(["a", "b"]).and(RouteRule::any_scope(["c", "d"])).and(RouteRule::scopes(["e"]));
    let router = GuardedRouter::<()>::new()
        .route("/public", on_get(whoami), RouteRule::public())
        .route("/optional", on_get(whoami), RouteRule::optional())
        .nest(
            "/notes",
            GuardedRouter::new().route("/{id}", on_get(whoami), RouteRule::scopes(["notes:read"])).route(
                "/{id}",
                put(whoami),
                RouteRule::scopes(["notes:read", "notes:write"]),
            ),
        )
        .route("/choice", on_get(whoami), choice)
        .route("/fresh", on_get(whoami), RouteRule::fresh(Duration::from_mins(1)))
        .route("/any", any(whoami), RouteRule::authenticated())
        .route("/files/{*rest}", on_get(whoami), RouteRule::authenticated());
    let mut document = document();
    describe_security(&mut document, "bearer", router.rules());
    let described = |method, path| described(&document, method, path);

    assert_eq!(described("get", "/public"), json!([]));
    assert_eq!(described("get", "/optional"), json!([{}, {"bearer": []}]));
    assert_eq!(described("get", "/notes/{note_id}"), json!([{"bearer": ["notes:read"]}]));
    assert_eq!(described("head", "/notes/{note_id}"), json!([{"bearer": ["notes:read"]}]));
    assert_eq!(described("put", "/notes/{note_id}"), json!([{"bearer": ["notes:read", "notes:write"]}]));
    assert_eq!(described("get", "/fresh"), json!([{"bearer": []}]));
    assert_eq!(described("get", "/any"), json!([{"bearer": []}]));
    assert_eq!(described("get", "/files/{path}"), json!([{"bearer": []}]));
    assert_eq!(described("get", "/unknown"), json!([{"by hand": ["wrong"]}]));
    let ways = described("get", "/choice");
    let ways: Vec<_> = ways.as_array().unwrap().iter().map(|way| way["bearer"].to_string()).collect();
    let expected = [r#"["a","c","e"]"#, r#"["b","c","e"]"#, r#"["a","d","e"]"#, r#"["b","d","e"]"#];
    assert_eq!(ways, expected);
}
