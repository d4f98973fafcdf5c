//! What is seen of every request, whoever answers it: an id, a span and a line in the log, and figures.
//!
//! A request is told by the template of its route. What stands in its path may be a secret, and so may its query.

use std::time::Instant;

use ::axum::{
    Router,
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue},
    middleware::{self, Next},
    response::Response,
};
use tracing::{Instrument, field::Empty};

use crate::{
    Portcullis,
    account::{Accounts, time_ordered_uuid},
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that is taken from a client.
const REQUEST_ID_MAX: usize = 64;

/// What stands for the template where no route matched.
const NO_ROUTE: &str = "(none)";

/// These routes with all of that around them.
pub(crate) fn around(portcullis: &Portcullis, routes: Router) -> Router {
    routes.layer(middleware::from_fn_with_state(portcullis.accounts().clone(), watch))
}

async fn watch(State(accounts): State<Accounts>, mut request: Request, next: Next) -> Response {
    let id = id_of(request.headers(), &accounts);
    let (method, matched) = (request.method().clone(), request.extensions().get::<MatchedPath>().cloned());
    let route = matched.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
    let (id_text, method) = (id.to_str().unwrap_or_default(), method.as_str());
    let span = tracing::info_span!("request", id = id_text, method, route, status = Empty);
    request.headers_mut().insert(REQUEST_ID, id.clone());
    let started = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let (took, status) = (started.elapsed(), response.status().as_u16());
    span.record("status", status);
    span.in_scope(|| tracing::info!(latency_ms = took.as_secs_f64() * 1000.0, "answered"));
    accounts.inner().figures.requests.count(method, route, status, took);
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

/// The client's own id, if it is short and plain; otherwise a new one.
fn id_of(headers: &HeaderMap, accounts: &Accounts) -> HeaderValue {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    let given = headers.get(REQUEST_ID);
    let given = given.filter(|id| (1..=REQUEST_ID_MAX).contains(&id.len()) && id.as_bytes().iter().all(is_plain));
    let new = || HeaderValue::try_from(time_ordered_uuid(accounts.now()).to_string());
    given.cloned().or_else(|| new().ok()).unwrap_or(HeaderValue::from_static("-"))
}
