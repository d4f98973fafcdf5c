//! Keys where something else of the account changes: its address, its password, whose it is. And where the database
//! fails.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use portcullis::{
    Scopes,
    access::Operator,
    account::{Caller, UserId},
    audit::EventKind,
    mail::MailKind::{
        AlreadyRegistered, EmailChanged, ResetPassword, SecondFactorAdded, SecondFactorRemoved, VerifyEmail,
    },
    password::Password,
    session::Device,
};
use serde_json::{Value, json};

use crate::{
    app::{Answer, PASSWORD, TestApp},
    both,
    db::TestDb,
    key::{Key, UV},
    keys::{authenticated_by, token_of},
    mailed::{NEW, change_email, forget, kinds, spend, token, verified},
};

both![
    ev_4_keys_planted_before_the_address_was_confirmed_are_gone,
    rs_6_the_keys_of_a_confirmed_address_stay,
    keys_that_came_with_the_loss_of_an_address_go_when_it_comes_back,
    what_an_administrator_resets_loses_its_keys,
    a_passkey_login_ends_with_a_new_password_where_one_has_to_be_set,
    wa_10_an_owner_is_told_of_keys_that_come_and_go,
    an_account_with_a_passkey_opens_once_its_address_is_confirmed,
    id_3_registering_with_a_passkey_does_not_tell_whose_address_is_known,
    nothing_opens_while_the_database_fails,
];

const ADA: &str = "ada@example.com";

async fn reset(app: &TestApp) {
    forget(app, ADA).await;
    let token = token(app, ADA, ResetPassword).await;
    spend(app, "/auth/reset-password", &token).await.expect(StatusCode::NO_CONTENT);
}

async fn trail(app: &TestApp, answer: &Answer) -> Vec<EventKind> {
    let user = answer.body["user"]["id"].as_str().unwrap();
    app.events_of(user).await.iter().map(|event| event.kind).collect()
}

async fn ev_4_keys_planted_before_the_address_was_confirmed_are_gone(db: TestDb) {
    let app = TestApp::new(db).await;
    let mut planted = Key::passkey();
    app.user_with_passkey("ada", &mut planted).await;
    let begun = app.begin_passkey_login().await;
    reset(&app).await;
    let answer = planted.answer(&begun["options"]);
    app.finish_passkey_login(&begun, &answer).await.expect_problem(401, "invalid_credentials");
    let login = app.login(ADA, NEW).await.expect(StatusCode::OK);
    for table in ["passkeys", "recovery_codes"] {
        assert_eq!(app.db.count(table).await, 0, "{table}");
    }
    assert!(trail(&app, &login).await.contains(&EventKind::PasskeyRemoved));
}

async fn rs_6_the_keys_of_a_confirmed_address_stay(db: TestDb) {
    let app = TestApp::new(db).await;
    let mut key = Key::passkey();
    let token = verified(&app, "ada").await;
    app.add_key(&token, "passkey", &mut key).await;
    reset(&app).await;
    let asked = app.login("ada", NEW).await.expect_problem(403, "second_factor_required").body;
    let answer = key.answer(&asked["webauthn_options"]);
    app.finish_second_factor(&asked, &answer).await.expect(StatusCode::OK);
    app.passkey_login(&mut key).await.expect(StatusCode::OK);
}

async fn keys_that_came_with_the_loss_of_an_address_go_when_it_comes_back(db: TestDb) {
    let app = TestApp::new(db).await;
    let mut own = Key::passkey();
    let access = verified(&app, "ada").await;
    app.add_key(&access, "passkey", &mut own).await;
    app.advance(Duration::from_hours(48));

    // Someone at her machine adds a key, moves the address, and adds another.
    let (mut before, mut after) = (Key::passkey(), Key::passkey());
    let access = token_of(&app.passkey_login(&mut own).await);
    app.add_key(&access, "passkey", &mut before).await;
    change_email(&app, &access, "eve@example.com").await;
    let confirm = token(&app, "eve@example.com", portcullis::mail::MailKind::ConfirmEmail).await;
    spend(&app, "/auth/confirm-email", &confirm).await.expect(StatusCode::OK);
    app.advance(Duration::from_hours(24));
    let access = token_of(&app.passkey_login(&mut before).await);
    app.add_key(&access, "passkey", &mut after).await;

    let undo = token(&app, ADA, EmailChanged).await;
    spend(&app, "/auth/undo-email", &undo).await.expect(StatusCode::OK);
    for key in [&mut before, &mut after] {
        app.passkey_login(key).await.expect_problem(401, "invalid_credentials");
    }
    let login = app.passkey_login(&mut own).await.expect(StatusCode::OK);
    assert_eq!(app.keys(&token_of(&login)).await.len(), 1);
    assert!(trail(&app, &login).await.contains(&EventKind::PasskeyRemoved));
}

async fn what_an_administrator_resets_loses_its_keys(db: TestDb) {
    let app = TestApp::new(db).await;
    let mut key = Key::passkey();
    app.user_with_passkey("ada", &mut key).await;
    let accounts = app.portcullis.accounts();
    let ada = accounts.get_user_by_name_or_mail("ada").await.unwrap().unwrap().user.id;
    let (begun, asked) = (app.begin_passkey_login().await, app.begin_second_factor("ada").await);
    let caller = Caller { user: UserId::new(app.now()), session: None };
    let operator = Operator::person(caller, Scopes::parse("users:write"));
    let (password, device) = (Password::parse(NEW).unwrap(), Device::default());
    accounts.administer(&operator, &device).reset_password(ada, password).await.unwrap();
    let answer = key.answer(&begun["options"]);
    app.finish_passkey_login(&begun, &answer).await.expect_problem(401, "invalid_credentials");
    let answer = key.answer(&asked["webauthn_options"]);
    app.finish_second_factor(&asked, &answer).await.expect_problem(401, "flow_invalid");
    for table in ["passkeys", "passkey_challenges", "recovery_codes"] {
        assert_eq!(app.db.count(table).await, 0, "{table}");
    }
    app.login("ada", NEW).await.expect_problem(403, "password_change_required");
}

async fn a_passkey_login_ends_with_a_new_password_where_one_has_to_be_set(db: TestDb) {
    let app = TestApp::new(db).await;
    let mut key = Key::passkey();
    app.user_with_passkey("ada", &mut key).await;
    app.db.must_change_password("ada").await;
    let asked = app.passkey_login(&mut key).await.expect_problem(403, "password_change_required");
    assert!(asked.body.get("access_token").is_none());
    let body = json!({"flow": asked.body["flow"], "new_password": NEW});
    let login = app.post("/auth/login/new-password").json(&body).send().await.expect(StatusCode::OK);
    assert_eq!(authenticated_by(&login), (vec!["hwk".into(), "mfa".into(), "user".into()], "aal2".into()));
    app.passkey_login(&mut key).await.expect(StatusCode::OK);
}

async fn wa_10_an_owner_is_told_of_keys_that_come_and_go(db: TestDb) {
    let app = TestApp::new(db).await;
    let mut key = Key::passkey();
    app.user_with_passkey("ada", &mut key).await;
    let access = token_of(&app.passkey_login(&mut key).await);
    let stick = app.add_key(&access, "security_key", &mut Key::security_key()).await;
    let path = format!("/auth/webauthn/credentials/{}", stick["id"].as_str().unwrap());
    app.request(Method::DELETE, &path).bearer(&access).send().await.expect(StatusCode::NO_CONTENT);
    let told = kinds(&app, ADA).await;
    let of = |kind| told.iter().filter(|told| **told == kind).count();
    assert_eq!((of(SecondFactorAdded), of(SecondFactorRemoved)), (2, 1));
    let mails = app.mailbox.to(ADA);
    let says = |text: &str| mails.iter().any(|mail| mail.text().contains(text));
    assert!(says("a passkey") && says("a security key"));
}

async fn begin(app: &TestApp, username: &str, email: &str) -> Answer {
    app.post("/auth/register/passkey/start").json(&json!({"username": username, "email": email})).send().await
}

async fn finish(app: &TestApp, begun: &Value, response: &Value) -> Answer {
    let body = json!({"flow": begun["flow"], "webauthn_response": response});
    app.post("/auth/register/passkey/finish").json(&body).send().await
}

async fn confirmed_first(db: TestDb) -> TestApp {
    TestApp::with(db, |config| {
        config.passkey_registration = true;
        config.require_verified_email = true;
    })
    .await
}

async fn an_account_with_a_passkey_opens_once_its_address_is_confirmed(db: TestDb) {
    let app = confirmed_first(db).await;
    let mut key = Key::passkey();
    let begun = begin(&app, "ada", ADA).await.expect(StatusCode::OK).body;
    let made = finish(&app, &begun, &key.register(&begun["options"])).await.expect(StatusCode::CREATED);
    assert_eq!((&made.body["username"], &made.body["email_verified"]), (&json!("ada"), &json!(false)));
    assert!(made.body.get("access_token").is_none());
    app.passkey_login(&mut key).await.expect_problem(401, "invalid_credentials");
    assert_eq!(app.db.count("sessions").await, 0);
    let verify = token(&app, ADA, VerifyEmail).await;
    spend(&app, "/auth/verify-email", &verify).await.expect(StatusCode::OK);
    app.passkey_login(&mut key).await.expect(StatusCode::OK);
}

async fn id_3_registering_with_a_passkey_does_not_tell_whose_address_is_known(db: TestDb) {
    let app = confirmed_first(db).await;
    app.register("ada", ADA).await.expect(StatusCode::CREATED);
    let verify = token(&app, ADA, VerifyEmail).await;
    spend(&app, "/auth/verify-email", &verify).await.expect(StatusCode::OK);
    let shape = |answer: &Answer| {
        let codes = answer.body["recovery_codes"].as_array().map(Vec::len);
        (answer.status, answer.body["email_verified"].clone(), codes, answer.body.as_object().unwrap().len())
    };
    let mut key = Key::passkey();
    let mut answers = Vec::new();
    for (username, email) in [("bob", ADA), ("eve", "eve@example.com")] {
        let begun = begin(&app, username, email).await.expect(StatusCode::OK).body;
        let answer = finish(&app, &begun, &Key::passkey().register(&begun["options"])).await;
        answers.push(shape(&answer));
        // The name is used up by either.
        begin(&app, username, "another@example.com").await.expect_problem(409, "username_taken");
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0].0, StatusCode::CREATED);
    assert_eq!(app.db.count("users").await, 2);
    assert!(kinds(&app, ADA).await.contains(&AlreadyRegistered));

    // Neither is it told by a passkey that is somebody's already, or by a wrong answer.
    let begun = begin(&app, "carl", "carl@example.com").await.expect(StatusCode::OK).body;
    finish(&app, &begun, &key.register(&begun["options"])).await.expect(StatusCode::CREATED);
    for (username, email) in [("dan", ADA), ("fay", "fay@example.com")] {
        for change in [0, UV] {
            let begun = begin(&app, username, email).await.expect(StatusCode::OK).body;
            let response = key.register_as(&begun["options"], |draft| draft.flags &= !change);
            let refused = finish(&app, &begun, &response).await;
            assert_eq!(refused.field_errors(), ["webauthn_response: invalid_response"], "{email}");
        }
    }
}

async fn nothing_opens_while_the_database_fails(db: TestDb) {
    let app = TestApp::new(db).await;
    let mut key = Key::passkey();
    app.user_with_passkey("ada", &mut key).await;
    let sessions = app.db.count("sessions").await;
    let begun = app.begin_passkey_login().await;
    let response = key.answer(&begun["options"]);
    for table in ["passkey_challenges", "passkeys"] {
        app.db.hide(table).await;
        app.finish_passkey_login(&begun, &response).await.expect(StatusCode::INTERNAL_SERVER_ERROR);
        app.db.show(table).await;
    }
    // The challenge was used up before the key could not be found.
    app.finish_passkey_login(&begun, &response).await.expect_problem(401, "flow_invalid");
    app.db.hide("passkey_challenges").await;
    let start = app.post("/auth/login/passkey/start").json(&json!({})).send().await;
    start.expect(StatusCode::INTERNAL_SERVER_ERROR);
    // Whoever is asked for a key and cannot be is not let in without.
    app.login("ada", PASSWORD).await.expect(StatusCode::INTERNAL_SERVER_ERROR);
    app.db.show("passkey_challenges").await;
    assert_eq!(app.db.count("sessions").await, sessions);
    app.passkey_login(&mut key).await.expect(StatusCode::OK);
}
