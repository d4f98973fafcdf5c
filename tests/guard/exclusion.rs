//! What an exclusion covers, and what it does not.

use http::{HeaderValue, Method, StatusCode, Uri};
use portcullis::guard::{AuthLayer, RouteRule};

use crate::support::{Doorman, caller, get, guard, request};

async fn passes(guard: &AuthLayer<Doorman>, path: &str) -> bool {
    caller(guard, get(path)).await == Ok("nobody".to_owned())
}

#[tokio::test]
async fn without_rules_everything_is_guarded() {
    let guard = AuthLayer::new(Doorman);
    for path in ["/", "/login", "/healthz", "/.well-known/x", "/a/b/c"] {
        assert_eq!(caller(&guard, get(path)).await, Err(StatusCode::UNAUTHORIZED), "{path}");
    }
}

#[tokio::test]
async fn an_exclusion_covers_whole_segments_only() {
    let guard = guard().exclude("/login").exclude("/static/{*file}").exclude("/u/{id}/avatar").build().unwrap();
    for path in ["/login", "/login?next=/", "/static/a", "/static/a/b.css", "/static/a/", "/u/7/avatar"] {
        assert!(passes(&guard, path).await, "{path}");
    }
    let guarded = [
        "/",
        "/login/",
        "/login-history",
        "/loginx",
        "/a/login",
        "/LOGIN",
        "/login;x=1",
        "/static",
        "/static/",
        "/u/7/avatar/",
        "/u/7",
        "/u//avatar",
        "/u/7/8/avatar",
        "/x?/login",
    ];
    for path in guarded {
        assert!(!passes(&guard, path).await, "{path}");
    }
}

#[tokio::test]
async fn a_public_default_still_spares_paths_not_in_normal_form() {
    let guard = guard().default_rule(RouteRule::public()).build().unwrap();
    for path in ["/", "/a", "/a/b/", "/a%20b", "/%C3%BC"] {
        assert!(passes(&guard, path).await, "{path}");
    }
    let odd = [
        "//",
        "/a//b",
        "//a",
        "/a//",
        "/.",
        "/..",
        "/./a",
        "/a/..",
        "/a/%2e%2e/b",
        "/%2E/a",
        "/a%2fb",
        "/a%5Cb",
        "/a/..;/b",
        "/a%252e",
        "/a%00",
        "/a%0a",
        "/a%7F",
        "/a%",
        "/a%4",
        "/a%zz",
        "/a%FF",
        "/a%c0%ae",
        "*",
    ];
    for path in odd {
        assert!(!passes(&guard, path).await, "{path}");
    }
    // A client that puts raw bytes outside ASCII on the wire.
    let raw = Uri::from_maybe_shared(bytes::Bytes::from_static("/a\u{fc}".as_bytes())).unwrap();
    let mut request = get("/");
    *request.uri_mut() = raw;
    assert_eq!(caller(&guard, request).await, Err(StatusCode::UNAUTHORIZED));
}

#[tokio::test]
async fn only_the_path_counts_and_neither_host_nor_query() {
    let guard = guard().exclude("/open").build().unwrap();
    assert!(passes(&guard, "http://example.com/open?x=/shut").await);
    for uri in ["http://example.com/shut?/open", "http://open/", "/shut?/open", "/shut?x=/../open"] {
        assert!(!passes(&guard, uri).await, "{uri}");
    }
    let mut with_host = get("/shut");
    with_host.headers_mut().insert("host", HeaderValue::from_static("example.com/open"));
    with_host.headers_mut().insert("x-original-url", HeaderValue::from_static("/open"));
    with_host.headers_mut().insert("x-forwarded-prefix", HeaderValue::from_static("/open"));
    assert_eq!(caller(&guard, with_host).await, Err(StatusCode::UNAUTHORIZED));
    let connect = request(Method::CONNECT, "example.com:443", None);
    assert_eq!(caller(&guard, connect).await, Err(StatusCode::UNAUTHORIZED));
}

fn options(path: &str, headers: &[(&'static str, &'static str)]) -> http::Request<String> {
    let mut request = request(Method::OPTIONS, path, None);
    for (name, value) in headers {
        request.headers_mut().insert(*name, HeaderValue::from_static(value));
    }
    request
}

const PREFLIGHT: &[(&str, &str)] = &[("origin", "https://a.example"), ("access-control-request-method", "PUT")];

#[tokio::test]
async fn a_real_preflight_passes_and_no_other_options() {
    let guard = guard().rule(Method::OPTIONS, "/shut", RouteRule::scopes(["x"])).build().unwrap();
    assert_eq!(caller(&guard, options("/shut", PREFLIGHT)).await, Ok("nobody".to_owned()));
    for headers in [&[], &PREFLIGHT[..1], &PREFLIGHT[1..]] {
        assert_eq!(caller(&guard, options("/x", headers)).await, Err(StatusCode::UNAUTHORIZED), "{headers:?}");
    }
    for path in ["//shut", "*"] {
        assert_eq!(caller(&guard, options(path, PREFLIGHT)).await, Err(StatusCode::UNAUTHORIZED), "{path}");
    }
    let mut put = options("/x", PREFLIGHT);
    *put.method_mut() = Method::PUT;
    assert_eq!(caller(&guard, put).await, Err(StatusCode::UNAUTHORIZED));
}

#[tokio::test]
async fn excluded_methods_replace_the_preflight_and_none_excludes_none() {
    let none = guard().exclude_methods([]).build().unwrap();
    assert_eq!(caller(&none, options("/x", PREFLIGHT)).await, Err(StatusCode::UNAUTHORIZED));

    let some = guard().exclude_methods([Method::OPTIONS, Method::GET]).build().unwrap();
    for method in [Method::OPTIONS, Method::GET, Method::HEAD] {
        assert_eq!(caller(&some, request(method, "/x", None)).await, Ok("nobody".to_owned()));
    }
    for method in [Method::POST, Method::from_bytes(b"options").unwrap()] {
        assert_eq!(caller(&some, request(method, "/x", None)).await, Err(StatusCode::UNAUTHORIZED));
    }
    assert_eq!(caller(&some, get("/x/../y")).await, Err(StatusCode::UNAUTHORIZED));
}

#[tokio::test]
async fn a_rule_in_the_request_excludes_no_path_out_of_normal_form() {
    let guard = guard().build().unwrap();
    for rule in [RouteRule::public(), RouteRule::optional()] {
        let mut request = get("/a//b");
        request.extensions_mut().insert(rule);
        assert_eq!(caller(&guard, request).await, Err(StatusCode::UNAUTHORIZED));
    }
}
