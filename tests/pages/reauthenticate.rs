//! Showing once more who one is, and coming back.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::{
    app::{PASSWORD, TestApp},
    both,
    db::TestDb,
    key::Key,
    visitor::Visitor,
};

both![
    whoever_was_asked_long_ago_is_asked_again_and_comes_back,
    a_second_factor_is_asked_for_where_there_is_one,
    a_passkey_takes_the_place_of_everything,
    a_security_key_comes_with_the_password,
    what_is_wrong_is_told_where_it_is,
    rd_1_it_leads_only_where_it_may,
];

/// What is done only by someone who showed lately who they are.
const FRESH: [&str; 8] = [
    "/account/email",
    "/account/email/resend",
    "/account/authenticator/set-up",
    "/account/recovery-codes",
    "/account/passkeys/new",
    "/account/api-keys/new",
    "/account/delete",
    "/account",
];

const COOKIE: &str = "__Host-portcullis";

fn back(path: &str) -> String {
    format!("/reauthenticate?next={}", path.replace('/', "%2F"))
}

async fn whoever_was_asked_long_ago_is_asked_again_and_comes_back(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::of(&app, "ada").await;
    let [stale @ .., open] = FRESH;
    for path in stale {
        visitor.get(path).await.expect(StatusCode::OK);
    }
    app.advance(Duration::from_mins(11));
    for path in stale {
        visitor.get(path).await.leads_to(&back(path));
        visitor.post(path, &[("new_email", "eve@example.com")]).await.leads_to(&back(path));
    }
    visitor.get(open).await.expect(StatusCode::OK);
    let before = visitor.cookie(COOKIE);
    let page = visitor.get("/reauthenticate?next=%2Faccount%2Femail").await.expect(StatusCode::OK).page();
    assert!(
        page.contains("action=\"/reauthenticate?next=%2Faccount%2Femail\"") && !page.contains("two_fa_code"),
        "{page}"
    );
    visitor.post("/reauthenticate?next=%2Faccount%2Femail", &[("password", PASSWORD)]).await.leads_to("/account/email");
    assert_ne!(visitor.cookie(COOKIE), before, "a session that can do more goes by another name");
    visitor.get("/account/email").await.expect(StatusCode::OK);
    let old = Visitor::new(&app);
    old.set_cookie(COOKIE, &before.unwrap());
    old.get("/account").await.leads_to("/login?next=%2Faccount");
}

async fn a_second_factor_is_asked_for_where_there_is_one(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::of(&app, "ada").await;
    let enrolled = app.enrol(&app.token("ada", PASSWORD).await).await;
    // Logged in with a password alone, before there was more.
    visitor.get("/account/email").await.leads_to(&back("/account/email"));
    let path = back("/account/email");
    let page = visitor.get(&path).await.page();
    assert!(page.contains("two_fa_code") && page.contains("next=%2Faccount%2Femail&amp;with=recovery"), "{page}");
    for wrong in [enrolled.authenticator.wrong_code(&app), "x".into(), String::new()] {
        let fields = [("password", PASSWORD), ("two_fa_code", &wrong)];
        let page = visitor.post(&path, &fields).await.expect(StatusCode::UNPROCESSABLE_ENTITY).page();
        assert!(page.contains(r#"id="two_fa_code-error""#), "{page}");
    }
    let page = visitor.post(&path, &[("password", PASSWORD)]).await.expect(StatusCode::FORBIDDEN).page();
    assert!(page.contains("Your account asks for a second step as well."), "{page}");
    let code = enrolled.authenticator.next_code(&app);
    visitor.post(&path, &[("password", PASSWORD), ("two_fa_code", &code)]).await.leads_to("/account/email");
    visitor.get("/account/email").await.expect(StatusCode::OK);
    app.advance(Duration::from_mins(11));
    let by_code = format!("{path}&with=recovery");
    assert!(visitor.get(&by_code).await.page().contains(r#"name="recovery_code""#));
    let fields = [("password", PASSWORD), ("recovery_code", enrolled.recovery_codes[0].as_str())];
    visitor.post(&by_code, &fields).await.leads_to("/account/email");
}

/// Gives a user a key, and answers it.
async fn add_key(app: &TestApp, mut key: Key, kind: &str) -> Key {
    let token = app.token("ada", PASSWORD).await;
    let start = app.post("/auth/webauthn/register/start").bearer(&token).json(&json!({"kind": kind})).send().await;
    let start = start.expect(StatusCode::OK).body;
    let answer = json!({
        "flow": start["flow"], "name": "key", "webauthn_response": key.register(&start["options"]),
    });
    let finish = app.post("/auth/webauthn/register/finish").bearer(&token).json(&answer).send().await;
    finish.expect(StatusCode::CREATED);
    key
}

/// Has the key answer as the script of the page does; answers the flow and the response.
async fn answer(app: &TestApp, visitor: &Visitor<'_>, key: &mut Key) -> (String, String) {
    let start = app.post("/auth/reauthenticate/start").header("sec-fetch-site", "same-origin");
    let start: Value = visitor.send(start).await.expect(StatusCode::OK).body;
    let response = key.answer(&start["webauthn_options"]);
    (start["flow"].as_str().unwrap().to_owned(), response.to_string())
}

async fn a_passkey_takes_the_place_of_everything(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::of(&app, "ada").await;
    let mut key = add_key(&app, Key::passkey(), "passkey").await;
    let path = back("/account/email");
    visitor.get("/account/email").await.leads_to(&path);
    let page = visitor.get(&path).await.page();
    assert!(page.contains("data-start=\"/auth/reauthenticate/start\"") && page.contains("Use your passkey"), "{page}");
    let (flow, response) = answer(&app, &visitor, &mut key).await;
    let wrong = visitor.post(&path, &[("flow", &flow), ("webauthn_response", "{}")]).await;
    wrong.expect(StatusCode::UNPROCESSABLE_ENTITY);
    let fields = [("flow", flow.as_str()), ("webauthn_response", response.as_str())];
    visitor.post(&path, &fields).await.expect(StatusCode::UNPROCESSABLE_ENTITY);
    let (flow, response) = answer(&app, &visitor, &mut key).await;
    let fields = [("flow", flow.as_str()), ("webauthn_response", response.as_str())];
    visitor.post(&path, &fields).await.leads_to("/account/email");
    visitor.get("/account/email").await.expect(StatusCode::OK);
}

async fn a_security_key_comes_with_the_password(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::of(&app, "ada").await;
    let mut key = add_key(&app, Key::security_key(), "security_key").await;
    let path = back("/account/email");
    let page = visitor.get(&path).await.page();
    assert!(page.contains("Continue with your key") && !page.contains("Use your passkey"), "{page}");
    assert!(page.contains("<noscript>") && page.contains("with=recovery"), "{page}");
    let (flow, response) = answer(&app, &visitor, &mut key).await;
    let alone = [("flow", flow.as_str()), ("webauthn_response", response.as_str())];
    let page = visitor.post(&path, &alone).await.expect(StatusCode::UNPROCESSABLE_ENTITY).page();
    assert!(page.contains(r#"id="password-error""#), "{page}");
    let (flow, response) = answer(&app, &visitor, &mut key).await;
    let both = [("password", PASSWORD), ("flow", flow.as_str()), ("webauthn_response", response.as_str())];
    visitor.post(&path, &both).await.leads_to("/account/email");
    visitor.get("/account/email").await.expect(StatusCode::OK);
}

async fn what_is_wrong_is_told_where_it_is(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::of(&app, "ada").await;
    let path = back("/account/email");
    for (password, status, said) in [
        ("", StatusCode::UNPROCESSABLE_ENTITY, "Fill this in."),
        ("not the password", StatusCode::FORBIDDEN, "The password is wrong."),
    ] {
        let page = visitor.post(&path, &[("password", password)]).await.expect(status).page();
        assert!(page.contains(&format!(r##"<a href="#password">{said}</a>"##)), "{page}");
        assert!(page.contains(&format!("action=\"{path}\"")), "{page}");
    }
    visitor.get("/account").await.expect(StatusCode::OK);
    for _ in 0..4 {
        visitor.post(&path, &[("password", "wrong")]).await.expect(StatusCode::FORBIDDEN);
    }
    let answer = visitor.post(&path, &[("password", "wrong")]).await.expect(StatusCode::TOO_MANY_REQUESTS);
    assert!(answer.page().contains("Too many attempts."));
}

async fn rd_1_it_leads_only_where_it_may(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::of(&app, "ada").await;
    for (next, to) in
        [("", "/account"), ("?next=//e.x", "/account"), ("?next=https://e.x/", "/account"), ("?next=/n", "/n")]
    {
        visitor.post(&format!("/reauthenticate{next}"), &[("password", PASSWORD)]).await.leads_to(to);
    }
    Visitor::new(&app).get("/reauthenticate").await.leads_to("/login?next=%2Freauthenticate");
}
