//! The guard's verdict against what happens behind it: over generated paths, through axum's router, through hyper's
//! parser, and through layers that rewrite paths in every way that is usual, nobody reaches a handler who has less than
//! it asks for.

use std::sync::LazyLock;

use axum::{Router, body::Body, routing::any};
use bytes::Bytes;
use http::{Method, Request, StatusCode, Uri, uri::PathAndQuery};
use http_body_util::BodyExt;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use portcullis::guard::{AuthLayer, AuthLayerBuilder, RouteRule};
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::{Layer, ServiceBuilder, ServiceExt};

use crate::support::{Doorman, guard};

/// What a route asks for, from the least to the most.
const PUBLIC: &str = "public";
const OPTIONAL: &str = "optional";
const GUARDED: &str = "guarded";
const READ: &str = "read";
const WRITE: &str = "write";

/// Each route, and what it asks for. Some are below a wider one that asks for less.
const ROUTES: [(&str, &str); 12] = [
    ("/open", PUBLIC),
    ("/open/{name}", PUBLIC),
    ("/open/admin", WRITE),
    ("/static/{*file}", PUBLIC),
    ("/static/private", WRITE),
    ("/static/private/{*file}", WRITE),
    ("/maybe/{name}", OPTIONAL),
    ("/maybe/admin", READ),
    ("/read", READ),
    ("/write", WRITE),
    ("/write/{*path}", WRITE),
    ("/guarded", GUARDED),
];

/// Left to an expression where there are some.
const PAGES: [(&str, &str); 4] =
    [("/pages", PUBLIC), ("/pages/", PUBLIC), ("/pages/{*path}", PUBLIC), ("/pages/admin", WRITE)];

fn rule(asks: &str) -> RouteRule {
    match asks {
        PUBLIC => RouteRule::public(),
        OPTIONAL => RouteRule::optional(),
        READ => RouteRule::scopes(["reports:read"]),
        WRITE => RouteRule::scopes(["reports:write"]),
        _ => RouteRule::authenticated(),
    }
}

static GUARD: LazyLock<AuthLayer<Doorman>> = LazyLock::new(guarding);
static ROUTER: LazyLock<Router> = LazyLock::new(router);

fn guarding() -> AuthLayer<Doorman> {
    let state = |guard: AuthLayerBuilder<Doorman>, (path, asks): (&str, &str)| guard.rule_for_any(path, rule(asks));
    let guard = ROUTES.into_iter().fold(guard(), state);
    #[cfg(feature = "regex")]
    let guard = state(guard.exclude_regex("/pages(/.*)?"), PAGES[3]);
    #[cfg(not(feature = "regex"))]
    let guard = PAGES.into_iter().fold(guard, state);
    guard.build().unwrap()
}

/// Each handler answers with what its route asks for.
fn router() -> Router {
    let route =
        |router: Router, (path, asks): (&'static str, &'static str)| router.route(path, any(async move || asks));
    ROUTES.into_iter().chain(PAGES).fold(Router::new(), route).fallback(async || GUARDED)
}

/// What layers further in, file servers and proxies do to a path before somebody acts on it.
const REWRITES: [fn(&str) -> String; 10] = [
    str::to_owned,
    |path| path.trim_end_matches('/').to_owned(),
    |path| path.replace("//", "/"),
    decoded,
    |path| decoded(&decoded(path)),
    walked,
    |path| walked(&decoded(path)),
    |path| walked(&decoded(path).replace('\\', "/")),
    |path| without_parameters(path),
    |path| walked(&without_parameters(&decoded(&decoded(path)))),
];

fn decoded(path: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = path.as_bytes();
    while let [first, tail @ ..] = rest {
        let escape = path_byte(rest);
        bytes.push(escape.unwrap_or(*first));
        rest = if escape.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn path_byte(rest: &[u8]) -> Option<u8> {
    let digits = rest.strip_prefix(b"%")?.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
    u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

fn walked(path: &str) -> String {
    let mut segments = Vec::new();
    for segment in path.split('/').filter(|segment| !matches!(*segment, "" | ".")) {
        if segment == ".." {
            segments.pop();
        } else {
            segments.push(segment);
        }
    }
    format!("/{}", segments.join("/"))
}

fn without_parameters(path: &str) -> String {
    path.split('/').map(|segment| segment.split(';').next().unwrap()).collect::<Vec<_>>().join("/")
}

/// A path as a URI, with as few escapes as it needs.
fn uri(path: &str) -> Uri {
    let escaped = |byte: u8| match byte {
        b'?' | b'#' | b'%' | b'"' | b'<' | b'>' | b'`' => format!("%{byte:02X}"),
        byte if byte.is_ascii_graphic() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    let text: String = path.bytes().map(escaped).collect();
    let text = if text.starts_with('/') { text } else { format!("/{text}") };
    let mut parts = http::uri::Parts::default();
    parts.path_and_query = Some(PathAndQuery::try_from(text).unwrap());
    Uri::from_parts(parts).unwrap()
}

/// Whether one with this token may reach a handler that asks for this.
fn may_reach(token: Option<&str>, asks: &str) -> bool {
    match token {
        None => matches!(asks, PUBLIC | OPTIONAL),
        Some("timeless") => !matches!(asks, READ | WRITE),
        Some("reader") => asks != WRITE,
        Some(_) => true,
    }
}

/// What the handler asks for that answered, if one did.
async fn reached(rewrite: fn(&str) -> String, request: Request<Body>) -> Option<String> {
    let service = ServiceBuilder::new().layer(GUARD.clone()).map_request(move |mut request: Request<Body>| {
        // The very path where nothing is rewritten.
        if request.uri().path() != rewrite(request.uri().path()) {
            *request.uri_mut() = uri(&rewrite(request.uri().path()));
        }
        request
    });
    let response = service.service(ROUTER.clone()).oneshot(request).await.unwrap();
    if response.status() != StatusCode::OK {
        return None;
    }
    let body = response.into_body().collect().await.unwrap().to_bytes();
    Some(String::from_utf8(body.to_vec()).unwrap())
}

/// A request line as it stands on the wire, through hyper's parser.
async fn over_the_wire(target: &[u8]) -> Vec<u8> {
    let (mut near, far) = tokio::io::duplex(1 << 16);
    let service = TowerToHyperService::new(GUARD.layer(ROUTER.clone()));
    let server = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(far), service);
    let client = async {
        let request = [b"GET ", target, b" HTTP/1.1\r\nhost: a.example\r\nconnection: close\r\n\r\n"].concat();
        near.write_all(&request).await.unwrap();
        let mut answer = Vec::new();
        near.read_to_end(&mut answer).await.unwrap();
        answer
    };
    tokio::join!(async { _ = server.await }, client).1
}

fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "/",
        "/",
        "/",
        "/",
        "//",
        "open",
        "open",
        "static",
        "static",
        "private",
        "maybe",
        "read",
        "write",
        "admin",
        "pages",
        "guarded",
        ".",
        "..",
        "/..",
        "/../",
        "%2e",
        "%2E%2e",
        "%2f",
        "%5c",
        "\\",
        "%6fpen",
        "%61dmin",
        "wr%69te",
        "%2577rite",
        "%252e%252e",
        "%252f",
        "%25",
        "%",
        ";",
        ";x",
        "..;",
        "a",
        "%20",
        "%C3%BC",
        "%FF",
        "%00",
        "%0a",
        "~",
    ]);
    prop::collection::vec(piece, 0..10).prop_map(|pieces| format!("/{}", pieces.concat()))
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

proptest! {
    #[test]
    fn nobody_reaches_a_handler_that_asks_for_more(path in pieces()) {
        block_on(async {
            for token in [None, Some("timeless"), Some("reader"), Some("strong")] {
                for (index, rewrite) in REWRITES.into_iter().enumerate() {
                    let Ok(mut request) = Request::get(&path).body(Body::empty()) else { return Ok(()) };
                    if let Some(token) = token {
                        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
                    }
                    if let Some(asks) = reached(rewrite, request).await {
                        prop_assert!(may_reach(token, &asks), "{token:?} reached {asks} by {path}, rewrite {index}");
                    }
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn no_bytes_on_the_wire_reach_a_guarded_handler(path in pieces(), odd in prop::collection::vec(prop::num::u8::ANY, 0..3)) {
        for target in [path.as_bytes().to_vec(), [path.as_bytes(), &odd].concat(), [b"http://b.example", path.as_bytes()].concat()] {
            let answer = block_on(over_the_wire(&target));
            let answer = String::from_utf8_lossy(&answer);
            let reached = answer.starts_with("HTTP/1.1 200");
            prop_assert!(!reached || answer.ends_with(PUBLIC) || answer.ends_with(OPTIONAL), "{:?}: {}", target, answer);
        }
    }
}

#[tokio::test]
async fn every_route_is_reached_by_its_own_path() {
    for (path, asks) in ROUTES.into_iter().chain(PAGES) {
        let path = path.replace(['{', '}', '*'], "");
        let token = if matches!(asks, PUBLIC | OPTIONAL) { "" } else { "Bearer strong" };
        let mut request = Request::get(&path).body(Body::empty()).unwrap();
        if !token.is_empty() {
            request.headers_mut().insert("authorization", token.parse().unwrap());
        }
        assert_eq!(reached(str::to_owned, request).await.as_deref(), Some(asks), "{path}");
        let answer = over_the_wire(path.as_bytes()).await;
        assert_eq!(answer.starts_with(b"HTTP/1.1 200"), token.is_empty(), "{path}");
    }
}

/// A layer inside `nest` sees what is left of the path, so its patterns are about that. One outside sees all of it.
#[tokio::test]
async fn a_guard_inside_a_nested_router_sees_what_is_left_of_the_path() {
    let inner = || Router::new().route("/status", any(async || "status")).route("/users", any(async || "users"));
    let inside = Router::new().nest("/api", inner().layer(guard().exclude("/status").build().unwrap()));
    let outside = Router::new().nest("/api", inner()).layer(guard().exclude("/api/status").build().unwrap());
    let wrong = Router::new().nest("/api", inner().layer(guard().exclude("/api/status").build().unwrap()));
    for (router, path, status) in [
        (&inside, "/api/status", 200),
        (&inside, "/api/users", 401),
        (&outside, "/api/status", 200),
        (&outside, "/api/users", 401),
        (&wrong, "/api/status", 401),
        (&wrong, "/api/users", 401),
    ] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        assert_eq!(router.clone().oneshot(request).await.unwrap().status(), status, "{path}");
    }
}

/// As a `layer` the guard answers before an unknown path is not found; as a `route_layer` after.
#[tokio::test]
async fn an_unknown_path_is_401_behind_a_layer_and_404_behind_a_route_layer() {
    let known = || Router::new().route("/known", any(async || "known"));
    let layered = known().layer(guarding());
    let route_layered = known().route_layer(guarding());
    for (router, path, status) in [
        (&layered, "/unknown", 401),
        (&route_layered, "/unknown", 404),
        (&layered, "/known", 401),
        (&route_layered, "/known", 401),
    ] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        assert_eq!(router.clone().oneshot(request).await.unwrap().status(), status, "{path}");
    }
}

/// Axum answers HEAD from the handler of GET.
#[tokio::test]
async fn head_reaches_no_get_handler_that_get_does_not() {
    let router = Router::new().route("/report", axum::routing::get(async || "report"));
    let router = router.layer(guard().rule(Method::GET, "/report", rule(READ)).build().unwrap());
    for method in [Method::GET, Method::HEAD] {
        let request = Request::builder().method(method).uri("/report").body(Body::from(Bytes::new())).unwrap();
        assert_eq!(router.clone().oneshot(request).await.unwrap().status(), 401);
    }
}

/// A rule that a route puts into the extensions is there only after routing, so a guard before that does not see it and
/// asks for a principal. One behind it does.
#[tokio::test]
async fn a_rule_of_a_route_is_seen_by_a_guard_behind_it_and_not_by_one_before_routing() {
    let route = || Router::new().route("/elsewhere", any(async || "open"));
    let public = axum::Extension(RouteRule::public());
    let before = route().route_layer(public.clone()).layer(guarding());
    let behind = route().route_layer(guarding()).route_layer(public);
    for (router, path, status) in [(before, "/elsewhere", 401), (behind, "/elsewhere", 200)] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        assert_eq!(router.oneshot(request).await.unwrap().status(), status, "{path}");
    }
}
