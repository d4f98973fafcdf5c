//! Routers put together: nested, merged, with state.

use axum::{
    Router,
    extract::{Path, State},
    routing::{any, get as on_get, post},
};
use http::{Method, StatusCode, Uri};
use portcullis::{Principal, axum::GuardedRouter, guard::RouteRule};

use crate::support::{ask, by, get, guard, request, send, whoami};

fn notes() -> GuardedRouter {
    GuardedRouter::new()
        .route("/", on_get(whoami), RouteRule::optional())
        .route("/{id}", on_get(whoami), RouteRule::scopes(["notes:read"]))
        .route("/{id}", post(whoami), RouteRule::scopes(["notes:write"]))
}

#[tokio::test]
async fn a_nested_router_keeps_its_rules() {
    let app = GuardedRouter::new()
        .route("/", on_get(whoami), RouteRule::public())
        .nest("/api", GuardedRouter::new().nest("/notes", notes()))
        .guard(guard());
    assert_eq!(get(&app, "/", None).await, by("nobody"));
    assert_eq!(get(&app, "/api/notes", None).await, by("nobody"));
    assert_eq!(get(&app, "/api/notes/7", None).await, Err(401));
    assert_eq!(get(&app, "/api/notes/7", Some("reader")).await, by("reader"));
    assert_eq!(ask(&app, Method::POST, "/api/notes/7", Some("reader")).await, Err(403));
    assert_eq!(ask(&app, Method::HEAD, "/api/notes/7", None).await, Err(401));
    assert_eq!(get(&app, "/api/nowhere", None).await, Err(401));
    assert_eq!(get(&app, "/api/nowhere", Some("reader")).await, Err(404));
    assert_eq!(get(&app, "/notes/7", Some("reader")).await, Err(404));
}

#[tokio::test]
async fn the_guard_judges_the_whole_path_and_the_handler_sees_the_rest_of_it() {
    async fn page(Path(user): Path<String>, uri: Uri) -> String {
        format!("{user} {uri}")
    }
    let inner = GuardedRouter::new().route("/page", on_get(page), RouteRule::public());
    let app = GuardedRouter::new().nest("/of/{user}", inner).guard(guard());
    assert_eq!(get(&app, "/of/ada/page", None).await, by("ada /page"));
    for odd in ["/of/../page", "/of/%2e%2e/page", "/of/a%2Fb/page"] {
        assert_eq!(get(&app, odd, None).await, Err(401), "{odd}");
        assert!(get(&app, odd, Some("reader")).await.is_ok(), "{odd}");
    }
}

#[tokio::test]
async fn a_nested_fallback_answers_below_its_path_under_its_rule() {
    let inner = notes().fallback(async || "inner", RouteRule::scopes(["notes:write"]));
    let router = GuardedRouter::new().nest("/notes", inner);
    let app = router.clone().guard(guard());
    assert_eq!(get(&app, "/notes/7/8", Some("reader")).await, Err(403));
    assert_eq!(get(&app, "/notes/7/8", Some("writer")).await, by("inner"));
    assert_eq!(get(&app, "/elsewhere", None).await, Err(401));
    assert_eq!(get(&app, "/elsewhere", Some("reader")).await, Err(404));
    let app = router.fallback(async || "outer", RouteRule::public()).guard(guard());
    assert_eq!(get(&app, "/elsewhere", None).await, by("outer"));
    assert_eq!(get(&app, "/notes/7/8", None).await, Err(401));
}

#[tokio::test]
async fn merged_routers_keep_their_rules() {
    let pages = GuardedRouter::new().route("/{id}", any(whoami), RouteRule::public());
    let other = GuardedRouter::new().route("/a/b", on_get(whoami), RouteRule::authenticated());
    let fallback = GuardedRouter::new().fallback(async || "fallback", RouteRule::public());
    for app in [
        pages.clone().merge(other.clone()).merge(fallback.clone()).guard(guard()),
        fallback.merge(other).merge(pages).guard(guard()),
    ] {
        assert_eq!(get(&app, "/a", None).await, by("nobody"));
        assert_eq!(get(&app, "/a/b", None).await, Err(401));
        assert_eq!(get(&app, "/a/b", Some("reader")).await, by("reader"));
        assert_eq!(get(&app, "/a/b/c", None).await, by("fallback"));
    }
}

#[tokio::test]
async fn a_405_for_everyone_holds_for_the_whole() {
    let inner = notes().method_not_allowed_fallback(async || StatusCode::METHOD_NOT_ALLOWED);
    let app = GuardedRouter::new()
        .route("/mine", on_get(whoami), RouteRule::authenticated())
        .nest("/notes", inner.clone())
        .guard(guard());
    assert_eq!(ask(&app, Method::PUT, "/mine", None).await, Err(405));
    assert_eq!(ask(&app, Method::PUT, "/notes/7", None).await, Err(405));
    let app = GuardedRouter::new().merge(inner).method_not_allowed_fallback(async || "outer").guard(guard());
    assert_eq!(ask(&app, Method::PUT, "/7", None).await, by("outer"));
}

#[tokio::test]
async fn handlers_get_their_state_before_and_after_the_guard() {
    async fn greet(State(greeting): State<String>, user: Principal, Path(id): Path<u32>) -> String {
        format!("{greeting} {} {id}", user.id())
    }
    async fn lost(State(greeting): State<String>) -> String {
        greeting
    }
    let router = || {
        let inner = GuardedRouter::new().route("/{id}", on_get(greet), RouteRule::authenticated());
        GuardedRouter::new()
            .nest("/greet", inner)
            .fallback(lost, RouteRule::authenticated())
            .method_not_allowed_fallback(lost)
    };
    let before: GuardedRouter = router().with_state("hello".to_owned());
    let rules = before.rules().len();
    for app in [before.guard(guard()), router().guard(guard()).with_state("hello".to_owned())] {
        assert_eq!(get(&app, "/greet/7", Some("reader")).await, by("hello reader 7"));
        assert_eq!(get(&app, "/greet/7", None).await, Err(401));
        assert_eq!(get(&app, "/nowhere", Some("reader")).await, by("hello"));
        assert_eq!(ask(&app, Method::PUT, "/greet/7", None).await, by("hello"));
    }
    assert_eq!(rules, 1);
}

#[tokio::test]
async fn a_finished_router_can_be_merged_and_nested() {
    let plain = Router::new().route("/healthz", on_get(async || "up"));
    let finished = || notes().guard(guard());
    let merged = [finished().merge(plain.clone()), finished().merge(Router::new()).merge(plain.clone())];
    for app in merged {
        assert_eq!(get(&app, "/healthz", None).await, by("up"));
        assert_eq!(get(&app, "/7", None).await, Err(401));
        assert_eq!(get(&app, "/no/where", None).await, Err(401));
    }
    let other_way = plain.clone().merge(finished());
    assert_eq!(send(other_way, request(Method::GET, "/no/where", None)).await.status, StatusCode::UNAUTHORIZED);
    let nested = plain.nest("/notes", finished().into_router());
    assert_eq!(send(nested.clone(), request(Method::GET, "/notes/7", None)).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(send(nested, request(Method::GET, "/nowhere", None)).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn two_guards_can_stand_side_by_side() {
    let other = GuardedRouter::new().route("/a/b", on_get(whoami), RouteRule::authenticated()).guard(guard());
    let app = notes().guard(guard()).merge(other.into_router().reset_fallback());
    assert_eq!(get(&app, "/a/b", None).await, Err(401));
    assert_eq!(get(&app, "/7", Some("reader")).await, by("reader"));
}

#[test]
#[should_panic(expected = "Handler for `GET /{id}` already exists")]
fn two_handlers_for_one_method_and_path_are_refused() {
    let _ = notes().route("/{id}", on_get(whoami), RouteRule::public()).guard(guard());
}

#[test]
#[should_panic(expected = "both have a fallback")]
fn two_fallbacks_are_refused() {
    let fallback = || GuardedRouter::<()>::new().fallback(whoami, RouteRule::public());
    let _ = fallback().merge(fallback()).guard(guard());
}
