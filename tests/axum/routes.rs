//! Which rule holds for which request, on one router.

use axum::routing::{MethodFilter, any, get as on_get, head, on, post};
use http::{Method, StatusCode};
use portcullis::{axum::GuardedRouter, guard::RouteRule};

use crate::support::{ask, by, get, guard, guard_builder, request, send, whoami};

fn notes() -> GuardedRouter {
    GuardedRouter::new()
        .route("/", on_get(whoami), RouteRule::public())
        .route("/home", on_get(whoami), RouteRule::optional())
        .route("/notes", on_get(whoami), RouteRule::scopes(["notes:read"]))
        .route("/notes", post(whoami), RouteRule::scopes(["notes:write"]))
}

#[tokio::test]
async fn every_route_has_its_own_rule() {
    let app = notes().guard(guard());
    assert_eq!(get(&app, "/", Some("forged")).await, by("nobody"));
    assert_eq!(get(&app, "/home", None).await, by("nobody"));
    assert_eq!(get(&app, "/home", Some("reader")).await, by("reader"));
    assert_eq!(get(&app, "/home", Some("forged")).await, Err(401));
    assert_eq!(get(&app, "/notes", None).await, Err(401));
    assert_eq!(get(&app, "/notes", Some("reader")).await, by("reader"));
    assert_eq!(get(&app, "/notes", Some("tenant")).await, Err(403));
}

#[tokio::test]
async fn methods_of_one_path_have_rules_of_their_own() {
    let app = notes().guard(guard());
    assert_eq!(ask(&app, Method::POST, "/notes", Some("reader")).await, Err(403));
    assert_eq!(ask(&app, Method::POST, "/notes", Some("writer")).await, by("writer"));
}

#[tokio::test]
async fn head_follows_get_unless_it_has_a_handler_of_its_own() {
    let app = notes().guard(guard());
    assert_eq!(ask(&app, Method::HEAD, "/notes", None).await, Err(401));
    assert_eq!(ask(&app, Method::HEAD, "/notes", Some("tenant")).await, Err(403));
    assert_eq!(ask(&app, Method::HEAD, "/notes", Some("reader")).await, by(""));
    assert_eq!(ask(&app, Method::HEAD, "/", None).await, by(""));
    let app = notes().route("/notes", head(whoami), RouteRule::scopes(["notes:write"])).guard(guard());
    assert_eq!(ask(&app, Method::HEAD, "/notes", Some("reader")).await, Err(403));
    assert_eq!(get(&app, "/notes", Some("reader")).await, by("reader"));
}

#[tokio::test]
async fn an_unknown_path_is_401_before_it_is_404() {
    for app in [notes().guard(guard()), GuardedRouter::new().guard(guard())] {
        for path in ["/nowhere", "/notes/", "/Notes", "//notes", "/n%6ftes", "/x/../notes"] {
            assert_eq!(get(&app, path, None).await, Err(401), "{path}");
            assert_eq!(get(&app, path, Some("reader")).await, Err(404), "{path}");
        }
    }
}

#[tokio::test]
async fn a_fallback_states_what_it_asks() {
    let app = notes().fallback(whoami, RouteRule::scopes(["notes:write"])).guard(guard());
    assert_eq!(get(&app, "/nowhere", None).await, Err(401));
    assert_eq!(get(&app, "/nowhere", Some("reader")).await, Err(403));
    assert_eq!(get(&app, "/nowhere", Some("writer")).await, by("writer"));
    let app = notes().fallback(async || StatusCode::NOT_FOUND, RouteRule::public()).guard(guard());
    assert_eq!(get(&app, "/nowhere", None).await, Err(404));
    assert_eq!(get(&app, "//nowhere", None).await, Err(401), "not in normal form");
}

#[tokio::test]
async fn a_method_without_a_handler_is_guarded_and_then_405() {
    let app = notes().guard(guard());
    let methods = [Method::PUT, Method::OPTIONS, Method::TRACE, Method::from_bytes(b"get").unwrap()];
    for method in methods {
        assert_eq!(ask(&app, method.clone(), "/", None).await, Err(405));
        assert_eq!(ask(&app, method.clone(), "/notes", None).await, Err(401), "{method}");
        // Of the two rules of that path, the later one.
        assert_eq!(ask(&app, method.clone(), "/notes", Some("reader")).await, Err(403), "{method}");
        let answer = send(app.clone(), request(method, "/notes", Some("writer"))).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(answer.allow(), ["GET", "HEAD", "POST"]);
    }
}

#[tokio::test]
async fn a_405_can_be_for_everyone() {
    let app = notes().method_not_allowed_fallback(async || (StatusCode::METHOD_NOT_ALLOWED, "no")).guard(guard());
    for token in [None, Some("forged"), Some("reader")] {
        let answer = send(app.clone(), request(Method::PUT, "/notes", token)).await;
        assert_eq!((answer.status, answer.text.as_str()), (StatusCode::METHOD_NOT_ALLOWED, "no"));
        assert_eq!(answer.allow(), ["GET", "HEAD", "POST"]);
        assert_eq!(get(&app, "/nowhere", None).await, Err(401));
    }
}

#[tokio::test]
async fn no_method_gets_around_the_rule_of_a_route_that_takes_all() {
    let own_fallback = on_get(whoami).fallback(whoami);
    let router = GuardedRouter::new()
        .route("/any", any(whoami), RouteRule::scopes(["notes:write"]))
        .route("/own", own_fallback, RouteRule::scopes(["notes:write"]))
        .route("/on", on(MethodFilter::GET.or(MethodFilter::PUT), whoami), RouteRule::scopes(["notes:write"]))
        .method_not_allowed_fallback(async || StatusCode::METHOD_NOT_ALLOWED);
    let app = router.guard(guard());
    for method in ["GET", "PUT", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get"] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        for path in ["/any", "/own"] {
            assert_eq!(ask(&app, method.clone(), path, None).await, Err(401), "{method} {path}");
            assert_eq!(ask(&app, method.clone(), path, Some("reader")).await, Err(403), "{method} {path}");
            assert_eq!(ask(&app, method.clone(), path, Some("writer")).await, by("writer"), "{method} {path}");
        }
    }
    assert_eq!(ask(&app, Method::PUT, "/on", Some("reader")).await, Err(403));
    assert_eq!(ask(&app, Method::DELETE, "/on", None).await, Err(405));
}

#[tokio::test]
async fn the_fallback_of_a_route_keeps_its_rule_beside_other_routes_of_the_path() {
    let own = || on_get(whoami).fallback(whoami);
    let router = GuardedRouter::new()
        .route("/first", own(), RouteRule::scopes(["notes:write"]))
        .route("/first", post(whoami), RouteRule::public())
        .route("/last", post(whoami), RouteRule::public())
        .route("/last", own(), RouteRule::scopes(["notes:write"]));
    let app = router.guard(guard());
    for path in ["/first", "/last"] {
        assert_eq!(ask(&app, Method::POST, path, None).await, by("nobody"), "{path}");
        assert_eq!(ask(&app, Method::PUT, path, None).await, Err(401), "{path}");
        assert_eq!(ask(&app, Method::PUT, path, Some("reader")).await, Err(403), "{path}");
    }
}

#[tokio::test]
async fn a_target_that_is_no_path_is_never_public() {
    let app = notes().fallback(whoami, RouteRule::public()).guard(guard());
    for (method, target) in [(Method::CONNECT, "notes.example:443"), (Method::OPTIONS, "*"), (Method::GET, "*")] {
        assert_eq!(ask(&app, method.clone(), target, None).await, Err(401), "{method} {target}");
        assert!(ask(&app, method.clone(), target, Some("reader")).await.is_ok(), "{method} {target}");
    }
}

#[tokio::test]
async fn a_header_that_claims_another_method_changes_nothing() {
    let app = notes().guard(guard());
    let mut request = request(Method::POST, "/notes", Some("reader"));
    for name in ["x-http-method-override", "x-http-method", "x-method-override"] {
        request.headers_mut().insert(name, "GET".parse().unwrap());
    }
    assert_eq!(send(app, request).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn what_the_layer_says_of_paths_weakens_no_route() {
    let layer = || {
        guard_builder()
            .exclude("/notes")
            .exclude("/{any}")
            .exclude("/{any}/{*rest}")
            .default_rule(RouteRule::public())
            .rule(Method::POST, "/other", RouteRule::public())
    };
    for layer in [layer().build().unwrap(), layer().ignore_request_rules().build().unwrap()] {
        let app = notes().guard(layer);
        assert_eq!(get(&app, "/notes", None).await, Err(401));
        assert_eq!(ask(&app, Method::POST, "/notes", Some("reader")).await, Err(403));
        assert_eq!(get(&app, "/nowhere", None).await, Err(401));
        assert_eq!(get(&app, "/", None).await, by("nobody"));
    }
}

#[tokio::test]
async fn a_public_route_is_public_only_in_normal_form() {
    let app = GuardedRouter::new().route("/files/{name}", on_get(whoami), RouteRule::public()).guard(guard());
    assert_eq!(get(&app, "/files/a%20b", None).await, by("nobody"));
    for path in ["/files/..", "/files/%2e%2e", "/files/a%2Fb", "/files/a\\b", "/files/%00"] {
        assert_eq!(get(&app, path, None).await, Err(401), "{path}");
        assert_eq!(get(&app, path, Some("reader")).await, by("reader"), "{path}");
    }
}
