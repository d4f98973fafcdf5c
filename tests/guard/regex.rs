//! Exclusion by regular expression.

use http::{Method, StatusCode};
use portcullis::guard::{AuthLayer, RouteRule};

use crate::support::{Doorman, caller, get, get_as, guard, request};

async fn passes(guard: &AuthLayer<Doorman>, path: &str) -> bool {
    caller(guard, get(path)).await == Ok("nobody".to_owned())
}

#[tokio::test]
async fn an_expression_is_anchored_at_both_ends() {
    let guard = guard().exclude_regex("/schema(/.*)?").exclude_regex("/a|/b").build().unwrap();
    for path in ["/schema", "/schema/", "/schema/x.json", "/schema?x=/y", "/a", "/b"] {
        assert!(passes(&guard, path).await, "{path}");
    }
    for path in ["/", "/schemas", "/x/schema", "/Schema", "/schema-x", "/ax", "/x/b", "/x?/schema"] {
        assert!(!passes(&guard, path).await, "{path}");
    }
    assert_eq!(caller(&guard, request(Method::POST, "/schema", None)).await, Ok("nobody".to_owned()));
}

#[tokio::test]
async fn each_expression_is_one_of_its_own() {
    let guard = guard().exclude_regex("(?i)/loud").exclude_regex("/quiet").build().unwrap();
    for (path, is_public) in [("/LOUD", true), ("/quiet", true), ("/QUIET", false), ("", false)] {
        assert_eq!(passes(&guard, &format!("http://a.example{path}")).await, is_public, "{path}");
    }
}

#[tokio::test]
async fn a_search_is_what_litestar_does() {
    let guard = guard().exclude_regex_search("/login").build().unwrap();
    for path in ["/login", "/a/login", "/loginx", "/login-history", "/login/x"] {
        assert!(passes(&guard, path).await, "{path}");
    }
    for path in ["/", "/a/%6cogin", "/p/..", "/login/../admin", "//login", "/login//", "/x/login%2fy", "/?x=/login"] {
        assert!(!passes(&guard, path).await, "{path}");
    }
}

#[tokio::test]
async fn a_path_not_in_normal_form_is_never_excluded() {
    let guard = guard().exclude_regex("/open/.*").exclude_regex_search("static").build().unwrap();
    for path in ["/open/x", "/open/a%20b", "/open/J%C3%BCrgen", "/static", "/x/static/y"] {
        assert!(passes(&guard, path).await, "{path}");
    }
    let odd = [
        "//open/x",
        "/open//x",
        "/open/./x",
        "/open/../admin",
        "/open/%2e%2e/admin",
        "/open/..%2fadmin",
        "/open/%0a",
        "/open/%00",
        "/open/%25",
        "/open/%ff",
        "/open/x\\y",
        "/static/..;/admin",
        "/admin;static/..",
    ];
    for path in odd {
        assert!(!passes(&guard, path).await, "{path}");
    }
}

#[tokio::test]
async fn what_escapes_decode_to_has_to_match_as_well() {
    let guard = guard().exclude_regex("/[^a].*").build().unwrap();
    assert!(passes(&guard, "/public").await);
    for path in ["/admin", "/%61dmin", "/%2561dmin"] {
        assert!(!passes(&guard, path).await, "{path}");
    }
}

#[tokio::test]
async fn an_expression_yields_to_whatever_is_stated() {
    let guard = guard()
        .exclude_regex("/api/.*")
        .rule(Method::GET, "/api/report", RouteRule::scopes(["reports:write"]))
        .rule_for_any("/api/maybe", RouteRule::optional())
        .build()
        .unwrap();
    assert!(passes(&guard, "/api/login").await);
    for path in ["/api/report", "/api/report/", "/api/%72eport"] {
        assert_eq!(caller(&guard, get(path)).await, Err(StatusCode::UNAUTHORIZED), "{path}");
        assert_eq!(caller(&guard, get_as("reader", path)).await, Err(StatusCode::FORBIDDEN), "{path}");
    }
    let post = request(Method::POST, "/api/report", None);
    assert_eq!(caller(&guard, post).await, Err(StatusCode::UNAUTHORIZED));
    assert_eq!(caller(&guard, get_as("forged", "/api/maybe")).await, Err(StatusCode::UNAUTHORIZED));
}

/// An expression knows nothing of routes. Patterns do.
#[tokio::test]
async fn an_expression_takes_a_parameter_for_any_other_text_and_a_pattern_in_the_table_sets_that_right() {
    let loose = guard().exclude_regex("/api/[a-z]/login").build().unwrap();
    assert!(passes(&loose, "/api/u/login").await);
    let right = guard()
        .exclude_regex("/api/[a-z]/login")
        .rule_for_any("/api/u/{id}", RouteRule::authenticated())
        .build()
        .unwrap();
    assert!(!passes(&right, "/api/u/login").await);
    assert!(passes(&right, "/api/v/login").await);
}
