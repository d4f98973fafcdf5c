//! Setting an authenticator app up, replacing it and removing it.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use futures_util::future::join_all;
use portcullis::{
    audit::EventKind,
    clock::Clock,
    mail::MailKind::{RecoveryCodeUsed, SecondFactorAdded, SecondFactorRemoved, VerifyEmail},
};
use serde_json::json;

use crate::{
    app::{PASSWORD, TestApp},
    authenticator::{Authenticator, texts},
    both,
    db::TestDb,
    mailed,
};

both![
    tp_8_a_set_up_is_confirmed_with_a_code_and_tells,
    tp_8_a_set_up_needs_a_fresh_login_and_with_a_second_factor_if_there_is_one,
    tp_8_a_pending_authenticator_opens_nothing_and_expires,
    tp_8_starting_a_new_set_up_never_weakens_a_live_one,
    a_new_authenticator_takes_the_place_of_the_old_one_with_its_first_code,
    in_a_race_of_confirmations_one_wins,
    tp_2_the_secret_is_sealed_in_the_database_and_shown_once,
    an_authenticator_is_removed_with_a_code_of_either_kind,
    lg_7_a_mail_tells_of_second_factors_that_come_and_go_and_of_recovery_codes,
    what_is_not_set_up_cannot_be_removed,
    the_body_of_a_set_up_may_be_left_out,
    a_reauthentication_asks_for_the_second_factor,
    the_account_is_deleted_with_a_second_factor_only,
];

async fn is_configured(app: &TestApp, token: &str) -> bool {
    let answer = app.get("/auth/totp").bearer(token).send().await.expect(StatusCode::OK);
    answer.body["is_configured"].as_bool().unwrap()
}

async fn kinds(app: &TestApp, token: &str) -> Vec<EventKind> {
    let id = app.get("/auth/me").bearer(token).send().await.body["id"].as_str().unwrap().to_owned();
    app.events_of(&id).await.into_iter().map(|event| event.kind).collect()
}

/// Logs in with a second factor and answers the access token.
async fn full_login(app: &TestApp, authenticator: &Authenticator) -> String {
    let answer = app.login_in_one_call("ada", &authenticator.next_code(app)).await.expect(StatusCode::OK);
    answer.body["access_token"].as_str().unwrap().to_owned()
}

async fn tp_8_a_set_up_is_confirmed_with_a_code_and_tells(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    assert!(!is_configured(&app, &token).await);
    let setup = app.post("/auth/totp/setup").bearer(&token).send().await.expect(StatusCode::CREATED);
    let secret = setup.body["secret"].as_str().unwrap();
    assert_eq!(
        setup.body["otpauth_uri"],
        format!(
            "otpauth://totp/id.example:ada%40example.com?secret={secret}&issuer=id.example\
             &algorithm=SHA1&digits=6&period=30"
        )
    );
    assert!(setup.body["qr_svg"].as_str().unwrap().starts_with("<svg "));
    assert!(!is_configured(&app, &token).await);
    let code = Authenticator::of(secret).code(&app);
    let body = json!({"code": format!("{} {}", &code[..3], &code[3..])});
    let confirmed = app.post("/auth/totp/confirm").bearer(&token).json(&body).send().await.expect(StatusCode::OK);
    assert_eq!(texts(&confirmed.body["recovery_codes"]).len(), 10);
    assert!(confirmed.body.get("access_token").is_none());
    assert!(is_configured(&app, &token).await);
    assert_eq!(kinds(&app, &token).await[..2], [EventKind::TotpEnabled, EventKind::TotpSetupStarted]);
    app.post("/auth/totp/confirm").bearer(&token).json(&body).send().await;
    app.login("ada", PASSWORD).await.expect_problem(403, "second_factor_required");
}

async fn tp_8_a_set_up_needs_a_fresh_login_and_with_a_second_factor_if_there_is_one(db: TestDb) {
    let app = TestApp::new(db).await;
    for path in ["/auth/totp/setup", "/auth/totp/confirm"] {
        let stranger = app.post(path).json(&json!({})).send().await.expect_problem(401, "unauthenticated");
        assert!(stranger.header("www-authenticate").starts_with("Bearer"));
    }
    let token = app.user("ada").await;
    app.advance(Duration::from_secs(601));
    let refused = |answer: crate::app::Answer| {
        let answer = answer.expect(StatusCode::UNAUTHORIZED);
        assert_eq!(answer.code(), "insufficient_user_authentication");
        answer.header("www-authenticate").to_owned()
    };
    for path in ["/auth/totp/setup", "/auth/totp/confirm", "/auth/recovery-codes"] {
        let challenge = refused(app.post(path).bearer(&token).json(&json!({"code": "123456"})).send().await);
        assert!(challenge.contains("max_age=\"600\"") && !challenge.contains("acr_values"), "{challenge}");
    }
    let token = app.token("ada", PASSWORD).await;
    let authenticator = app.enrol(&token).await.authenticator;
    for path in ["/auth/totp/setup", "/auth/totp/confirm", "/auth/recovery-codes"] {
        let challenge = refused(app.post(path).bearer(&token).json(&json!({"code": "123456"})).send().await);
        assert!(challenge.contains("acr_values=\"aal2\"") && !challenge.contains("max_age"), "{challenge}");
    }
    let token = full_login(&app, &authenticator).await;
    app.post("/auth/totp/setup").bearer(&token).send().await.expect(StatusCode::CREATED);
}

async fn tp_8_a_pending_authenticator_opens_nothing_and_expires(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    let pending = app.set_up(&token).await;
    // Someone with nothing but a pending authenticator logs in as before.
    app.login("ada", PASSWORD).await.expect(StatusCode::OK);
    let disable = json!({"code": pending.code(&app)});
    let disabled = app.post("/auth/totp/disable").bearer(&token).json(&disable).send().await;
    disabled.expect_problem(409, "no_second_factor");
    app.advance(Duration::from_mins(10));
    let body = json!({"code": pending.code(&app)});
    let late = app.post("/auth/totp/confirm").bearer(&token).json(&body).send().await;
    assert_eq!(late.expect_problem(422, "invalid_fields").field_errors(), ["code: invalid_code"]);
    app.portcullis.accounts().forget_expired().await.unwrap();
    assert_eq!(app.db.count("totp_setups").await, 0);
    assert_eq!(app.db.count("totp").await, 0);
}

async fn tp_8_starting_a_new_set_up_never_weakens_a_live_one(db: TestDb) {
    let app = TestApp::new(db).await;
    let live = app.enrol(&app.user("ada").await).await;
    let token = full_login(&app, &live.authenticator).await;
    let pending = app.set_up(&token).await;
    assert!(is_configured(&app, &token).await);
    let flow = app.flow_of("ada").await;
    let code = pending.next_code(&app);
    app.finish(&flow, "two_fa_code", &code).await.expect_problem(401, "invalid_second_factor");
    app.finish(&flow, "two_fa_code", &live.authenticator.code(&app)).await.expect(StatusCode::OK);
    // A second set-up replaces the first one, never the live one.
    let other = app.set_up(&token).await;
    let confirm = json!({"code": pending.next_code(&app)});
    let refused = app.post("/auth/totp/confirm").bearer(&token).json(&confirm).send().await;
    refused.expect_problem(422, "invalid_fields");
    app.login_in_one_call("ada", &other.code(&app)).await.expect_problem(401, "invalid_second_factor");
    app.login_in_one_call("ada", &live.authenticator.code(&app)).await.expect(StatusCode::OK);
    let flow = app.flow_of("ada").await;
    app.finish(&flow, "recovery_code", &live.recovery_codes[0]).await.expect(StatusCode::OK);
}

async fn a_new_authenticator_takes_the_place_of_the_old_one_with_its_first_code(db: TestDb) {
    let app = TestApp::new(db).await;
    let old = app.enrol(&app.user("ada").await).await;
    let token = full_login(&app, &old.authenticator).await;
    let new = app.set_up(&token).await;
    let confirm = json!({"code": new.next_code(&app)});
    let confirmed = app.post("/auth/totp/confirm").bearer(&token).json(&confirm).send().await.expect(StatusCode::OK);
    // The recovery codes stay as they were.
    assert_eq!(confirmed.body, json!({}));
    app.login_in_one_call("ada", &old.authenticator.next_code(&app)).await.expect_problem(401, "invalid_second_factor");
    app.login_in_one_call("ada", &new.code(&app)).await.expect(StatusCode::OK);
    let flow = app.flow_of("ada").await;
    app.finish(&flow, "recovery_code", &old.recovery_codes[0]).await.expect(StatusCode::OK);
}

async fn in_a_race_of_confirmations_one_wins(db: TestDb) {
    let app = TestApp::with(db, |config| config.insecure_no_limits = true).await;
    let token = app.user("ada").await;
    let body = json!({"code": app.set_up(&token).await.code(&app)});
    let confirm = async || app.post("/auth/totp/confirm").bearer(&token).json(&body).send().await;
    let answers = join_all((0..32).map(|_| confirm())).await;
    let winners: Vec<_> = answers.iter().filter(|answer| answer.status == StatusCode::OK).collect();
    assert_eq!(winners.len(), 1);
    assert_eq!(texts(&winners[0].body["recovery_codes"]).len(), 10);
    assert_eq!(app.db.count("recovery_codes").await, 10);
    // Those who came later meet either the used set-up or the second factor that is asked for since.
    assert!(answers.iter().all(|answer| matches!(answer.status.as_u16(), 200 | 401 | 422)));
}

async fn tp_2_the_secret_is_sealed_in_the_database_and_shown_once(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    let setup = app.post("/auth/totp/setup").bearer(&token).send().await.expect(StatusCode::CREATED);
    let text = setup.body["secret"].as_str().unwrap().to_owned();
    assert_eq!(text.len(), 32);
    let secret = totp_rs::Secret::try_from_base32(&text).unwrap();
    let pending = app.db.bytes("secret", "totp_setups").await;
    let body = json!({"code": Authenticator::of(&text).code(&app)});
    let confirmed = app.post("/auth/totp/confirm").bearer(&token).json(&body).send().await.expect(StatusCode::OK);
    let live = app.db.bytes("secret", "totp").await;
    for stored in [&pending[0], &live[0]] {
        assert!(!stored.windows(20).any(|window| window == secret.as_bytes()));
        assert!(!stored.windows(32).any(|window| window == text.as_bytes()));
    }
    let codes = app.db.bytes("hash", "recovery_codes").await;
    assert_eq!(codes.len(), 10);
    for code in texts(&confirmed.body["recovery_codes"]) {
        let plain = code.replace('-', "");
        let hash = portcullis::secret::TokenHash::of(plain.as_bytes());
        for stored in &codes {
            assert_eq!(stored.len(), 32);
            assert_ne!(stored.as_slice(), hash.as_bytes(), "a hash without a key can be searched");
        }
    }
    let shown = app.get("/auth/totp").bearer(&token).send().await;
    assert!(!String::from_utf8_lossy(&shown.bytes).contains(&text));
}

async fn an_authenticator_is_removed_with_a_code_of_either_kind(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    let enrolled = app.enrol(&token).await;
    let pending = app.set_up(&full_login(&app, &enrolled.authenticator).await).await;
    let disable = async |body| app.post("/auth/totp/disable").bearer(&token).json(&body).send().await;
    let wrong = disable(json!({"code": pending.next_code(&app)})).await.expect_problem(422, "invalid_fields");
    assert_eq!(wrong.field_errors(), ["code: invalid_code"]);
    let missing = disable(json!({})).await.expect_problem(422, "invalid_fields");
    assert_eq!(missing.field_errors(), ["code: missing"]);
    let code = enrolled.authenticator.code(&app);
    disable(json!({"code": code})).await.expect(StatusCode::NO_CONTENT);
    assert!(!is_configured(&app, &token).await);
    for table in ["totp", "totp_setups", "recovery_codes"] {
        assert_eq!(app.db.count(table).await, 0, "{table}");
    }
    assert_eq!(kinds(&app, &token).await[0], EventKind::TotpDisabled);
    app.login("ada", PASSWORD).await.expect(StatusCode::OK);

    let token = app.token("ada", PASSWORD).await;
    let again = app.enrol(&token).await;
    assert_eq!(again.recovery_codes.len(), 10);
    let body = json!({"recovery_code": again.recovery_codes[9]});
    app.post("/auth/totp/disable").bearer(&token).json(&body).send().await.expect(StatusCode::NO_CONTENT);
}

async fn what_is_not_set_up_cannot_be_removed(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    let disabled = app.post("/auth/totp/disable").bearer(&token).json(&json!({"code": "123456"})).send().await;
    disabled.expect_problem(409, "no_second_factor");
    app.post("/auth/recovery-codes").bearer(&token).send().await.expect_problem(409, "no_second_factor");
}

async fn the_body_of_a_set_up_may_be_left_out(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    let setup = || app.post("/auth/totp/setup").bearer(&token);
    setup().send().await.expect(StatusCode::CREATED);
    setup().json(&json!({})).send().await.expect(StatusCode::CREATED);
    setup().json(&json!({"flow": null})).send().await.expect(StatusCode::CREATED);
    setup().header("content-length", "0").send().await.expect(StatusCode::CREATED);
    setup().json(&json!([])).send().await.expect_problem(400, "invalid_request");
    let wrong = setup().json(&json!({"flow": 1})).send().await;
    wrong.expect_problem(401, "flow_invalid");
    setup().json(&json!({"flow": "pcf_x"})).send().await.expect_problem(401, "flow_invalid");
}

async fn a_reauthentication_asks_for_the_second_factor(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    let enrolled = app.enrol(&token).await;
    let again = async |body| app.post("/auth/reauthenticate").bearer(&token).json(&body).send().await;
    let asked = again(json!({"password": PASSWORD})).await.expect_problem(403, "second_factor_required");
    assert_eq!((asked.body.get("flow"), &asked.body["totp_supported"]), (None, &json!(true)));
    let wrong = json!({"password": PASSWORD, "two_fa_code": enrolled.authenticator.wrong_code(&app)});
    assert_eq!(again(wrong).await.expect_problem(422, "invalid_fields").field_errors(), ["two_fa_code: invalid_code"]);
    let code = enrolled.authenticator.next_code(&app);
    let wrong = json!({"password": "not the password", "two_fa_code": code});
    again(wrong).await.expect_problem(403, "invalid_password");
    let answer = again(json!({"password": PASSWORD, "two_fa_code": code})).await.expect(StatusCode::OK);
    let new = answer.body["access_token"].as_str().unwrap();
    let claims = app.portcullis.verifier().verify(new).unwrap();
    assert_eq!((claims.acr.as_deref(), claims.auth_time), (Some("aal2"), Some(app.clock.now())));
    app.get("/auth/me").bearer(&token).send().await.expect_problem(401, "invalid_token");
    app.post("/auth/totp/setup").bearer(new).send().await.expect(StatusCode::CREATED);
}

async fn the_account_is_deleted_with_a_second_factor_only(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    let authenticator = app.enrol(&token).await.authenticator;
    let delete = async |token: &str| app.request(Method::DELETE, "/auth/me").bearer(token).send().await;
    let refused = delete(&token).await.expect(StatusCode::UNAUTHORIZED);
    assert_eq!((refused.code(), &refused.body["acr_values"]), ("insufficient_user_authentication", &json!("aal2")));
    delete(&full_login(&app, &authenticator).await).await.expect(StatusCode::NO_CONTENT);
    for table in ["totp", "totp_setups", "recovery_codes", "flows"] {
        assert_eq!(app.db.count(table).await, 0, "{table}");
    }
}

async fn lg_7_a_mail_tells_of_second_factors_that_come_and_go_and_of_recovery_codes(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    let enrolled = app.enrol(&token).await;
    let body = json!({"recovery_code": enrolled.recovery_codes[0]});
    let disable = app.post("/auth/totp/disable").bearer(&token).json(&body).send();
    disable.await.expect(StatusCode::NO_CONTENT);
    let told = mailed::kinds(&app, "ada@example.com").await;
    assert_eq!(told, [VerifyEmail, SecondFactorAdded, RecoveryCodeUsed, SecondFactorRemoved]);
}
