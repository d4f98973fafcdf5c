//! A guard that protects nothing but some paths.

use http::{Method, StatusCode};
use portcullis::guard::RouteRule;

use crate::support::{caller, get, get_as, guard, request};

const UNAUTHORIZED: Result<String, StatusCode> = Err(StatusCode::UNAUTHORIZED);

#[tokio::test]
async fn nothing_but_these_paths_is_protected() {
    let guard = guard().only(["/api/{*rest}", "/admin"]).build().unwrap();
    for path in ["/", "/login", "/apix", "/a/api/x", "/adminx", "/admin/x", "/API/x"] {
        assert_eq!(caller(&guard, get(path)).await, Ok("nobody".to_owned()), "{path}");
    }
    for path in ["/api/x", "/api/x/y", "/api/x/", "/admin"] {
        assert_eq!(caller(&guard, get(path)).await, UNAUTHORIZED, "{path}");
        assert_eq!(caller(&guard, get_as("reader", path)).await, Ok("reader".to_owned()), "{path}");
        assert_eq!(caller(&guard, request(Method::POST, path, None)).await, UNAUTHORIZED, "{path}");
    }
}

#[tokio::test]
async fn what_is_below_a_path_includes_the_path_however_it_is_spelled() {
    let guard = guard().only(["/api/{*rest}", "/admin"]).build().unwrap();
    let spellings = [
        "/api",
        "/api/",
        "/admin/",
        "/%61pi",
        "/%61pi/x",
        "/x/../api/x",
        "//api/x",
        "/./admin",
        "/%2561dmin",
        "/%2Fadmin",
        "/api%2Fx",
        "//",
        "/x//y",
    ];
    for path in spellings {
        assert_eq!(caller(&guard, get(path)).await, UNAUTHORIZED, "{path}");
    }
}

#[tokio::test]
async fn more_and_less_can_be_asked_beside_it() {
    let guard = guard()
        .only(["/api/{*rest}"])
        .rule(Method::GET, "/api", RouteRule::public())
        .exclude("/api/version")
        .rule(Method::DELETE, "/api/{*path}", RouteRule::scopes(["reports:write"]))
        .rule(Method::GET, "/reports", RouteRule::authenticated())
        .build()
        .unwrap();
    assert_eq!(caller(&guard, get("/api")).await, Ok("nobody".to_owned()));
    assert_eq!(caller(&guard, request(Method::POST, "/api", None)).await, UNAUTHORIZED);
    assert_eq!(caller(&guard, get("/api/version")).await, Ok("nobody".to_owned()));
    assert_eq!(caller(&guard, get("/api/x")).await, UNAUTHORIZED);
    let delete = request(Method::DELETE, "/api/x", Some("reader"));
    assert_eq!(caller(&guard, delete).await, Err(StatusCode::FORBIDDEN));
    assert_eq!(caller(&guard, get("/reports")).await, UNAUTHORIZED);
    assert_eq!(caller(&guard, get("/elsewhere")).await, Ok("nobody".to_owned()));
}
