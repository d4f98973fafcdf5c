//! Where forms may come from.

use axum::http::StatusCode;
use portcullis::mail::MailKind::VerifyEmail;

use crate::{
    app::{PASSWORD, TestApp},
    both,
    db::TestDb,
    mailed::token,
    visitor::Visitor,
};

both![
    cs_2_a_form_from_elsewhere_does_nothing_on_any_page,
    cs_2_a_form_of_this_service_is_known_by_either_header,
    a_form_is_read_as_one_and_a_field_that_comes_twice_is_none,
];

/// Every page that takes a form.
const FORMS: [&str; 14] = [
    "/login",
    "/login/second-factor",
    "/login/new-password",
    "/login/enrol",
    "/logout",
    "/register",
    "/verify-email",
    "/verify-email/resend",
    "/forgot-password",
    "/reset-password",
    "/confirm-email",
    "/first-admin",
    "/login/passkey",
    "/password-strength",
];

const FOREIGN: [&[(&str, &str)]; 9] = [
    &[],
    &[("origin", "null")],
    &[("origin", "https://evil.example")],
    &[("origin", "https://id.example.evil.example")],
    &[("origin", "http://id.example")],
    &[("origin", "https://id.example"), ("origin", "https://id.example")],
    &[("sec-fetch-site", "cross-site"), ("origin", "https://id.example")],
    &[("sec-fetch-site", "same-site"), ("origin", "https://id.example")],
    &[("sec-fetch-site", "none")],
];

async fn cs_2_a_form_from_elsewhere_does_nothing_on_any_page(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::new(&app);
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    let fields = [("name", "ada"), ("password", PASSWORD), ("username", "eve"), ("email", "eve@example.com")];
    for path in FORMS {
        for headers in FOREIGN {
            let form = visitor.form(path, &fields);
            let form = headers.iter().fold(form, |form, (name, value)| form.header(name, value));
            let page = visitor.send(form).await.expect(StatusCode::FORBIDDEN).page();
            assert!(page.contains("This form was not sent from here"), "{path} {headers:?}");
        }
    }
    assert_eq!(visitor.cookie("__Host-portcullis"), None);
}

async fn cs_2_a_form_of_this_service_is_known_by_either_header(db: TestDb) {
    let app = TestApp::new(db).await;
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    for headers in [
        &[("sec-fetch-site", "same-origin")][..],
        &[("sec-fetch-site", "same-origin"), ("origin", "null")],
        &[("origin", "https://id.example")],
    ] {
        let visitor = Visitor::new(&app);
        let form = visitor.form("/login", &[("name", "ada"), ("password", PASSWORD)]);
        let form = headers.iter().fold(form, |form, (name, value)| form.header(name, value));
        visitor.send(form).await.leads_to("/account");
    }
}

async fn a_form_is_read_as_one_and_a_field_that_comes_twice_is_none(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::new(&app);
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    let verify = token(&app, "ada@example.com", VerifyEmail).await;
    let twice = [("token", verify.as_str()), ("token", verify.as_str())];
    visitor.post("/confirm-email", &twice).await.expect(StatusCode::BAD_REQUEST);
    let json = app.post("/verify-email").header("sec-fetch-site", "same-origin").json(&serde_json::json!({}));
    json.send().await.expect(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    visitor.post("/verify-email", &[("token", &verify)]).await.leads_to("/login");
}
