//! No way to spell a path gets by with less than the rule of the path it could be read as.

use http::{Method, Request, StatusCode};
use portcullis::guard::{AuthLayer, RouteRule};
use proptest::prelude::*;

use crate::support::{Doorman, caller, get, get_as, guard};

const FORBIDDEN: Result<String, StatusCode> = Err(StatusCode::FORBIDDEN);

#[tokio::test]
async fn a_harmless_escape_in_a_parameter_works_for_every_rule() {
    let guard = guard()
        .exclude("/open/{name}")
        .rule(Method::GET, "/maybe/{name}", RouteRule::optional())
        .rule(Method::GET, "/shut/{name}", RouteRule::scopes(["reports:read"]))
        .exclude("/caf%C3%A9/%20")
        .build()
        .unwrap();
    for path in ["/open/a%20b", "/open/J%C3%BCrgen", "/open/%3F", "/maybe/%C3%BC", "/open/%2B%3b", "/caf%C3%A9/%20"] {
        assert_eq!(caller(&guard, get(path)).await, Ok("nobody".to_owned()), "{path}");
    }
    assert_eq!(caller(&guard, get_as("reader", "/shut/%20")).await, Ok("reader".to_owned()));
    assert_eq!(caller(&guard, get_as("timeless", "/shut/%20")).await, FORBIDDEN);
    // Another spelling of the excluded one, and one that its router would not match.
    assert_eq!(caller(&guard, get("/caf%c3%a9/%20")).await, Err(StatusCode::UNAUTHORIZED));
}

#[tokio::test]
async fn no_spelling_weakens_a_rule() {
    let guard = guard()
        .rule_for_any("/admin", RouteRule::scopes(["reports:write"]))
        .rule_for_any("/admin/{*path}", RouteRule::scopes(["reports:write"]))
        .rule_for_any("/files/{*path}", RouteRule::authenticated())
        .build()
        .unwrap();
    let spellings = [
        "/admin",
        "/admin/",
        "//admin",
        "/./admin",
        "/x/../admin",
        "/x/..;y/admin",
        "/;x/admin",
        "/;a%2fb/admin",
        "/;%%\\%%2f%35c/%2f%3by/admin//",
        "/%61dmin",
        "/%61dm%69n/",
        "/%2561dmin",
        "/%%36%31dmin",
        "/admin%2Fx",
        "/admin/%2e%2e/x",
        "/admin/../x",
        "/%61dmin/../x",
        "/files/../admin",
        "/files/%2e%2e/admin",
        "/files/..%2fadmin",
        "/files/..%5cadmin",
        "/files/%252e%252e/admin",
        "/files/..%252f%61dmin",
        "/%2Fadmin",
        "/%5cadmin",
        "/%2e/admin",
        "/files/x//../../admin/y",
        "//admin/%2e%2e%2fx",
    ];
    for path in spellings {
        assert_eq!(caller(&guard, get_as("reader", path)).await, FORBIDDEN, "{path}");
        assert_eq!(caller(&guard, get_as("strong", path)).await, Ok("strong".to_owned()), "{path}");
    }
    assert_eq!(caller(&guard, get_as("reader", "/files/%61dmin")).await, Ok("reader".to_owned()));
}

#[tokio::test]
async fn a_path_that_could_lead_anywhere_meets_every_rule() {
    let guard = guard()
        .exclude("/open/{*path}")
        .rule_for_any("/b/{*path}", RouteRule::authenticated())
        .rule_for_any("/b/admin", RouteRule::scopes(["reports:write"]))
        .build()
        .unwrap();
    // What some readers make `/b/admin` of, and others something else.
    let spellings = [
        "/b//../admin",
        "/b/./../b/admin",
        "/b/;/../admin",
        "/b/x%2fy/../admin",
        "/b/x%2Fy/%2e%2e/admin",
        "/b/x%252fy/%2e%2e/%61dmin",
        "/b/x%252fy%2f%2e%2e/admin",
        "/b/x\\y/../admin",
        "/b/..%3Bx/b/admin",
        "/open/..%3Bx/b/admin",
        "/%2f%3bx%252fy/b/admin",
    ];
    for path in spellings {
        assert_eq!(caller(&guard, get(path)).await, Err(StatusCode::UNAUTHORIZED), "{path}");
        assert_eq!(caller(&guard, get_as("reader", path)).await, FORBIDDEN, "{path}");
        assert_eq!(caller(&guard, get_as("strong", path)).await, Ok("strong".to_owned()), "{path}");
    }
    assert_eq!(caller(&guard, get_as("reader", "/b/x%2Fy")).await, Ok("reader".to_owned()));
}

#[tokio::test]
async fn no_spelling_of_a_guarded_path_is_public_where_the_default_is() {
    let guard = guard()
        .default_rule(RouteRule::public())
        .rule_for_any("/admin", RouteRule::authenticated())
        .rule_for_any("/admin/{*path}", RouteRule::authenticated())
        .build()
        .unwrap();
    assert_eq!(caller(&guard, get("/other")).await, Ok("nobody".to_owned()));
    for path in ["/admin", "/admin/", "//admin", "/%61dmin", "/%61dmin/", "/x/../admin", "/x/..", "/admin/%20"] {
        assert_eq!(caller(&guard, get(path)).await, Err(StatusCode::UNAUTHORIZED), "{path}");
    }
}

#[tokio::test]
async fn the_default_rule_holds_on_spellings_of_a_path_without_a_rule() {
    let guard = guard()
        .default_rule(RouteRule::scopes(["reports:write"]))
        .rule_for_any("/files/{*path}", RouteRule::authenticated())
        .build()
        .unwrap();
    for path in ["/files/../other", "/files/%2e%2e/other", "/files/..%2fother"] {
        assert_eq!(caller(&guard, get_as("reader", path)).await, FORBIDDEN, "{path}");
    }
}

fn excluding() -> AuthLayer<Doorman> {
    guard().exclude("/open/{name}").exclude("/open").build().unwrap()
}

pub(crate) fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "/", "/", "/", "open", "open", "shut", ".", "..", "%2e", "%2E", "%2f", "%5c", "%6f", "%6fpen", "%25", "%",
        "2e", "6f", ";", ";x", "a", "%20", "%C3%BC", "%FF", "%00", "~", "*", "?", "#",
    ]);
    prop::collection::vec(piece, 0..12).prop_map(|pieces| format!("/{}", pieces.concat()))
}

proptest! {
    #[test]
    fn only_the_two_excluded_shapes_are_ever_public(path in pieces()) {
        let Ok(request) = Request::get(&path).body(String::new()) else { return Ok(()) };
        let seen = request.uri().path().to_owned();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let passed = runtime.block_on(caller(&excluding(), request)) == Ok("nobody".to_owned());
        let plain_name = |name: &str| {
            let decoded = name.replace("%20", " ").replace("%C3%BC", "ü").replace("%6f", "o");
            !name.is_empty() && !name.contains('/') && !decoded.contains('%') && !matches!(name, "." | "..")
                && !name.starts_with(';') && !name.starts_with(".;") && !name.starts_with("..;")
        };
        let expected = seen == "/open" || seen.strip_prefix("/open/").is_some_and(plain_name);
        prop_assert_eq!(passed, expected, "{}", seen);
    }

    #[test]
    fn no_path_panics(path in "/\\PC{0,40}") {
        if let Ok(request) = Request::get(path).body(String::new()) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            _ = runtime.block_on(caller(&excluding(), request));
        }
    }
}
