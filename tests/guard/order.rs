//! In which order a request is judged, with real tokens: signature, claims, revocation, rule.

use std::{convert::Infallible, future::ready, time::Duration};

use futures_util::FutureExt;
use http::{Request, Response, StatusCode};
use portcullis::{
    Principal,
    guard::{AuthLayer, Rejection, RouteRule},
};
use tower::{Layer, ServiceExt, service_fn};

use crate::{
    mint::Mint,
    support::{self, get_as},
};

const MINUTES: Duration = Duration::from_mins(15);

async fn verdict(mint: &Mint, token: &str) -> (StatusCode, String) {
    let rule = RouteRule::scopes(["notes:write"]);
    let guard = AuthLayer::builder(mint.verifier()).default_rule(rule).build().unwrap();
    let inner = service_fn(|_: Request<String>| ready(Ok::<_, Infallible>(Response::new(String::new()))));
    let response = guard.layer(inner).oneshot(get_as(token, "/")).await.unwrap();
    let reason = response.extensions().get::<Rejection>().map(|rejection| rejection.reason().to_owned());
    (response.status(), reason.unwrap_or_default())
}

#[tokio::test]
async fn a_token_is_verified_before_its_claims_its_revocation_and_its_scopes_are_looked_at() {
    let mint = Mint::new();
    let unauthorized = |reason: &str| (StatusCode::UNAUTHORIZED, reason.to_owned());
    mint.end_session("ended");

    let (expired, other) = (mint.expired("ended", ""), mint.token("s1", "", MINUTES));
    let forged = format!("{}.{}", expired.rsplit_once('.').unwrap().0, other.rsplit_once('.').unwrap().1);
    assert_eq!(verdict(&mint, &forged).await, unauthorized("bad_signature"));
    assert_eq!(verdict(&mint, &expired).await, unauthorized("expired"));
    assert_eq!(verdict(&mint, &mint.token("ended", "", MINUTES)).await, unauthorized("revoked"));
    assert_eq!(verdict(&mint, &mint.token("ended", "notes:write", MINUTES)).await, unauthorized("revoked"));
    assert_eq!(
        verdict(&mint, &mint.token("s1", "", MINUTES)).await,
        (StatusCode::FORBIDDEN, "missing scope".to_owned())
    );
    assert_eq!(verdict(&mint, &mint.token("s1", "notes:write", MINUTES)).await, (StatusCode::OK, String::new()));
}

#[tokio::test]
async fn a_principal_learns_of_the_end_of_its_own_session_and_generation_only() {
    let mint = Mint::new();
    let principal = |session| mint.verifier().principal(&mint.token(session, "", MINUTES)).unwrap();
    let (one, other) = (principal("s1"), principal("s2"));
    let is_revoked = |principal: &Principal| principal.revoked().now_or_never().is_some();

    mint.end_session("s1");
    mint.raise_generation(1);
    assert_eq!([is_revoked(&one), is_revoked(&other)], [true, false]);
    mint.raise_generation(2);
    assert!(is_revoked(&other));
    // One that nobody can revoke waits for ever.
    assert!(!is_revoked(&support::principal("reader", &[], None, "aal1")));
}
