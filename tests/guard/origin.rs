//! Cookies, and the sites that make a browser send them.

use http::{HeaderValue, Method, Request, StatusCode};
use portcullis::guard::{AuthLayer, Rejection, RejectionKind, RouteRule, Source};

use crate::support::{Doorman, caller, get, guard, request, send};

const OWN: &str = "https://notes.example";

fn site() -> AuthLayer<Doorman> {
    guard()
        .sources([Source::bearer(), Source::cookie("token")])
        .own_origins([OWN, "http://localhost:8400"])
        .rule_for_any("/optional", RouteRule::optional())
        .exclude("/public")
        .build()
        .unwrap()
}

fn with(method: Method, path: &str, headers: &[(&'static str, &'static str)]) -> Request<String> {
    let mut request = request(method, path, None);
    request.headers_mut().insert("cookie", HeaderValue::from_static("token=reader"));
    for (name, value) in headers {
        request.headers_mut().append(*name, HeaderValue::from_static(value));
    }
    request
}

/// What a browser may say of where a request comes from, and whether it may change something.
const MATRIX: &[(&[(&str, &str)], bool)] = &[
    (&[("sec-fetch-site", "same-origin")], true),
    (&[("sec-fetch-site", "same-origin"), ("origin", OWN)], true),
    // Where both are there, the one that no privacy setting changes decides.
    (&[("sec-fetch-site", "same-origin"), ("origin", "null")], true),
    (&[("origin", OWN)], true),
    (&[("origin", "http://localhost:8400")], true),
    (&[("sec-fetch-site", "same-site"), ("origin", OWN)], false),
    (&[("sec-fetch-site", "cross-site"), ("origin", OWN)], false),
    (&[("sec-fetch-site", "none"), ("origin", OWN)], false),
    (&[("sec-fetch-site", "")], false),
    (&[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")], false),
    (&[("sec-fetch-site", "Same-Origin")], false),
    (&[], false),
    (&[("origin", "null")], false),
    (&[("origin", "")], false),
    (&[("origin", "https://evil.example")], false),
    (&[("origin", "https://notes.example.evil.example")], false),
    (&[("origin", "https://sub.notes.example")], false),
    (&[("origin", "http://notes.example")], false),
    (&[("origin", "https://notes.example:8443")], false),
    (&[("origin", "https://NOTES.example")], false),
    (&[("origin", OWN), ("origin", OWN)], false),
    (&[("origin", "https://notes.example https://evil.example")], false),
    (&[("referer", "https://notes.example/form")], false),
    (&[("host", "notes.example"), ("x-forwarded-host", "notes.example")], false),
];

#[tokio::test]
async fn cs_2_a_cookie_changes_something_only_from_this_site() {
    let guard = site();
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::from_bytes(b"get").unwrap()] {
        for (headers, passes) in MATRIX {
            let expected = if *passes { Ok("reader".to_owned()) } else { Err(StatusCode::FORBIDDEN) };
            assert_eq!(caller(&guard, with(method.clone(), "/", headers)).await, expected, "{method} {headers:?}");
        }
    }
}

#[tokio::test]
async fn cs_2_a_websocket_changes_something() {
    let guard = site();
    for upgrade in ["websocket", "WebSocket", "foo, websocket"] {
        for (headers, passes) in MATRIX {
            let mut request = with(Method::GET, "/", headers);
            request.headers_mut().insert("upgrade", HeaderValue::from_static(upgrade));
            let expected = if *passes { Ok("reader".to_owned()) } else { Err(StatusCode::FORBIDDEN) };
            assert_eq!(caller(&guard, request).await, expected, "{upgrade} {headers:?}");
        }
    }
    // HTTP/2 opens one with CONNECT.
    let cross = with(Method::CONNECT, "https://notes.example/", &[("origin", "https://evil.example")]);
    assert_eq!(caller(&guard, cross).await, Err(StatusCode::FORBIDDEN));
}

#[tokio::test]
async fn cs_2_reading_is_open_to_every_site_and_so_is_what_uses_no_cookie() {
    let guard = site();
    let cross = [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")];
    for method in [Method::GET, Method::HEAD] {
        assert_eq!(caller(&guard, with(method, "/", &cross)).await, Ok("reader".to_owned()));
    }
    // An explicit credential is nothing that a browser adds by itself, and the cookie beside it does not count.
    let mut explicit = with(Method::POST, "/", &cross);
    explicit.headers_mut().insert("authorization", HeaderValue::from_static("Bearer strong"));
    assert_eq!(caller(&guard, explicit).await, Ok("strong".to_owned()));
    assert_eq!(caller(&guard, with(Method::POST, "/public", &cross)).await, Ok("nobody".to_owned()));

    let mut stranger = with(Method::POST, "/optional", &cross);
    stranger.headers_mut().remove("cookie");
    assert_eq!(caller(&guard, stranger).await, Ok("nobody".to_owned()));
}

#[tokio::test]
async fn cs_2_an_optional_route_refuses_a_cookie_from_elsewhere_too() {
    let request = with(Method::POST, "/optional", &[("sec-fetch-site", "cross-site")]);
    assert_eq!(caller(&site(), request).await, Err(StatusCode::FORBIDDEN));
}

#[tokio::test]
async fn cs_2_without_own_origins_only_the_browsers_own_word_counts() {
    let guard = guard().sources([Source::cookie("token")]).build().unwrap();
    let ask = async |headers: &[_]| caller(&guard, with(Method::POST, "/", headers)).await;
    assert_eq!(ask(&[("sec-fetch-site", "same-origin")]).await, Ok("reader".to_owned()));
    assert_eq!(ask(&[("origin", OWN)]).await, Err(StatusCode::FORBIDDEN));
}

#[tokio::test]
async fn the_answer_says_so_and_asks_for_no_credential() {
    let response = send(&site(), with(Method::POST, "/", &[("origin", "null")])).await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert!(response.body().contains(r#""code":"cross_origin""#), "{}", response.body());
    assert_eq!(response.headers().get("www-authenticate"), None);
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!(response.extensions().get::<Rejection>().unwrap().kind(), &RejectionKind::CrossOrigin);
}

#[tokio::test]
async fn answers_vary_by_what_they_depend_on_unless_every_cache_knows() {
    let guard = site();
    let passed = send(&guard, with(Method::GET, "/", &[])).await;
    let refused = send(&guard, get("/")).await;
    let stranger = send(&guard, get("/optional")).await;
    for response in [passed, refused, stranger] {
        assert_eq!(response.headers()["vary"], "cookie");
    }
    assert_eq!(send(&guard, get("/public")).await.headers().get("vary"), None);

    let plain = self::guard().build().unwrap();
    assert_eq!(send(&plain, get("/")).await.headers().get("vary"), None);

    let x_token = http::HeaderName::from_static("x-token");
    let both =
        self::guard().sources([Source::cookie("a"), Source::header(x_token), Source::cookie("b")]).build().unwrap();
    assert_eq!(send(&both, get("/")).await.headers()["vary"], "cookie, x-token");
}
