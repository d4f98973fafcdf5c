//! What every request gets, whoever answers it: an id, a line in the log, a limit on its time, headers that tell
//! browsers to keep to what was meant, and a problem document even where a handler panics.

use std::{
    any::Any,
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use portcullis::{
    account::time_ordered_uuid,
    clock::{Clock, SystemClock},
    http::Problem,
};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;

/// How long a request may take, its body included.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// The longest id that is taken from a client.
const REQUEST_ID_MAX: usize = 64;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// On every answer, unless it says otherwise: no guessing of types, no framing, no use by other sites.
const SECURITY_HEADERS: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// These routes with all of that around them.
pub(crate) fn around(routes: Router) -> Router {
    routes
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn(limit_time))
        .layer(middleware::map_response(secure))
        .layer(middleware::from_fn(identify))
}

/// Gives the request an id, which the answer tells, and logs how it was answered: the path, but never the query.
async fn identify(mut request: Request, next: Next) -> Response {
    let id = id_of(request.headers());
    let span = tracing::info_span!(
        "request",
        id = id.to_str().unwrap_or_default(),
        method = request.method().as_str(),
        path = request.uri().path(),
    );
    request.headers_mut().insert(REQUEST_ID, id.clone());
    let started = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let latency_ms = started.elapsed().as_secs_f64() * 1000.0;
    span.in_scope(|| tracing::info!(status = response.status().as_u16(), latency_ms, "answered"));
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

/// The client's own id, if it is short and plain; otherwise a new one.
fn id_of(headers: &HeaderMap) -> HeaderValue {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    let given = headers.get(REQUEST_ID);
    let given = given.filter(|id| (1..=REQUEST_ID_MAX).contains(&id.len()) && id.as_bytes().iter().all(is_plain));
    let new = || HeaderValue::try_from(time_ordered_uuid(SystemClock.now()).to_string());
    given.cloned().or_else(|| new().ok()).unwrap_or(HeaderValue::from_static("-"))
}

async fn limit_time(request: Request, next: Next) -> Response {
    tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await.unwrap_or_else(|_| {
        let detail = "the request took too long";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail)
            .retry_after(REQUEST_TIMEOUT)
            .into_response()
    })
}

async fn secure(mut response: Response) -> Response {
    for (name, value) in SECURITY_HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// The panic hook has logged where.
fn panicked(_: Box<dyn Any + Send>) -> Response {
    Problem::internal().into_response()
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, routing::get};
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;

    async fn answer(routes: Router, id: &str) -> (StatusCode, HeaderMap, String) {
        let request = Request::get("/").header(REQUEST_ID, id).body(Body::empty()).unwrap();
        let (head, body) = around(routes).oneshot(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (head.status, head.headers, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_panic_is_a_problem_document_that_tells_nothing() {
        let routes = Router::new().route("/", get(|| async { panic!("a secret") as &'static str }));
        let (status, headers, body) = answer(routes, "one").await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json");
        assert!(body.contains(r#""code":"internal""#) && !body.contains("secret"), "{body}");
        assert_eq!(headers[REQUEST_ID], "one");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_takes_too_long_is_given_up() {
        let routes = Router::new().route("/", get(std::future::pending::<&'static str>));
        let (status, headers, body) = answer(routes, "two").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(headers[header::RETRY_AFTER], "30");
        assert!(body.contains(r#""code":"unavailable""#), "{body}");
    }

    #[tokio::test]
    async fn only_a_short_and_plain_id_is_taken_from_a_client() {
        let routes = Router::new().route("/", get(|| async {}));
        for (given, taken) in
            [("A-z_0.9", true), (&"a".repeat(64), true), (&"a".repeat(65), false), ("", false), ("a b", false)]
        {
            let (_, headers, _) = answer(routes.clone(), given).await;
            assert_eq!(headers[REQUEST_ID] == given, taken, "{given}");
            assert!(!headers[REQUEST_ID].is_empty());
        }
    }
}
