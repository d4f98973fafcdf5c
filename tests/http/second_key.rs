//! Keys as a second factor, and to show again who one is.

use std::time::Duration;

use axum::http::StatusCode;
use futures_util::future::join_all;
use portcullis::audit::EventKind;
use serde_json::json;

use crate::{
    app::{PASSWORD, TestApp},
    both,
    db::TestDb,
    key::{Key, UP, UV, encoded},
    keys::{authenticated_by, token_of},
    passkey_login::forgeries,
};

both![
    one_challenge_is_for_every_key_of_the_account,
    a_login_in_one_call_takes_the_answer_of_a_key,
    a_wrong_answer_brings_a_new_challenge_and_the_flow_lives_on,
    a_key_neither_counts_nor_waits,
    wa_1_in_a_race_of_answers_one_opens_a_session,
    wa_1_a_challenge_of_another_login_is_wrong,
    wa_2_forged_assertions_are_refused_as_a_second_factor,
    wa_4_what_was_demanded_of_a_key_at_first_is_demanded_of_it_later,
    wa_13_a_passkey_alone_shows_again_who_one_is,
    wa_13_a_security_key_does_so_beside_the_password,
    fields_are_named_that_are_missing_or_too_many,
];

async fn one_challenge_is_for_every_key_of_the_account(db: TestDb) {
    let app = TestApp::new(db).await;
    let (mut phone, mut stick) = (Key::passkey(), Key::security_key());
    app.user_with_passkey("ada", &mut phone).await;
    let token = token_of(&app.passkey_login(&mut phone).await);
    app.add_key(&token, "security_key", &mut stick).await;
    let asked = app.begin_second_factor("ada").await;
    assert_eq!((&asked["webauthn_supported"], &asked["totp_supported"]), (&json!(true), &json!(false)));
    let allowed: Vec<_> = asked["webauthn_options"]["allowCredentials"].as_array().unwrap().clone();
    let descriptor = |key: &Key| json!({"type": "public-key", "id": encoded(&key.id), "transports": ["usb"]});
    assert_eq!(allowed, [descriptor(&phone), descriptor(&stick)]);
    assert_eq!(asked["webauthn_options"]["userVerification"], "preferred");
    for key in [&mut phone, &mut stick] {
        let answer = app.login_with_key("ada", key).await.expect(StatusCode::OK);
        let amr = ["hwk", "mfa", "pwd", "user"].map(str::to_owned).to_vec();
        assert_eq!(authenticated_by(&answer), (amr, "aal2".into()));
    }
}

async fn a_login_in_one_call_takes_the_answer_of_a_key(db: TestDb) {
    let app = TestApp::new(db).await;
    let mut key = Key::passkey();
    app.user_with_passkey("ada", &mut key).await;
    let asked = app.begin_second_factor("ada").await;
    let response = key.answer(&asked["webauthn_options"]);
    let call = |flow: &serde_json::Value, password: &str| {
        let body = json!({"name": "ada", "password": password, "flow": flow, "webauthn_response": response});
        app.post("/auth/login").json(&body).send()
    };
    // A wrong password does not even look at it.
    call(&asked["flow"], "not the password of ada").await.expect_problem(401, "invalid_credentials");
    call(&asked["flow"], PASSWORD).await.expect(StatusCode::OK);
    // The flow ended with that, and so did the challenge.
    app.finish_second_factor(&asked, &response).await.expect_problem(401, "flow_invalid");
    let again = call(&asked["flow"], PASSWORD).await.expect_problem(401, "invalid_second_factor");
    assert_ne!(again.body["flow"], asked["flow"]);
    // What it is told then is good to go on with.
    let response = key.answer(&again.body["webauthn_options"]);
    app.finish_second_factor(&again.body, &response).await.expect(StatusCode::OK);
}

async fn a_wrong_answer_brings_a_new_challenge_and_the_flow_lives_on(db: TestDb) {
    let app = TestApp::new(db).await;
    let mut key = Key::passkey();
    app.user_with_passkey("ada", &mut key).await;
    let asked = app.begin_second_factor("ada").await;
    let right = key.answer(&asked["webauthn_options"]);
    let wrong = key.answer_as(&asked["webauthn_options"], |draft| draft.flags &= !UP);
    let again = app.finish_second_factor(&asked, &wrong).await.expect_problem(401, "invalid_second_factor").body;
    assert_eq!((&again["flow"], &again["webauthn_supported"]), (&asked["flow"], &json!(true)));
    assert_ne!(again["webauthn_options"]["challenge"], asked["webauthn_options"]["challenge"]);
    // The first challenge has had its answer.
    let again = app.finish_second_factor(&asked, &right).await.expect_problem(401, "invalid_second_factor").body;
    // A wrong code brings a new one as well.
    let code = app.finish(asked["flow"].as_str().unwrap(), "two_fa_code", "000000").await;
    let last = code.expect_problem(401, "invalid_second_factor").body;
    let late = key.answer(&again["webauthn_options"]);
    let last_right = key.answer(&last["webauthn_options"]);
    let newest = app.finish_second_factor(&asked, &late).await.expect_problem(401, "invalid_second_factor").body;
    app.finish_second_factor(&asked, &last_right).await.expect_problem(401, "invalid_second_factor");
    assert!(newest["webauthn_options"]["challenge"].is_string());
    let answer = app.login_with_key("ada", &mut key).await.expect(StatusCode::OK);
    assert!(answer.body["access_token"].is_string());
}

async fn a_key_neither_counts_nor_waits(db: TestDb) {
    let app = TestApp::new(db).await;
    let mut key = Key::passkey();
    let token = app.user_with_passkey("ada", &mut key).await;
    let asked = app.begin_second_factor("ada").await;
    let mut options = asked["webauthn_options"].clone();
    for _ in 0..30 {
        let wrong = key.answer_as(&options, |draft| draft.flags &= !UP);
        let again = app.finish_second_factor(&asked, &wrong).await.expect_problem(401, "invalid_second_factor");
        options = again.body["webauthn_options"].clone();
    }
    // Nor while codes have to.
    loop {
        let code = app.finish(asked["flow"].as_str().unwrap(), "recovery_code", "AAAA-AAAA-AAAA-AAAA").await;
        if code.code() == "too_many_attempts" {
            break;
        }
    }
    app.login_with_key("ada", &mut key).await.expect(StatusCode::OK);
    let me = app.get("/auth/me").bearer(&token).send().await.body;
    let events = app.events_of(me["id"].as_str().unwrap()).await;
    assert!(events.iter().filter(|event| event.kind == EventKind::SecondFactorFailed).count() >= 30);
}

async fn wa_1_in_a_race_of_answers_one_opens_a_session(db: TestDb) {
    let app = TestApp::new(db).await;
    let mut key = Key::passkey();
    app.user_with_passkey("ada", &mut key).await;
    let asked = app.begin_second_factor("ada").await;
    let response = key.answer(&asked["webauthn_options"]);
    let answers = join_all((0..32).map(|_| app.finish_second_factor(&asked, &response))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == StatusCode::OK).count(), 1);
}

async fn wa_1_a_challenge_of_another_login_is_wrong(db: TestDb) {
    let app = TestApp::new(db).await;
    let (mut ada, mut bob) = (Key::passkey(), Key::passkey());
    app.user_with_passkey("ada", &mut ada).await;
    app.user_with_passkey("bob", &mut bob).await;
    let (mine, other) = (app.begin_second_factor("ada").await, app.begin_second_factor("ada").await);
    let response = ada.answer(&other["webauthn_options"]);
    app.finish_second_factor(&mine, &response).await.expect_problem(401, "invalid_second_factor");
    // Nor does one user's answer finish another's login, in one call or in two.
    let of_bob = app.begin_second_factor("bob").await;
    let response = bob.answer(&of_bob["webauthn_options"]);
    let body = json!({"name": "ada", "password": PASSWORD, "flow": of_bob["flow"], "webauthn_response": response});
    app.post("/auth/login").json(&body).send().await.expect_problem(401, "invalid_second_factor");
}

async fn wa_2_forged_assertions_are_refused_as_a_second_factor(db: TestDb) {
    let app = TestApp::new(db).await;
    let mut key = Key::passkey();
    app.user_with_passkey("ada", &mut key).await;
    let asked = app.begin_second_factor("ada").await;
    let mut options = asked["webauthn_options"].clone();
    for (what, forge) in forgeries() {
        let response = key.answer_as(&options, forge);
        let refused = app.finish_second_factor(&asked, &response).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (401, "invalid_second_factor"), "{what}");
        options = refused.body["webauthn_options"].clone();
    }
    let response = key.answer(&options);
    app.finish_second_factor(&asked, &response).await.expect(StatusCode::OK);
}

async fn wa_4_what_was_demanded_of_a_key_at_first_is_demanded_of_it_later(db: TestDb) {
    let app = TestApp::new(db).await;
    let mut phone = Key::passkey();
    app.user_with_passkey("ada", &mut phone).await;
    let token = token_of(&app.passkey_login(&mut phone).await);
    let (mut plain, mut pin) = (Key::security_key(), Key::with(UP | UV, true));
    app.add_key(&token, "security_key", &mut plain).await;
    app.add_key(&token, "security_key", &mut pin).await;
    // A passkey makes sure of its holder, and so does a security key that did when it was added. One that never did need not.
    phone.flags &= !UV;
    pin.flags &= !UV;
    app.login_with_key("ada", &mut phone).await.expect_problem(401, "invalid_second_factor");
    app.login_with_key("ada", &mut pin).await.expect_problem(401, "invalid_second_factor");
    app.login_with_key("ada", &mut plain).await.expect(StatusCode::OK);
}

async fn wa_13_a_passkey_alone_shows_again_who_one_is(db: TestDb) {
    let app = TestApp::new(db).await;
    let mut key = Key::passkey();
    app.user_with_passkey("ada", &mut key).await;
    let answer = app.passkey_login(&mut key).await;
    let token = token_of(&answer);
    app.advance(Duration::from_mins(12));
    app.post("/auth/recovery-codes")
        .bearer(&token)
        .send()
        .await
        .expect_problem(401, "insufficient_user_authentication");
    let begun = app.begin_reauthentication(&token).await;
    let body = json!({"flow": begun["flow"], "webauthn_response": key.answer(&begun["webauthn_options"])});
    let elsewhere = token_of(&app.passkey_login(&mut key).await);
    // In another session of the same user it is worth nothing, and gone.
    let refused = app.post("/auth/reauthenticate").bearer(&elsewhere).json(&body).send().await;
    assert_eq!(refused.field_errors(), ["webauthn_response: invalid_response"]);
    let refused = app.post("/auth/reauthenticate").bearer(&token).json(&body).send().await;
    assert_eq!(refused.field_errors(), ["webauthn_response: invalid_response"]);
    let begun = app.begin_reauthentication(&token).await;
    let body = json!({"flow": begun["flow"], "webauthn_response": key.answer(&begun["webauthn_options"])});
    let again = app.post("/auth/reauthenticate").bearer(&token).json(&body).send().await.expect(StatusCode::OK);
    assert_eq!(authenticated_by(&again).0, ["hwk", "mfa", "user"]);
    app.post("/auth/recovery-codes").bearer(&token_of(&again)).send().await.expect(StatusCode::OK);
    app.get("/auth/me").bearer(&token).send().await.expect_problem(401, "invalid_token");
}

async fn wa_13_a_security_key_does_so_beside_the_password(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    app.post("/auth/reauthenticate/start").bearer(&token).send().await.expect_problem(409, "no_second_factor");
    let mut key = Key::security_key();
    app.add_key(&token, "security_key", &mut key).await;
    let token = token_of(&app.login_with_key("ada", &mut key).await);
    let again = async |key: &mut Key, password: Option<&str>, token: &str| {
        let begun = app.begin_reauthentication(token).await;
        let response = key.answer(&begun["webauthn_options"]);
        let body = json!({"flow": begun["flow"], "webauthn_response": response, "password": password});
        app.post("/auth/reauthenticate").bearer(token).json(&body).send().await
    };
    assert_eq!(again(&mut key, None, &token).await.field_errors(), ["password: missing"]);
    again(&mut key, Some("not the password of ada"), &token).await.expect_problem(403, "invalid_password");
    let wrong = again(&mut Key::security_key(), Some(PASSWORD), &token).await;
    assert_eq!(wrong.field_errors(), ["webauthn_response: invalid_response"]);
    let without = app.post("/auth/reauthenticate").bearer(&token).json(&json!({"password": PASSWORD})).send().await;
    without.expect_problem(403, "second_factor_required");
    let answer = again(&mut key, Some(PASSWORD), &token).await.expect(StatusCode::OK);
    assert_eq!(authenticated_by(&answer).0, ["hwk", "mfa", "pwd", "user"]);
}

async fn fields_are_named_that_are_missing_or_too_many(db: TestDb) {
    let app = TestApp::new(db).await;
    let mut key = Key::passkey();
    let token = app.user_with_passkey("ada", &mut key).await;
    let asked = app.begin_second_factor("ada").await;
    let response = key.answer(&asked["webauthn_options"]);
    for (path, body, errors) in [
        (
            "/auth/login/second-factor",
            json!({"flow": asked["flow"], "two_fa_code": "123456", "webauthn_response": response}),
            ["webauthn_response: one_too_many"],
        ),
        ("/auth/login/second-factor", json!({"webauthn_response": response}), ["flow: missing"]),
        ("/auth/login/second-factor", json!({"flow": asked["flow"]}), ["two_fa_code: missing"]),
        (
            "/auth/login/second-factor",
            json!({"flow": asked["flow"], "webauthn_response": []}),
            ["webauthn_response: wrong_type"],
        ),
        ("/auth/login", json!({"name": "ada", "password": PASSWORD, "webauthn_response": response}), ["flow: missing"]),
        ("/auth/reauthenticate", json!({"webauthn_response": response}), ["flow: missing"]),
        ("/auth/reauthenticate", json!({}), ["password: missing"]),
    ] {
        let answer = app.post(path).bearer(&token).json(&body).send().await.expect_problem(422, "invalid_fields");
        assert!(
            errors.iter().all(|error| answer.field_errors().contains(&(*error).to_owned())),
            "{path} {body}: {}",
            answer.body
        );
    }
    // Asked for in vain, it is as it was.
    app.finish_second_factor(&asked, &response).await.expect(StatusCode::OK);
}
