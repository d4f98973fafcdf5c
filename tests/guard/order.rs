//! In which order a request is judged, with real tokens: signature, claims, revocation, rule.

use std::{convert::Infallible, future::ready, time::Duration};

use http::{Request, Response, StatusCode};
use portcullis::guard::{AuthLayer, Rejection, RouteRule};
use tower::{Layer, ServiceExt, service_fn};

use crate::{mint::Mint, support::get_as};

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
