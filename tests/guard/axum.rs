//! The guard on an axum router, and principals as arguments of handlers.

use axum::{Router, body::Body, routing::get};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use portcullis::{Principal, guard::RouteRule};
use tower::ServiceExt;

use crate::support::guard;

async fn mine(user: Principal) -> String {
    user.id().to_owned()
}

async fn home(user: Option<Principal>) -> String {
    user.map_or("stranger".to_owned(), |user| user.id().to_owned())
}

fn routes() -> Router {
    Router::new().route("/mine", get(mine)).route("/home", get(home)).route("/public", get(mine))
}

fn app() -> Router {
    let guard = guard()
        .rule_for_any("/home", RouteRule::optional())
        .rule_for_any("/mine", RouteRule::optional())
        .exclude("/public")
        .build()
        .unwrap();
    routes().layer(guard)
}

async fn ask(app: Router, path: &str, token: Option<&str>) -> (StatusCode, String, Option<String>) {
    let mut request = Request::get(path);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let response = app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let challenge = response.headers().get("www-authenticate").map(|value| value.to_str().unwrap().to_owned());
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap(), challenge)
}

#[tokio::test]
async fn a_handler_takes_the_principal_or_an_option_of_one() {
    assert_eq!(ask(app(), "/mine", Some("reader")).await, (StatusCode::OK, "reader".to_owned(), None));
    assert_eq!(ask(app(), "/home", Some("reader")).await, (StatusCode::OK, "reader".to_owned(), None));
    assert_eq!(ask(app(), "/home", None).await, (StatusCode::OK, "stranger".to_owned(), None));
    assert_eq!(ask(app(), "/home", Some("forged")).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_handler_that_needs_a_principal_challenges_a_stranger() {
    let (status, body, challenge) = ask(app(), "/mine", None).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(body.contains(r#""code":"unauthenticated""#), "{body}");
    assert_eq!(challenge.as_deref(), Some(r#"Bearer realm="restricted""#));
}

#[tokio::test]
async fn a_principal_that_no_guard_looks_for_is_a_defect_of_the_server() {
    for (app, path) in [(routes(), "/mine"), (app(), "/public")] {
        let (status, body, challenge) = ask(app, path, Some("reader")).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(body.contains(r#""code":"internal""#), "{body}");
        assert_eq!(challenge, None);
    }
    assert_eq!(ask(routes(), "/home", Some("reader")).await.1, "stranger");
}

#[tokio::test]
async fn an_unknown_path_is_refused_before_it_is_not_found() {
    assert_eq!(ask(app(), "/nowhere", None).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(ask(app(), "/nowhere", Some("reader")).await.0, StatusCode::NOT_FOUND);
}
