//! Keys, tokens, a clock that is moved, and what a guard answers.

use std::{convert::Infallible, future::ready, sync::Arc, time::Duration};

use http::{Request, Response, StatusCode};
use portcullis::{
    clock::Timestamp,
    guard::{AuthLayer, Authenticate},
    jwt::{
        Algorithm, Claims, JwtIssuer, JwtVerifier, KeyRing, RemoteKeys, SigningKey, TokenError, TokenErrorKind,
        remote::RemoteKeysBuilder,
    },
    testing::ManualClock,
};
use serde_json::{Value, json};
use tower::{Layer, ServiceExt, service_fn};

pub(crate) const ISSUER: &str = "https://id.example";
pub(crate) const AUDIENCE: &str = "notes";
pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

pub(crate) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(NOW))
}

pub(crate) fn key(kid: &str) -> SigningKey {
    SigningKey::generate(Algorithm::Es256).unwrap().with_kid(kid).unwrap()
}

/// A JWK set with these keys.
pub(crate) fn set<'a>(keys: impl IntoIterator<Item = &'a SigningKey>) -> String {
    set_of(&keys.into_iter().map(jwk).collect::<Vec<_>>())
}

pub(crate) fn set_of(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

pub(crate) fn jwk(key: &SigningKey) -> Value {
    key.verifying_key().public_jwk().unwrap()
}

/// A token by this key that is good on the day the tests take place.
pub(crate) fn token(key: &SigningKey) -> String {
    token_of(key, ISSUER)
}

pub(crate) fn token_of(key: &SigningKey, issuer: &str) -> String {
    let copy = SigningKey::import(key.algorithm(), key.kid(), &key.export()).unwrap();
    let claims = Claims::new(issuer, AUDIENCE, "u1", NOW, Duration::from_hours(24));
    JwtIssuer::new(KeyRing::new([copy]).unwrap()).sign(&claims).unwrap()
}

/// Keys from a plain http address, as tests have it.
pub(crate) fn build(builder: RemoteKeysBuilder, clock: &Arc<ManualClock>) -> RemoteKeys {
    builder.insecure_http().clock(clock.clone()).build().unwrap()
}

pub(crate) fn keys(url: impl Into<String>, clock: &Arc<ManualClock>) -> RemoteKeys {
    build(RemoteKeys::jwks(url), clock)
}

/// A verifier for these keys. Tokens live for a day, and a test takes no longer.
pub(crate) fn verifier(keys: &RemoteKeys, clock: &Arc<ManualClock>) -> JwtVerifier {
    JwtVerifier::new(keys.clone()).issuer(ISSUER).audience(AUDIENCE).clock(clock.clone())
}

pub(crate) async fn resolve(verifier: &JwtVerifier, token: &str) -> Result<String, TokenErrorKind> {
    let found = verifier.resolve(token).await;
    found.map(|principal| principal.id().to_owned()).map_err(TokenError::kind)
}

pub(crate) fn is_unavailable<T>(found: &Result<T, TokenErrorKind>) -> bool {
    matches!(found, Err(TokenErrorKind::KeysUnavailable { .. }))
}

/// What a guard answers to a request with this token, and after how many seconds it says to come back.
pub(crate) async fn ask<A: Authenticate + Clone>(authenticate: &A, token: &str) -> (StatusCode, Option<u64>) {
    let inner = service_fn(|_: Request<()>| ready(Ok::<_, Infallible>(Response::new(String::new()))));
    let request = Request::get("/").header("authorization", format!("Bearer {token}")).body(()).unwrap();
    let response = AuthLayer::new(authenticate.clone()).layer(inner).oneshot(request).await.unwrap();
    let retry_after = response.headers().get("retry-after").map(|value| value.to_str().unwrap().parse().unwrap());
    (response.status(), retry_after)
}

pub(crate) const OK: (StatusCode, Option<u64>) = (StatusCode::OK, None);
pub(crate) const REFUSED: (StatusCode, Option<u64>) = (StatusCode::UNAUTHORIZED, None);

/// Waits until something that happens by itself has happened.
pub(crate) async fn until(mut happened: impl FnMut() -> bool) {
    while !happened() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
