//! Which pages on other origins may call the account routes (the CORS protocol, <https://fetch.spec.whatwg.org/>).

use std::time::Duration;

use axum::{
    Router,
    http::{HeaderName, HeaderValue, Method, header},
};
use portcullis::config::PublicUrl;
use tower_http::cors::{AllowOrigin, CorsLayer};

/// How long a browser remembers that it may ask.
const REMEMBERED: Duration = Duration::from_mins(10);

/// These routes, open to pages of these origins that bring a token of their own. Cookies do not count there: no answer says
/// that a page may be shown what somebody's cookie would have shown it.
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
    routes.layer(cors)
}
