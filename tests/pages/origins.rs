//! Where forms may come from.

use std::collections::BTreeSet;

use axum::http::{Method, StatusCode};
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
const FORMS: [&str; 15] = [
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
    "/undo-email",
    "/first-admin",
    "/login/passkey",
    "/password-strength",
];

/// Those for which one is logged in.
pub const ACCOUNT_FORMS: [&str; 13] = [
    "/reauthenticate",
    "/account/profile",
    "/account/password",
    "/account/password/mail",
    "/account/email",
    "/account/email/resend",
    "/account/authenticator",
    "/account/authenticator/set-up",
    "/account/recovery-codes",
    "/account/sessions",
    "/account/passkeys/new",
    "/account/api-keys/new",
    "/account/delete",
];

/// Those of whoever runs the service.
const ADMIN_FORMS: [&str; 7] = [
    "/account/admin/new-role",
    "/account/admin/new-user",
    "/account/admin/roles/{role}",
    "/account/admin/roles/{role}/delete",
    "/account/admin/users/{id}/password",
    "/account/admin/users/{id}/roles",
    "/account/admin/users/{id}/{act}",
];

/// Those of one key, which has to be there.
const NAMED_FORMS: [&str; 2] = ["/account/passkeys/{id}", "/account/api-keys/{id}"];

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
    let owner = Visitor::of(&app, "ada").await;
    let before = app.db.dump().await;
    let fields = [
        ("name", "ada"),
        ("password", PASSWORD),
        ("username", "eve"),
        ("email", "eve@example.com"),
        ("new_email", "eve@example.com"),
        ("display_name", "Eve"),
        ("new_password", "a quite different password"),
        ("new_password_again", "a quite different password"),
    ];
    let theirs = ACCOUNT_FORMS.into_iter().chain(ADMIN_FORMS).chain(NAMED_FORMS).map(|path| (path, &owner));
    for (path, visitor) in FORMS.map(|path| (path, &visitor)).into_iter().chain(theirs) {
        let path = path.replace("{id}", "01890000-0000-7000-8000-000000000000").replace(['{', '}'], "");
        for headers in FOREIGN {
            let form = visitor.form(&path, &fields);
            let form = headers.iter().fold(form, |form, (name, value)| form.header(name, value));
            let page = visitor.send(form).await.expect(StatusCode::FORBIDDEN).page();
            assert!(page.contains("This form was not sent from here"), "{path} {headers:?}");
        }
    }
    assert_eq!(visitor.cookie("__Host-portcullis"), None);
    assert_eq!(app.db.dump().await, before);
}

/// Nothing is left out above, and whoever is led to the page of a form, after a login, finds it there.
#[test]
fn cs_2_every_form_is_tried_and_has_a_page() {
    let rules = portcullis::pages::stated_rules();
    let of = |method: Method| {
        let paths = rules.iter().filter(|rule| rule.method() == Some(&method)).map(portcullis::axum::StatedRule::path);
        paths.collect::<BTreeSet<_>>()
    };
    let tried: BTreeSet<_> = FORMS.into_iter().chain(ACCOUNT_FORMS).chain(ADMIN_FORMS).chain(NAMED_FORMS).collect();
    assert_eq!(of(Method::POST).symmetric_difference(&tried).collect::<Vec<_>>(), Vec::<&&str>::new());
    let pages = of(Method::GET);
    assert!(ACCOUNT_FORMS.iter().chain(&ADMIN_FORMS).all(|path| pages.contains(path)));
    assert!(rules.iter().all(|rule| rule.method().is_some()));
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
