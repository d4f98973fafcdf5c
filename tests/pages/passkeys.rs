//! Passkeys and security keys of one's own.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::{
    app::{Answer, PASSWORD, TestApp},
    both,
    db::TestDb,
    key::Key,
    visitor::{Visitor, between},
};

both![
    a_passkey_is_added_and_logs_in,
    a_security_key_is_a_second_step,
    a_page_of_another_step_spends_no_challenge,
    what_is_wrong_with_a_new_key_is_told,
    a_key_has_another_name_or_is_gone,
    the_last_way_in_stays,
    nobody_sees_or_changes_the_key_of_someone_else,
    ht_1_names_of_keys_are_text,
];

const NEW: &str = "/account/passkeys/new";

/// Has a key answer as the script of the page does, and sends the form.
async fn add(app: &TestApp, visitor: &Visitor<'_>, key: &mut Key, kind: &str, name: &str) -> Answer {
    let page = visitor.get(&format!("{NEW}?kind={kind}")).await.expect(StatusCode::OK).page();
    for part in ["data-key data-create", &format!("data-kind=\"{kind}\""), "<noscript>", "name=\"flow\""] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let address = between(&page, "data-start=\"", "\"").to_owned();
    let start = app.post(&address).header("sec-fetch-site", "same-origin").json(&json!({"kind": kind}));
    let start: Value = visitor.send(start).await.expect(StatusCode::OK).body;
    let response = key.register(&start["options"]).to_string();
    let fields = [("flow", start["flow"].as_str().unwrap()), ("webauthn_response", &response), ("name", name)];
    visitor.post(NEW, &fields).await
}

/// The browser of someone with one key, who has logged in with it.
async fn with_key<'a>(app: &'a TestApp, key: &mut Key) -> Visitor<'a> {
    let visitor = Visitor::of(app, "ada").await;
    add(app, &visitor, key, "passkey", "my phone").await.expect(StatusCode::OK);
    let visitor = Visitor::new(app);
    log_in(app, &visitor, key).await.leads_to("/account");
    visitor
}

async fn log_in(app: &TestApp, visitor: &Visitor<'_>, key: &mut Key) -> Answer {
    let start = app.post("/auth/login/passkey/start").json(&json!({})).send().await.expect(StatusCode::OK).body;
    let response = key.answer(&start["options"]).to_string();
    let fields = [("flow", start["flow"].as_str().unwrap()), ("webauthn_response", &response)];
    visitor.post("/login/passkey", &fields).await
}

/// The page of the only key that there is.
async fn only(visitor: &Visitor<'_>) -> String {
    let page = visitor.get("/account/passkeys").await.expect(StatusCode::OK).page();
    let list = between(&page, "<ul class=\"rows", "</ul>");
    format!("/account/passkeys/{}", between(list, "href=\"/account/passkeys/", "\""))
}

async fn a_passkey_is_added_and_logs_in(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::of(&app, "ada").await;
    assert!(visitor.get("/account/passkeys").await.page().contains("You have none yet."));
    let mut key = Key::passkey();
    let page = add(&app, &visitor, &mut key, "passkey", "my phone").await.expect(StatusCode::OK).page();
    assert_eq!(between(&page, "<pre class=\"codes\" id=\"codes\">", "</pre>").lines().count(), 10, "{page}");
    assert!(page.contains("href=\"/account/passkeys\""), "{page}");
    let page = visitor.get("/account/passkeys").await.page();
    assert!(page.contains("my phone") && page.contains("Synced") && page.contains("Never used"), "{page}");
    let login = Visitor::new(&app);
    log_in(&app, &login, &mut key).await.leads_to("/account");
    // Logged in with it, one may add another at once; and codes are made with the first.
    let mut second = Key::passkey();
    add(&app, &login, &mut second, "passkey", "my laptop").await.leads_to("/account/passkeys");
    let page = login.get("/account/passkeys").await.page();
    assert!(page.contains("my laptop is added.") && page.contains("Last used"), "{page}");
    assert!(login.get("/account").await.page().contains("<span class=\"value\">2</span>"));
}

async fn a_security_key_is_a_second_step(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::of(&app, "ada").await;
    let mut key = Key::security_key();
    add(&app, &visitor, &mut key, "security_key", "blue").await.expect(StatusCode::OK);
    assert!(visitor.get("/account/passkeys").await.page().contains("Security key</span>"));
    Visitor::new(&app).log_in("ada", PASSWORD).await.leads_to("/login/second-factor");
}

async fn a_page_of_another_step_spends_no_challenge(db: TestDb) {
    let app = TestApp::new(db).await;
    let mut key = Key::security_key();
    add(&app, &Visitor::of(&app, "ada").await, &mut key, "security_key", "blue").await.expect(StatusCode::OK);
    for path in ["/login/new-password", "/login/enrol"] {
        for is_sent in [false, true] {
            let asked = app.login("ada", PASSWORD).await.expect(StatusCode::FORBIDDEN).body;
            let visitor = Visitor::new(&app);
            visitor.set_cookie("__Host-portcullis-pre", &format!("{}~~", asked["flow"].as_str().unwrap()));
            let answer = if is_sent { visitor.post(path, &[]).await } else { visitor.get(path).await };
            answer.leads_to("/login");
            let response = key.answer(&asked["webauthn_options"]);
            let finish = json!({ "flow": asked["flow"], "webauthn_response": response });
            app.post("/auth/login/second-factor").json(&finish).send().await.expect(StatusCode::OK);
        }
    }
}

async fn what_is_wrong_with_a_new_key_is_told(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::of(&app, "ada").await;
    let mut key = Key::passkey();
    let page = add(&app, &visitor, &mut key, "passkey", " ").await.expect(StatusCode::UNPROCESSABLE_ENTITY).page();
    assert!(page.contains(r#"id="name-error""#), "{page}");
    let flow = format!("pcf_{}", "A".repeat(43));
    for (flow, response, status, said) in [
        ("", "{}", StatusCode::UNAUTHORIZED, "That took too long."),
        (flow.as_str(), "{}", StatusCode::UNAUTHORIZED, "That took too long."),
        (flow.as_str(), "x", StatusCode::UNPROCESSABLE_ENTITY, "Your key did not answer as it should."),
        (flow.as_str(), r#"{"a":1,"a":2}"#, StatusCode::UNPROCESSABLE_ENTITY, "Your key did not answer as it should."),
    ] {
        let fields = [("flow", flow), ("webauthn_response", response), ("name", "my phone")];
        let page = visitor.post(NEW, &fields).await.expect(status).page();
        assert!(page.contains(said) && page.contains("value=\"my phone\""), "{page}");
    }
    add(&app, &visitor, &mut key, "passkey", "my phone").await.expect(StatusCode::OK);
    let fresh = Visitor::new(&app);
    log_in(&app, &fresh, &mut key).await.leads_to("/account");
    let again = add(&app, &fresh, &mut key, "passkey", "again").await.expect(StatusCode::UNPROCESSABLE_ENTITY);
    assert!(again.page().contains("Your key did not answer as it should."), "it is there already");
}

async fn a_key_has_another_name_or_is_gone(db: TestDb) {
    let app = TestApp::new(db).await;
    let mut key = Key::passkey();
    let visitor = with_key(&app, &mut key).await;
    let path = only(&visitor).await;
    assert!(visitor.get(&path).await.page().contains(r#"value="my phone""#));
    for bad in ["", "a\u{7}b", &"x".repeat(65)] {
        let page = visitor.post(&path, &[("name", bad)]).await.expect(StatusCode::UNPROCESSABLE_ENTITY).page();
        assert!(page.contains(r#"id="name-error""#), "{page}");
    }
    visitor.post(&path, &[("name", "old phone")]).await.leads_to("/account/passkeys");
    let page = visitor.get("/account/passkeys").await.page();
    assert!(page.contains("The new name is saved.") && page.contains("old phone"), "{page}");
    visitor.post(&path, &[("remove", "yes")]).await.leads_to("/account/passkeys");
    let page = visitor.get("/account/passkeys").await.page();
    assert!(page.contains("old phone is removed.") && page.contains("You have none yet."), "{page}");
    let unknown = log_in(&app, &Visitor::new(&app), &mut key).await.expect(StatusCode::UNPROCESSABLE_ENTITY);
    assert!(unknown.page().contains("does not open an account here"));
    visitor.get(&path).await.expect(StatusCode::NOT_FOUND);
    visitor.post(&path, &[("name", "x")]).await.expect(StatusCode::NOT_FOUND);
}

async fn the_last_way_in_stays(db: TestDb) {
    let app = TestApp::new(db).await;
    let mut key = Key::passkey();
    let visitor = with_key(&app, &mut key).await;
    app.db.remove_password("ada").await;
    let path = only(&visitor).await;
    let page = visitor.post(&path, &[("remove", "yes")]).await.expect(StatusCode::CONFLICT).page();
    assert!(page.contains("This is your only way to log in.") && page.contains(r#"value="my phone""#), "{page}");
    log_in(&app, &Visitor::new(&app), &mut key).await.leads_to("/account");
}

async fn nobody_sees_or_changes_the_key_of_someone_else(db: TestDb) {
    let app = TestApp::new(db).await;
    let mut key = Key::passkey();
    let visitor = with_key(&app, &mut key).await;
    let path = only(&visitor).await;
    let eve = Visitor::of(&app, "eve").await;
    for path in [path.as_str(), "/account/passkeys/x"] {
        eve.get(path).await.expect(StatusCode::NOT_FOUND);
        for fields in [&[("name", "mine")], &[("remove", "yes")]] {
            let page = eve.post(path, fields).await.expect(StatusCode::NOT_FOUND).page();
            assert!(page.contains("Page not found"), "{page}");
        }
    }
    assert!(visitor.get("/account/passkeys").await.page().contains("my phone"));
    app.advance(Duration::from_mins(11));
    let back = format!("/reauthenticate?next={}", path.replace('/', "%2F"));
    visitor.get(&path).await.leads_to(&back);
    visitor.post(&path, &[("remove", "yes")]).await.leads_to(&back);
    assert!(visitor.get("/account/passkeys").await.page().contains("my phone"));
}

async fn ht_1_names_of_keys_are_text(db: TestDb) {
    let app = TestApp::new(db).await;
    let mut key = Key::passkey();
    let visitor = with_key(&app, &mut key).await;
    let path = only(&visitor).await;
    let markup = "\"><svg onload>'&";
    visitor.post(&path, &[("name", markup)]).await.leads_to("/account/passkeys");
    for path in ["/account/passkeys", path.as_str()] {
        let page = visitor.get(path).await.page();
        assert!(page.contains("&quot;&gt;&lt;svg onload&gt;&#39;&amp;") && !page.contains("<svg onload"), "{page}");
    }
    let page = visitor.post(&path, &[("name", &markup.repeat(9))]).await.page();
    assert!(page.contains("&lt;svg onload") && !page.contains("<svg onload"), "{page}");
    visitor.post(&path, &[("remove", "yes")]).await.leads_to("/account/passkeys");
    let page = visitor.get("/account/passkeys").await.page();
    assert!(page.contains("&lt;svg onload&gt;") && !page.contains("<svg"), "{page}");
}
