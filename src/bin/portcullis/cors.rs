//! Which pages on other origins may call the account routes (the CORS protocol, <https://fetch.spec.whatwg.org/>).

use std::time::Duration;

use axum::{
    Router,
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, Method, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use portcullis::config::PublicUrl;
use tower::{Layer, ServiceExt};
use tower_http::cors::{AllowOrigin, CorsLayer};

/// How long a browser remembers that it may ask.
const REMEMBERED: Duration = Duration::from_mins(10);

/// What reverse proxies ask, which take any 200 for a yes.
const FOR_PROXIES: &str = "/auth/verify";

/// These routes, open to pages of these origins that bring a token of their own. A cookie shows such a page nothing, since no
/// answer allows credentials, and changes nothing for it, since the guard minds where it is sent from.
pub(crate) fn open_to(routes: Router, origins: &[PublicUrl]) -> Router {
    if origins.is_empty() {
        return routes;
    }
    let origins = origins.iter().filter_map(|origin| HeaderValue::from_str(&origin.to_string()).ok());
    let cors = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE])
        .expose_headers([header::RETRY_AFTER, header::WWW_AUTHENTICATE, HeaderName::from_static("x-request-id")])
        .max_age(REMEMBERED);
    routes.layer(middleware::from_fn_with_state(cors, open))
}

async fn open(State(cors): State<CorsLayer>, request: Request, next: Next) -> Response {
    if is_for_pages(&request) {
        cors.layer(next).oneshot(request).await.into_response()
    } else {
        next.run(request).await
    }
}

/// The layer answers every `OPTIONS` itself, and it is to answer preflights alone. What has no origin goes through it as
/// well, so that a cache is told that answers differ by that.
fn is_for_pages(request: &Request) -> bool {
    let has = |name| request.headers().contains_key(name);
    let is_preflight = || has(header::ORIGIN) && has(header::ACCESS_CONTROL_REQUEST_METHOD);
    let is_for_proxies = request.extensions().get::<MatchedPath>().is_some_and(|path| path.as_str() == FOR_PROXIES);
    !is_for_proxies && (request.method() != Method::OPTIONS || is_preflight())
}
