//! The plain pages behind the links of mails.

use axum::http::{Method, StatusCode};
use portcullis::mail::MailKind::{ConfirmEmail, EmailChanged, ResetPassword, VerifyEmail};

use crate::{
    app::{Answer, PASSWORD, TestApp},
    both,
    db::TestDb,
    mailed::{NEW, change_email, forget, token},
};

both![
    every_link_works_in_a_browser,
    rs_8_a_page_keeps_its_token_to_itself,
    rs_3_opening_a_page_spends_nothing,
    cs_1_a_form_from_elsewhere_does_nothing,
    a_password_that_is_refused_can_be_typed_again,
];

const ADA: &str = "ada@example.com";

/// Opens the page of a link, and presses its button.
async fn follow(app: &TestApp, path: &str, token: &str, fields: &str) -> Answer {
    let page = text(app.get(&format!("{path}?token={token}")).send().await.expect(StatusCode::OK));
    assert!(page.contains(&format!(r#"name="token" value="{token}""#)) && page.contains(r#"<form method="post""#));
    press(app, path, &format!("token={token}{fields}")).await
}

async fn press(app: &TestApp, path: &str, body: &str) -> Answer {
    let call = app.post(path).header("sec-fetch-site", "same-origin");
    call.header("content-type", "application/x-www-form-urlencoded").body(body.to_owned()).send().await
}

fn text(answer: Answer) -> String {
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    String::from_utf8(answer.bytes).unwrap()
}

async fn every_link_works_in_a_browser(db: TestDb) {
    let app = TestApp::new(db).await;
    let access = app.user("ada").await;
    let verify = token(&app, ADA, VerifyEmail).await;
    assert!(text(follow(&app, "/verify-email", &verify, "").await).contains("is confirmed"));
    change_email(&app, &access, "next@example.com").await;
    let confirm = token(&app, "next@example.com", ConfirmEmail).await;
    follow(&app, "/confirm-email", &confirm, "").await.expect(StatusCode::OK);
    let undo = token(&app, ADA, EmailChanged).await;
    follow(&app, "/undo-email", &undo, "").await.expect(StatusCode::OK);
    let reset = token(&app, ADA, ResetPassword).await;
    follow(&app, "/reset-password", &reset, "&new_password=a+quite%20different+password").await.expect(StatusCode::OK);
    app.login(ADA, NEW).await.expect(StatusCode::OK);
    for (path, token) in
        [("/verify-email", verify), ("/confirm-email", confirm), ("/undo-email", undo), ("/reset-password", reset)]
    {
        let page = app.get(&format!("{path}?token={token}")).send().await.expect(StatusCode::BAD_REQUEST);
        assert!(!text(page).contains("<form"));
        press(&app, path, &format!("token={token}&new_password=yet+another+password"))
            .await
            .expect(StatusCode::BAD_REQUEST);
    }
}

async fn rs_8_a_page_keeps_its_token_to_itself(db: TestDb) {
    let app = TestApp::new(db).await;
    app.register("ada", ADA).await.expect(StatusCode::CREATED);
    let token = token(&app, ADA, VerifyEmail).await;
    let page = app.get(&format!("/verify-email?token={token}")).send().await.expect(StatusCode::OK);
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("referrer-policy"), "same-origin");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert!(page.header("content-security-policy").starts_with("default-src 'none'; form-action 'self'"));
    let page = text(page);
    for elsewhere in ["http:", "https:", "src=", "href=", "<script", "<style", "onload"] {
        assert!(!page.contains(elsewhere), "{page}");
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
    follow(&app, "/reset-password", &reset, "&new_password=a+quite+different+password").await.expect(StatusCode::OK);
    app.login(ADA, NEW).await.expect(StatusCode::OK);
}

async fn cs_1_a_form_from_elsewhere_does_nothing(db: TestDb) {
    let app = TestApp::new(db).await;
    app.register("ada", ADA).await.expect(StatusCode::CREATED);
    let token = token(&app, ADA, VerifyEmail).await;
    let body = format!("token={token}");
    let form = |headers: &[(&'static str, &str)]| {
        let call = app.post("/verify-email").header("content-type", "application/x-www-form-urlencoded");
        headers.iter().fold(call, |call, (name, value)| call.header(name, value)).body(body.clone()).send()
    };
    for foreign in [
        &[][..],
        &[("origin", "null")],
        &[("origin", "https://evil.example")],
        &[("sec-fetch-site", "cross-site"), ("origin", "https://id.example")],
    ] {
        form(foreign).await.expect_problem(403, "cross_origin");
    }
    let twice = format!("token={token}&token={token}");
    press(&app, "/verify-email", &twice).await.expect(StatusCode::BAD_REQUEST);
    let json = app.post("/verify-email").header("sec-fetch-site", "same-origin").json(&serde_json::json!({}));
    json.send().await.expect_problem(415, "unsupported_media_type");
    form(&[("origin", "https://id.example")]).await.expect(StatusCode::OK);
}

async fn a_password_that_is_refused_can_be_typed_again(db: TestDb) {
    let app = TestApp::new(db).await;
    app.register("ada", ADA).await.expect(StatusCode::CREATED);
    forget(&app, ADA).await;
    let reset = token(&app, ADA, ResetPassword).await;
    let page = follow(&app, "/reset-password", &reset, "&new_password=short").await;
    let page = text(page.expect(StatusCode::UNPROCESSABLE_ENTITY));
    assert!(page.contains("The password is too short.") && page.contains(&reset));
    let page = follow(&app, "/reset-password", &reset, "&new_password=ada@example.com").await;
    assert!(text(page.expect(StatusCode::UNPROCESSABLE_ENTITY)).contains("The password is too common."));
    app.login(ADA, PASSWORD).await.expect(StatusCode::OK);
    follow(&app, "/reset-password", &reset, "&new_password=a+quite+different+password").await.expect(StatusCode::OK);
}
