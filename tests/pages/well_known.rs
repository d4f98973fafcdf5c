//! What password managers ask for (W3C, A Well-Known URL for Changing Passwords).

use axum::http::{Method, StatusCode};

use crate::{
    app::{PASSWORD, TestApp},
    both,
    db::TestDb,
    visitor::Visitor,
};

both![a_password_manager_finds_where_a_password_is_changed, a_password_manager_can_tell_that_the_redirect_is_meant];

async fn a_password_manager_finds_where_a_password_is_changed(db: TestDb) {
    let app = TestApp::new(db).await;
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    let visitor = Visitor::new(&app);
    let away = visitor.get("/.well-known/change-password").await;
    away.leads_to("/account/password");
    let login = visitor.get(away.header("location")).await;
    login.leads_to("/login?next=%2Faccount%2Fpassword");
    let form = [("name", "ada"), ("password", PASSWORD)];
    visitor.post(login.header("location"), &form).await.leads_to("/account/password");
    visitor.get("/.well-known/change-password").await.leads_to("/account/password");
    assert!(visitor.get("/account/password").await.expect(StatusCode::OK).page().contains("new-password"));
}

/// They look for this path as well, and trust the redirect only where it is not found.
async fn a_password_manager_can_tell_that_the_redirect_is_meant(db: TestDb) {
    let app = TestApp::new(db).await;
    let nothing = "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200";
    app.get(nothing).send().await.expect(StatusCode::NOT_FOUND);
    app.request(Method::HEAD, "/.well-known/change-password").send().await.leads_to("/account/password");
}
