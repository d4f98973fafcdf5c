//! The pages behind the links of mails.

use axum::http::{Method, StatusCode};
use portcullis::mail::MailKind::{ConfirmEmail, EmailChanged, ResetPassword, VerifyEmail};

use crate::{
    app::{Answer, PASSWORD, TestApp},
    both,
    db::TestDb,
    mailed::{NEW, change_email, forget, token},
    visitor::Visitor,
};

both![
    every_link_works_in_a_browser,
    rs_3_opening_a_page_spends_nothing,
    a_password_that_is_refused_can_be_typed_again,
    a_dead_link_says_what_to_do_next,
];

const ADA: &str = "ada@example.com";

/// Opens the page of a link, and presses its button.
async fn follow(visitor: &Visitor<'_>, path: &str, token: &str, fields: &[(&str, &str)]) -> Answer {
    let page = visitor.get(&format!("{path}?token={token}")).await.expect(StatusCode::OK).page();
    assert!(page.contains(&format!(r#"name="token" value="{token}""#)) && page.contains(r#"<form method="post""#));
    visitor.post(path, &[&[("token", token)], fields].concat()).await
}

async fn every_link_works_in_a_browser(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::new(&app);
    let access = app.user("ada").await;
    let verify = token(&app, ADA, VerifyEmail).await;
    follow(&visitor, "/verify-email", &verify, &[]).await.leads_to("/login");
    assert!(visitor.get("/login").await.page().contains("Your e-mail address is confirmed."));
    assert!(!visitor.get("/login").await.page().contains("is confirmed"), "a message is shown once");
    change_email(&app, &access, "next@example.com").await;
    let confirm = token(&app, "next@example.com", ConfirmEmail).await;
    follow(&visitor, "/confirm-email", &confirm, &[]).await.leads_to("/login");
    assert!(visitor.get("/login").await.page().contains("has its new e-mail address"));
    let undo = token(&app, ADA, EmailChanged).await;
    follow(&visitor, "/undo-email", &undo, &[]).await.leads_to("/login");
    assert!(visitor.get("/login").await.page().contains("has its former address back"));
    let reset = token(&app, ADA, ResetPassword).await;
    let fields = [("new_password", NEW), ("new_password_again", NEW)];
    follow(&visitor, "/reset-password", &reset, &fields).await.leads_to("/login");
    assert!(visitor.get("/login").await.page().contains("Your new password is set."));
    app.login(ADA, NEW).await.expect(StatusCode::OK);
    for (path, token) in
        [("/verify-email", verify), ("/confirm-email", confirm), ("/undo-email", undo), ("/reset-password", reset)]
    {
        let page = visitor.get(&format!("{path}?token={token}")).await.expect(StatusCode::BAD_REQUEST).page();
        assert!(!page.contains("<form") && !page.contains(&token), "{page}");
        let fields = [("token", token.as_str()), ("new_password", NEW), ("new_password_again", NEW)];
        visitor.post(path, &fields).await.expect(StatusCode::BAD_REQUEST);
    }
}

async fn rs_3_opening_a_page_spends_nothing(db: TestDb) {
    let app = TestApp::new(db).await;
    app.register("ada", ADA).await.expect(StatusCode::CREATED);
    forget(&app, ADA).await;
    let reset = token(&app, ADA, ResetPassword).await;
    for _ in 0..10 {
        for method in [Method::GET, Method::HEAD] {
            app.request(method, &format!("/reset-password?token={reset}")).send().await.expect(StatusCode::OK);
        }
    }
    let fields = [("new_password", NEW), ("new_password_again", NEW)];
    follow(&Visitor::new(&app), "/reset-password", &reset, &fields).await.leads_to("/login");
    app.login(ADA, NEW).await.expect(StatusCode::OK);
}

async fn a_password_that_is_refused_can_be_typed_again(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::new(&app);
    app.register("ada", ADA).await.expect(StatusCode::CREATED);
    forget(&app, ADA).await;
    let reset = token(&app, ADA, ResetPassword).await;
    for (new, again, said) in [
        ("short", "short", "at least 10 characters"),
        ("ada@example.com", "ada@example.com", "too common"),
        (NEW, "a quite other password", "not the same"),
        (NEW, "", "not the same"),
    ] {
        let fields = [("new_password", new), ("new_password_again", again)];
        let page = follow(&visitor, "/reset-password", &reset, &fields).await;
        let page = page.expect(StatusCode::UNPROCESSABLE_ENTITY).page();
        assert!(page.contains(said) && page.contains(&reset) && !page.contains(NEW), "{page}");
    }
    app.login(ADA, PASSWORD).await.expect(StatusCode::OK);
    let fields = [("new_password", NEW), ("new_password_again", NEW)];
    follow(&visitor, "/reset-password", &reset, &fields).await.leads_to("/login");
}

async fn a_dead_link_says_what_to_do_next(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::new(&app);
    for (path, next) in [
        ("/verify-email?token=", "href=\"/verify-email\""),
        ("/verify-email?token=x&token=y", "href=\"/verify-email\""),
        ("/reset-password?token=x", "href=\"/forgot-password\""),
        ("/confirm-email", "href=\"/login\""),
        ("/undo-email?token=%22", "href=\"/login\""),
    ] {
        let page = visitor.get(path).await.expect(StatusCode::BAD_REQUEST).page();
        assert!(page.contains("does not work any more") && page.contains(next), "{path}: {page}");
    }
    visitor.get("/reset-password").await.leads_to("/forgot-password");
}
