//! People who open a page of another service behind the guard, or one that nobody has.

use std::time::Duration;

use axum::{
    Router,
    http::{Method, StatusCode},
    routing::get,
};
use portcullis::{Principal, axum::GuardedRouter, guard::RouteRule};

use crate::{
    app::{Call, PASSWORD, TestApp},
    both,
    db::TestDb,
    visitor::Visitor,
};

both![
    a_service_sends_people_to_the_login_page_and_gets_them_back,
    a_service_that_wants_a_fresh_login_gets_it,
    programs_get_the_guards_own_answer,
    a_path_that_nobody_knows_is_told_to_people_on_a_page,
];

/// A service behind the guard, beside the pages.
fn service(app: &TestApp) -> Router {
    let portcullis = &app.portcullis;
    GuardedRouter::<()>::new()
        .route(
            "/notes/{id}",
            get(async |user: Principal| user.name().unwrap_or("?").to_owned()),
            RouteRule::authenticated(),
        )
        .route("/will", get(async || "the will"), RouteRule::fresh(Duration::from_mins(5)))
        .route("/admin", get(async || "admin"), RouteRule::scopes(["notes:admin"]))
        .guard(portcullis.guard())
        .layer(portcullis.send_to_login())
        .into_router()
        .reset_fallback()
        .merge(portcullis.router())
        .merge(portcullis.pages())
        .fallback_service(portcullis.nothing_here())
}

async fn a_service_sends_people_to_the_login_page_and_gets_them_back(db: TestDb) {
    let app = TestApp::new(db).await;
    let service = service(&app);
    let visitor = Visitor::new(&app);
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    let open =
        |path: &'static str| visitor.send(Call::new(&service, Method::GET, path).header("sec-fetch-mode", "navigate"));
    let away = open("/notes/7?a=b").await;
    away.leads_to("/login?next=%2Fnotes%2F7%3Fa%3Db");
    assert_eq!(away.header("cache-control"), "no-store");
    assert!(away.headers.get("www-authenticate").is_none());
    let login = visitor.post(away.header("location"), &[("name", "ada"), ("password", PASSWORD)]).await;
    login.leads_to("/notes/7?a=b");
    assert_eq!(open("/notes/7?a=b").await.expect(StatusCode::OK).bytes, b"?");
    // Another login would not help.
    open("/admin").await.expect(StatusCode::FORBIDDEN);
    visitor.post("/logout", &[]).await.leads_to("/logout");
    open("/notes/7").await.leads_to("/login?next=%2Fnotes%2F7");
    visitor.set_cookie("__Host-portcullis", &format!("pcs_{}", "A".repeat(43)));
    open("/notes/7").await.leads_to("/login?next=%2Fnotes%2F7");
}

async fn a_service_that_wants_a_fresh_login_gets_it(db: TestDb) {
    let app = TestApp::new(db).await;
    let service = service(&app);
    let visitor = Visitor::of(&app, "ada").await;
    let open = || visitor.send(Call::new(&service, Method::GET, "/will?page=2").header("sec-fetch-mode", "navigate"));
    open().await.expect(StatusCode::OK);
    app.advance(Duration::from_mins(6));
    let away = open().await;
    away.leads_to("/reauthenticate?next=%2Fwill%3Fpage%3D2");
    visitor.post(away.header("location"), &[("password", PASSWORD)]).await.leads_to("/will?page=2");
    assert_eq!(open().await.expect(StatusCode::OK).bytes, b"the will");
}

async fn programs_get_the_guards_own_answer(db: TestDb) {
    let app = TestApp::new(db).await;
    let service = service(&app);
    for headers in [
        &[][..],
        &[("accept", "application/json")],
        &[("accept", "*/*")],
        &[("sec-fetch-mode", "cors"), ("accept", "text/html")],
        &[("accept", "text/html"), ("authorization", "Bearer x")],
    ] {
        let call = Call::new(&service, Method::GET, "/notes/7");
        let call = headers.iter().fold(call, |call, (name, value)| call.header(name, value));
        let answer = call.send().await.expect(StatusCode::UNAUTHORIZED);
        assert!(answer.header("www-authenticate").starts_with("Bearer"), "{headers:?}");
    }
    let html = Call::new(&service, Method::GET, "/notes/7").header("accept", "text/plain, text/html;q=0.9");
    html.send().await.leads_to("/login?next=%2Fnotes%2F7");
    let post = Call::new(&service, Method::POST, "/notes/7").header("accept", "text/html");
    post.send().await.expect(StatusCode::UNAUTHORIZED);
}

async fn a_path_that_nobody_knows_is_told_to_people_on_a_page(db: TestDb) {
    let app = TestApp::new(db).await;
    let service = service(&app);
    let page = Call::new(&service, Method::GET, "/nowhere").header("accept", "text/html").send().await;
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
    assert!(page.expect(StatusCode::NOT_FOUND).page().contains("Page not found"));
    for method in [Method::GET, Method::POST, Method::DELETE] {
        Call::new(&service, method, "/nowhere").send().await.expect_problem(404, "not_found");
    }
}
