//! `POST /auth/change-password` by someone who logs in with a passkey and has no password yet.

use std::time::Duration;

use axum::http::StatusCode;
use futures_util::future::join_all;
use portcullis::{Error, account::Caller, mail::MailKind::PasswordChanged, password::Password, session::Device};
use serde_json::json;

use crate::{
    app::{Answer, PASSWORD, TestApp},
    both,
    db::TestDb,
    key::Key,
    keys::token_of,
    mailed::kinds,
};

both![
    a_first_password_takes_a_fresh_login_in_place_of_an_old_one,
    whoever_logged_in_a_while_ago_shows_again_who_they_are,
    whoever_has_a_password_states_it,
    se_2_whoever_has_a_second_factor_has_shown_it,
    race_of_16_first_passwords_one_is_set,
];

const ADA: &str = "ada@example.com";

async fn ada(db: TestDb) -> (TestApp, Key, String) {
    let app = TestApp::with(db, |config| config.passkey_registration = true).await;
    let mut key = Key::passkey();
    let token = app.register_with_passkey("ada", &mut key).await;
    (app, key, token)
}

async fn set(app: &TestApp, token: &str, new: &str) -> Answer {
    app.post("/auth/change-password").bearer(token).json(&json!({"new_password": new})).send().await
}

async fn a_first_password_takes_a_fresh_login_in_place_of_an_old_one(db: TestDb) {
    let (app, mut key, token) = ada(db).await;
    let other = token_of(&app.passkey_login(&mut key).await);
    let guessed = json!({"old_password": PASSWORD, "new_password": PASSWORD});
    let guessed = app.post("/auth/change-password").bearer(&token).json(&guessed).send().await;
    guessed.expect_problem(403, "invalid_password");
    assert_eq!(set(&app, &token, "short").await.field_errors(), ["new_password: password_too_short"]);
    assert_eq!(set(&app, &token, "Password123").await.field_errors(), ["new_password: password_too_common"]);
    app.login("ada", PASSWORD).await.expect_problem(401, "invalid_credentials");

    set(&app, &token, PASSWORD).await.expect(StatusCode::NO_CONTENT);
    app.get("/auth/me").bearer(&token).send().await.expect(StatusCode::OK);
    app.get("/auth/me").bearer(&other).send().await.expect_problem(401, "invalid_token");
    app.passkey_login(&mut key).await.expect(StatusCode::OK);
    app.login_with_key("ada", &mut key).await.expect(StatusCode::OK);
    assert!(kinds(&app, ADA).await.contains(&PasswordChanged));
}

async fn whoever_logged_in_a_while_ago_shows_again_who_they_are(db: TestDb) {
    let (app, mut key, token) = ada(db).await;
    app.advance(Duration::from_mins(11));
    let refused = set(&app, &token, PASSWORD).await.expect_problem(401, "insufficient_user_authentication");
    assert!(refused.header("www-authenticate").contains("max_age=\"600\""), "{}", refused.header("www-authenticate"));
    app.login("ada", PASSWORD).await.expect_problem(401, "invalid_credentials");

    let begun = app.begin_reauthentication(&token).await;
    let body = json!({"flow": begun["flow"], "webauthn_response": key.answer(&begun["webauthn_options"])});
    let again = app.post("/auth/reauthenticate").bearer(&token).json(&body).send().await.expect(StatusCode::OK);
    set(&app, &token_of(&again), PASSWORD).await.expect(StatusCode::NO_CONTENT);
    app.login_with_key("ada", &mut key).await.expect(StatusCode::OK);
}

async fn whoever_has_a_password_states_it(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("bob").await;
    let new = "a quite different password";
    assert_eq!(set(&app, &token, new).await.field_errors(), ["old_password: missing"]);
    let short = set(&app, &token, "short").await;
    assert_eq!(short.field_errors(), ["new_password: password_too_short", "old_password: missing"]);
    app.advance(Duration::from_mins(11));
    assert_eq!(set(&app, &token, new).await.field_errors(), ["old_password: missing"]);

    let accounts = app.portcullis.accounts();
    let bob = accounts.get_user_by_name_or_mail("bob").await.unwrap().unwrap().user.id;
    let caller = Caller { user: bob, session: None };
    let added = accounts.add_password(caller, Password::parse(new).unwrap(), &Device::default()).await;
    assert!(matches!(added, Err(Error::InvalidFields(errors)) if errors[0].field == "old_password"));
    app.login("bob", PASSWORD).await.expect(StatusCode::OK);
}

async fn se_2_whoever_has_a_second_factor_has_shown_it(db: TestDb) {
    let app = TestApp::new(db).await;
    let with_password_alone = app.user("eve").await;
    app.enrol(&app.token("eve", PASSWORD).await).await;
    app.db.remove_password("eve").await;
    let refused = set(&app, &with_password_alone, PASSWORD).await;
    refused.expect_problem(401, "insufficient_user_authentication");
}

async fn race_of_16_first_passwords_one_is_set(db: TestDb) {
    let (app, mut key, token) = ada(db).await;
    let new = |n: usize| format!("{PASSWORD} number {n}");
    let answers = join_all((0..16).map(|n| {
        let (app, token) = (&app, &token);
        async move { set(app, token, &new(n)).await }
    }))
    .await;
    let (won, lost): (Vec<_>, Vec<_>) = (0..16).partition(|n| answers[*n].status == StatusCode::NO_CONTENT);
    assert_eq!(won.len(), 1);
    for loser in lost {
        assert_eq!(answers[loser].field_errors(), ["old_password: missing"]);
    }
    let asked = app.login("ada", &new(won[0])).await.expect_problem(403, "second_factor_required");
    let response = key.answer(&asked.body["webauthn_options"]);
    app.finish_second_factor(&asked.body, &response).await.expect(StatusCode::OK);
}
