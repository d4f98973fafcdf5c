//! Nobody but the guard says who a request is from.

use axum::{
    Extension,
    routing::{any, get as on_get},
};
use http::{Method, StatusCode};
use portcullis::{Principal, axum::GuardedRouter, guard::RouteRule};

use crate::support::{ask, by, get, guard, principal, request, send, whoami};

fn router() -> GuardedRouter {
    GuardedRouter::new()
        .route("/public", on_get(whoami), RouteRule::public())
        .route("/optional", any(whoami), RouteRule::optional())
        .route("/mine", on_get(whoami), RouteRule::authenticated())
}

#[tokio::test]
async fn a_forged_principal_never_reaches_a_handler() {
    let app = router()
        .fallback(whoami, RouteRule::public())
        .method_not_allowed_fallback(whoami)
        .guard(guard())
        .layer(Extension(principal("forged", &["notes:write"])));
    for path in ["/public", "/optional", "/nowhere"] {
        assert_eq!(get(&app, path, None).await, by("nobody"), "{path}");
    }
    assert_eq!(ask(&app, Method::PUT, "/mine", None).await, by("nobody"));
    assert_eq!(get(&app, "/mine", None).await, Err(401));
    assert_eq!(get(&app, "/mine", Some("reader")).await, by("reader"));
}

#[tokio::test]
async fn headers_that_name_someone_make_no_principal() {
    let app = router().guard(guard());
    for path in ["/public", "/optional"] {
        let mut request = request(Method::GET, path, None);
        for name in ["remote-user", "x-remote-user", "x-forwarded-user", "x-auth-scopes"] {
            request.headers_mut().insert(name, "admin".parse().unwrap());
        }
        assert_eq!(send(app.clone(), request).await.text, "nobody");
    }
}

#[tokio::test]
async fn a_rule_from_outside_does_not_stand_above_that_of_the_route() {
    for outside in [RouteRule::public(), RouteRule::optional()] {
        let app = router().guard(guard()).layer(Extension(outside));
        assert_eq!(get(&app, "/mine", None).await, Err(401));
        assert_eq!(get(&app, "/nowhere", None).await, Err(401));
    }
}

#[tokio::test]
async fn a_handler_that_takes_a_principal_on_a_public_route_is_a_defect_of_the_server() {
    async fn mine(user: Principal) -> String {
        user.id().to_owned()
    }
    let app = GuardedRouter::new()
        .route("/public", on_get(mine), RouteRule::public())
        .route("/optional", on_get(mine), RouteRule::optional())
        .guard(guard());
    let answer = send(app.clone(), request(Method::GET, "/public", Some("reader"))).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    assert_eq!(answer.headers["cache-control"], "no-store");
    let answer = send(app, request(Method::GET, "/optional", None)).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.headers["www-authenticate"], r#"Bearer realm="restricted""#);
}
