//! Accounts with a passkey and no password, and what each kind of account is asked at login.

use axum::http::StatusCode;
use portcullis::config::RegistrationPolicy;
use serde_json::{Value, json};

use crate::{
    app::{Answer, PASSWORD, TestApp},
    authenticator::texts,
    both,
    db::TestDb,
    key::{Key, UV},
    keys::{authenticated_by, token_of},
};

both![
    an_account_is_made_with_a_passkey_and_logged_in,
    nothing_is_made_without_the_setting_or_where_nobody_may_register,
    names_and_addresses_are_checked_before_and_after,
    wa_6_a_passkey_of_another_account_makes_none,
    every_account_is_asked_for_what_it_has,
    webauthn_is_off_where_the_service_has_no_name,
];

impl TestApp {
    async fn begin_account(&self, username: &str) -> Answer {
        let body = json!({"username": username, "email": format!("{username}@example.com")});
        self.post("/auth/register/passkey/start").json(&body).send().await
    }

    async fn finish_account(&self, begun: &Value, response: &Value) -> Answer {
        let body = json!({"flow": begun["flow"], "webauthn_response": response});
        self.post("/auth/register/passkey/finish").json(&body).send().await
    }

    /// Makes an account with this passkey and answers the access token.
    pub async fn register_with_passkey(&self, username: &str, key: &mut Key) -> String {
        let begun = self.begin_account(username).await.expect(StatusCode::OK).body;
        let response = key.register(&begun["options"]);
        token_of(&self.finish_account(&begun, &response).await.expect(StatusCode::OK))
    }
}

async fn open(db: TestDb) -> TestApp {
    TestApp::with(db, |config| config.passkey_registration = true).await
}

async fn an_account_is_made_with_a_passkey_and_logged_in(db: TestDb) {
    let app = open(db).await;
    let begun = app.begin_account("ada").await.expect(StatusCode::OK).body;
    assert_eq!(begun["options"]["authenticatorSelection"]["residentKey"], "required");
    assert_eq!(begun["options"]["user"]["name"], "ada");
    assert_eq!(app.db.count("users").await, 0);
    let mut key = Key::passkey();
    let response = key.register(&begun["options"]);
    let answer = app.finish_account(&begun, &response).await.expect(StatusCode::OK);
    assert_eq!(texts(&answer.body["recovery_codes"]).len(), 10);
    assert_eq!(answer.body["user"]["username"], "ada");
    assert_eq!(authenticated_by(&answer), (vec!["hwk".into(), "mfa".into(), "user".into()], "aal2".into()));
    app.finish_account(&begun, &response).await.expect_problem(401, "flow_invalid");
    app.passkey_login(&mut key).await.expect(StatusCode::OK);
    app.login("ada", PASSWORD).await.expect_problem(401, "invalid_credentials");
}

async fn nothing_is_made_without_the_setting_or_where_nobody_may_register(db: TestDb) {
    let app = TestApp::new(db).await;
    app.begin_account("ada").await.expect_problem(403, "registration_closed");
    let open = app.another_process_with(|config| config.passkey_registration = true).await;
    let begun = open.begin_account("ada").await.expect(StatusCode::OK).body;
    let response = Key::passkey().register(&begun["options"]);
    app.finish_account(&begun, &response).await.expect_problem(403, "registration_closed");
    let closed = app.another_process_with(|config| {
        config.passkey_registration = true;
        config.registration = RegistrationPolicy::Closed;
    });
    closed.await.begin_account("ada").await.expect_problem(403, "registration_closed");
}

async fn names_and_addresses_are_checked_before_and_after(db: TestDb) {
    let app = open(db).await;
    app.user("ada").await;
    app.begin_account("Ada").await.expect_problem(409, "username_taken");
    let start = |username: &str, email: &str| {
        app.post("/auth/register/passkey/start").json(&json!({"username": username, "email": email})).send()
    };
    start("bob", "ADA@example.com").await.expect_problem(409, "email_taken");
    assert_eq!(start("a", "x").await.field_errors(), ["email: invalid_email", "username: invalid_username"]);
    assert_eq!(start("admin", "root@example.com").await.field_errors(), ["username: invalid_username"]);
    let begun = app.begin_account("bob").await.expect(StatusCode::OK).body;
    app.user("bob").await;
    let response = Key::passkey().register(&begun["options"]);
    app.finish_account(&begun, &response).await.expect_problem(409, "username_taken");
    assert_eq!(app.db.count("passkeys").await, 0);
}

async fn wa_6_a_passkey_of_another_account_makes_none(db: TestDb) {
    let app = open(db).await;
    let mut key = Key::passkey();
    app.register_with_passkey("ada", &mut key).await;
    let begun = app.begin_account("bob").await.expect(StatusCode::OK).body;
    let response = key.register(&begun["options"]);
    let refused = app.finish_account(&begun, &response).await;
    assert_eq!(refused.field_errors(), ["webauthn_response: invalid_response"]);
    let begun = app.begin_account("bob").await.expect(StatusCode::OK).body;
    let response = Key::passkey().register_as(&begun["options"], |draft| draft.flags &= !UV);
    let refused = app.finish_account(&begun, &response).await;
    assert_eq!(refused.field_errors(), ["webauthn_response: invalid_response"]);
    assert_eq!(app.db.count("users").await, 1);
}

/// A password, a passkey, an authenticator app, and all that may be had together.
async fn every_account_is_asked_for_what_it_has(db: TestDb) {
    let app = open(db).await;
    let amr = |answer: Answer| {
        let answer = answer.expect(StatusCode::OK);
        let (amr, acr) = authenticated_by(&answer);
        (amr.join(" "), acr)
    };
    let says = |amr: &str, acr: &str| (amr.to_owned(), acr.to_owned());

    // A password only.
    app.user("word").await;
    assert_eq!(amr(app.login("word", PASSWORD).await), says("pwd", "aal1"));

    // A passkey only.
    let mut key = Key::passkey();
    app.register_with_passkey("key", &mut key).await;
    app.login("key", PASSWORD).await.expect_problem(401, "invalid_credentials");
    assert_eq!(amr(app.passkey_login(&mut key).await), says("hwk mfa user", "aal2"));

    // Both, with an authenticator app besides, and with that alone beside the password.
    for (name, with_key, with_app) in [("both", true, false), ("all", true, true), ("app", false, true)] {
        let mut token = app.user(name).await;
        let mut key = Key::passkey();
        let mut authenticator = None;
        if with_app {
            authenticator = Some(app.enrol(&token).await.authenticator);
        }
        if let Some(authenticator) = &authenticator {
            let code = authenticator.next_code(&app);
            token = token_of(&app.login_in_one_call(name, &code).await.expect(StatusCode::OK));
        }
        if with_key {
            app.add_key(&token, "passkey", &mut key).await;
        }
        let asked = app.begin_second_factor(name).await;
        assert_eq!(asked["totp_supported"], with_app, "{name}");
        assert_eq!(asked["webauthn_supported"], with_key, "{name}");
        assert_eq!(asked.get("webauthn_options").is_some(), with_key, "{name}");
        if let Some(authenticator) = &authenticator {
            let code = authenticator.next_code(&app);
            let answer = app.finish(asked["flow"].as_str().unwrap(), "two_fa_code", &code).await;
            assert_eq!(amr(answer), says("mfa otp pwd", "aal2"), "{name}");
        }
        if with_key {
            assert_eq!(amr(app.login_with_key(name, &mut key).await), says("hwk mfa pwd user", "aal2"), "{name}");
            assert_eq!(amr(app.passkey_login(&mut key).await), says("hwk mfa user", "aal2"), "{name}");
        }
    }
}

async fn webauthn_is_off_where_the_service_has_no_name(db: TestDb) {
    let app = TestApp::with(db, |config| {
        *config = portcullis::config::Config {
            public_url: "http://192.0.2.7:8400".parse().unwrap(),
            passkey_registration: true,
            ..config.clone()
        };
        config.audience = config.public_url.to_string();
    })
    .await;
    let methods = app.get("/auth/methods").send().await.body;
    assert_eq!(
        (&methods["passkey"], &methods["webauthn"], &methods["password"]),
        (&json!(false), &json!(false), &json!(true))
    );
    let token = app.user("ada").await;
    app.post("/auth/webauthn/register/start")
        .bearer(&token)
        .json(&json!({}))
        .send()
        .await
        .expect_problem(404, "not_found");
    app.post("/auth/login/passkey/start").json(&json!({})).send().await.expect_problem(404, "not_found");
    app.post("/auth/reauthenticate/start").bearer(&token).send().await.expect_problem(404, "not_found");
    app.begin_account("bob").await.expect_problem(404, "not_found");
}
