//! What every request gets, whoever answers it: a limit on its time, headers that tell browsers to keep to what was meant,
//! and a problem document even where a handler panics.

use std::{any::Any, time::Duration};

use axum::{
    Router,
    extract::Request,
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use portcullis::http::Problem;
use tower_http::catch_panic::CatchPanicLayer;

/// How long a request may take, its body included.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// On every answer, unless it says otherwise: no guessing of types, no framing, no use by other sites.
const SECURITY_HEADERS: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// For a year, browsers are to reach this host by https alone (RFC 6797).
const HTTPS_ONLY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// These routes with all of that around them. Where people reach them by https, browsers are told to keep to it.
pub(crate) fn around(routes: Router, by_https: bool) -> Router {
    let routes = routes
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn(limit_time))
        .layer(middleware::map_response(secure));
    if by_https { routes.layer(middleware::map_response(keep_to_https)) } else { routes }
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

async fn keep_to_https(mut response: Response) -> Response {
    response.headers_mut().entry(header::STRICT_TRANSPORT_SECURITY).or_insert(HTTPS_ONLY);
    response
}

/// The panic hook has logged where.
fn panicked(_: Box<dyn Any + Send>) -> Response {
    Problem::internal().into_response()
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::HeaderMap, routing::get};
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;

    async fn answer(routes: Router) -> (StatusCode, HeaderMap, String) {
        let request = Request::get("/").body(Body::empty()).unwrap();
        let (head, body) = around(routes, false).oneshot(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (head.status, head.headers, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_panic_is_a_problem_document_that_tells_nothing() {
        let routes = Router::new().route("/", get(|| async { panic!("a secret") as &'static str }));
        let (status, headers, body) = answer(routes).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json");
        assert!(body.contains(r#""code":"internal""#) && !body.contains("secret"), "{body}");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    }

    #[tokio::test]
    async fn hd_2_whoever_comes_by_https_is_told_to_keep_to_it() {
        for (by_https, expected) in [(true, Some(&HTTPS_ONLY)), (false, None)] {
            let service = around(Router::new(), by_https);
            let answer = service.oneshot(Request::get("/").body(Body::empty()).unwrap()).await.unwrap();
            assert_eq!(answer.headers().get(header::STRICT_TRANSPORT_SECURITY), expected);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_takes_too_long_is_given_up() {
        let routes = Router::new().route("/", get(std::future::pending::<&'static str>));
        let (status, headers, body) = answer(routes).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(headers[header::RETRY_AFTER], "30");
        assert!(body.contains(r#""code":"unavailable""#), "{body}");
    }
}
