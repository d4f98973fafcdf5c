//! What a token says beyond a principal, as an argument of a handler.

use std::{collections::BTreeMap, time::Duration};

use axum::routing::get as on_get;
use http::{Method, StatusCode};
use portcullis::{
    Principal,
    axum::{Claims, Guarded, GuardedRouter},
    clock::SystemClock,
    guard::{AuthLayer, RouteRule},
    jwt::{self, JwtIssuer, JwtVerifier, KeyRing},
};
use serde::Deserialize;

use crate::support::{by, get, guard, identity, request, send};

#[derive(Deserialize)]
struct Tenancy {
    tenant: String,
    plan: u32,
}

async fn tenancy(Claims(tenancy): Claims<Tenancy>) -> String {
    format!("{} {}", tenancy.tenant, tenancy.plan)
}

async fn perhaps(claims: Option<Claims<Tenancy>>) -> String {
    claims.map_or("nobody".to_owned(), |Claims(tenancy)| tenancy.tenant)
}

fn app() -> Guarded {
    GuardedRouter::new()
        .route("/tenancy", on_get(tenancy), RouteRule::optional())
        .route("/perhaps", on_get(perhaps), RouteRule::optional())
        .route("/public", on_get(tenancy), RouteRule::public())
        .guard(guard())
}

#[tokio::test]
async fn a_handler_takes_claims_as_a_type_of_its_own() {
    assert_eq!(get(&app(), "/tenancy", Some("tenant")).await, by("acme 3"));
    assert_eq!(get(&app(), "/perhaps", Some("tenant")).await, by("acme"));
    assert_eq!(get(&app(), "/perhaps", None).await, by("nobody"));
}

#[tokio::test]
async fn a_token_without_the_claims_is_refused_and_says_so() {
    for path in ["/tenancy", "/perhaps"] {
        let answer = send(app(), request(Method::GET, path, Some("reader"))).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert!(answer.text.contains(r#""code":"missing_claims""#), "{}", answer.text);
        assert!(!answer.headers.contains_key("www-authenticate"));
    }
}

#[tokio::test]
async fn without_a_principal_there_are_no_claims() {
    assert_eq!(get(&app(), "/tenancy", None).await, Err(401));
    assert_eq!(get(&app(), "/public", Some("tenant")).await, Err(500));
}

#[test]
fn a_principal_tells_claims_by_name() {
    let claims = serde_json::json!({"tenant": "acme"}).as_object().unwrap().clone();
    let principal = Principal::with_claims(identity("u1", &[]), claims);
    assert_eq!(principal.claim("tenant"), Some(&"acme".into()));
    assert_eq!(principal.claim("plan"), None);
    assert_eq!(principal.clone().claims::<serde_json::Value>().unwrap()["tenant"], "acme");
}

#[tokio::test]
async fn claims_come_out_of_a_signed_token_and_no_registered_one_is_among_them() {
    async fn all(Claims(claims): Claims<BTreeMap<String, serde_json::Value>>) -> String {
        serde_json::to_string(&claims).unwrap()
    }
    let keys = KeyRing::hs256([7; 32]).unwrap();
    let verifier = JwtVerifier::new(keys.clone()).issuer("https://id.example").audience("notes");
    let now = SystemClock::shared().now();
    let mut claims = jwt::Claims::new("https://id.example", "notes", "u1", now, Duration::from_mins(5));
    claims.email = Some("unverified@example.org".to_owned());
    claims.extra.insert("tenant".to_owned(), "acme".into());
    let token = JwtIssuer::new(keys).sign(&claims).unwrap();
    let router = GuardedRouter::new().route("/", on_get(all), RouteRule::authenticated());
    let app = router.guard(AuthLayer::new(verifier));
    assert_eq!(get(&app, "/", Some(&token)).await, by(r#"{"tenant":"acme"}"#));
}
