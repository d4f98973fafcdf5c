use std::time::Duration;

use axum::http::StatusCode;
use futures_util::future::join_all;
use portcullis::mail::MailKind::{ConfirmEmail, EmailChanged, PasswordChanged, ResetPassword, VerifyEmail};
use serde_json::json;

use crate::{
    app::{PASSWORD, TestApp},
    both,
    db::TestDb,
    mailed::{NEW, PLACES, change_email, forget, kinds, spend, token, tokens, verified},
};

both![
    ev_2_the_old_address_stays_until_the_new_one_is_confirmed_and_can_come_back,
    ev_1_a_token_confirms_the_address_it_was_mailed_to_and_no_other,
    a_token_opens_only_what_it_was_mailed_for,
    who_moved_the_address_cannot_take_it_from_its_owner_again,
    a_second_factor_of_whoever_moved_the_address_goes_when_it_is_undone,
    rs_6_an_older_second_factor_is_asked_for_after_an_undo,
    an_address_that_may_come_back_is_given_to_nobody_else,
    an_address_that_was_never_confirmed_gets_no_say,
    a_taken_address_is_not_told_and_not_given,
    of_32_confirmations_in_a_race_one_wins,
    only_who_has_just_logged_in_changes_the_address,
    rs_9_nobody_is_flooded_by_asking_for_an_address,
];

const ADA: &str = "ada@example.com";
const NEXT: &str = "next@example.com";
const CONFIRM: &str = "/auth/confirm-email";
const UNDO: &str = "/auth/undo-email";

async fn email(app: &TestApp, access: &str) -> String {
    app.get("/auth/me").bearer(access).send().await.expect(StatusCode::OK).body["email"].as_str().unwrap().to_owned()
}

/// Moves an account to another address.
async fn moved(app: &TestApp, access: &str, to: &str) {
    change_email(app, access, to).await;
    spend(app, CONFIRM, &token(app, to, ConfirmEmail).await).await.expect(StatusCode::OK);
}

async fn ev_2_the_old_address_stays_until_the_new_one_is_confirmed_and_can_come_back(db: TestDb) {
    let app = TestApp::new(db).await;
    let access = verified(&app, "ada").await;
    change_email(&app, &access, NEXT).await;
    let confirm = token(&app, NEXT, ConfirmEmail).await;
    assert_eq!(email(&app, &access).await, ADA);
    spend(&app, CONFIRM, &confirm).await.expect(StatusCode::OK);
    spend(&app, CONFIRM, &confirm).await.expect_problem(400, "token_invalid");
    assert_eq!(email(&app, &access).await, NEXT);

    assert_eq!(kinds(&app, ADA).await, [VerifyEmail, EmailChanged]);
    let mail = app.mailbox.latest(ADA).unwrap();
    assert!(mail.text().contains(NEXT), "{}", mail.text());
    let undo = token(&app, ADA, EmailChanged).await;
    let body = json!({"old_password": PASSWORD, "new_password": NEW});
    app.post("/auth/change-password").bearer(&access).json(&body).send().await.expect(StatusCode::NO_CONTENT);
    assert_eq!(kinds(&app, NEXT).await, [ConfirmEmail, PasswordChanged]);
    app.advance(Duration::from_hours(7 * 24) - Duration::from_mins(1));
    spend(&app, UNDO, &undo).await.expect(StatusCode::OK);
    app.get("/auth/me").bearer(&access).send().await.expect_problem(401, "invalid_token");
    for password in [PASSWORD, NEW] {
        app.login("ada", password).await.expect_problem(401, "invalid_credentials");
    }
    let reset = token(&app, ADA, ResetPassword).await;
    spend(&app, "/auth/reset-password", &reset).await.expect(StatusCode::NO_CONTENT);
    let user = app.login(ADA, NEW).await.expect(StatusCode::OK).body["user"].clone();
    assert_eq!((&user["email"], &user["email_verified"]), (&json!(ADA), &json!(true)));
    assert_eq!(kinds(&app, NEXT).await, [ConfirmEmail, PasswordChanged]);
}

async fn ev_1_a_token_confirms_the_address_it_was_mailed_to_and_no_other(db: TestDb) {
    let app = TestApp::new(db).await;
    let access = verified(&app, "ada").await;
    change_email(&app, &access, "a@example.com").await;
    let first = token(&app, "a@example.com", ConfirmEmail).await;
    change_email(&app, &access, "victim@example.com").await;
    spend(&app, CONFIRM, &first).await.expect_problem(400, "token_invalid");
    assert_eq!(email(&app, &access).await, ADA);
    // One that had not left when the next was asked for has nothing to confirm any more.
    app.portcullis.accounts().deliver_mail().await.unwrap();
    change_email(&app, &access, NEXT).await;
    let last = token(&app, NEXT, ConfirmEmail).await;
    let victims = token(&app, "victim@example.com", ConfirmEmail).await;
    spend(&app, CONFIRM, &victims).await.expect_problem(400, "token_invalid");
    spend(&app, CONFIRM, &last).await.expect(StatusCode::OK);
    assert_eq!(email(&app, &access).await, NEXT);
}

async fn a_token_opens_only_what_it_was_mailed_for(db: TestDb) {
    let app = TestApp::new(db).await;
    let access = verified(&app, "ada").await;
    moved(&app, &access, NEXT).await;
    change_email(&app, &access, "third@example.com").await;
    forget(&app, NEXT).await;
    app.register("bob", "bob@example.com").await.expect(StatusCode::CREATED);
    let mailed = [
        (VerifyEmail, token(&app, "bob@example.com", VerifyEmail).await),
        (ResetPassword, token(&app, NEXT, ResetPassword).await),
        (ConfirmEmail, token(&app, "third@example.com", ConfirmEmail).await),
        (EmailChanged, token(&app, ADA, EmailChanged).await),
    ];
    for (place, takes) in PLACES {
        for (_, token) in mailed.iter().filter(|(kind, _)| *kind != takes) {
            spend(&app, place, token).await.expect_problem(400, "token_invalid");
        }
        let (_, token) = mailed.iter().find(|(kind, _)| *kind == takes).unwrap();
        for bad in ["", " ", &token[..30], &format!("{token}A"), &token.replace("pco_", "pcr_")] {
            spend(&app, place, bad).await.expect_problem(400, "token_invalid");
        }
    }
    // All of them are as good as they were; the one for the password goes last but one, since it ends the others.
    for (place, takes) in [PLACES[0], PLACES[1], PLACES[3]] {
        let (_, token) = mailed.iter().find(|(kind, _)| *kind == takes).unwrap();
        assert!(spend(&app, place, token).await.status.is_success(), "{place}");
        spend(&app, place, token).await.expect_problem(400, "token_invalid");
    }
}

async fn who_moved_the_address_cannot_take_it_from_its_owner_again(db: TestDb) {
    let app = TestApp::new(db).await;
    let access = verified(&app, "ada").await;
    moved(&app, &access, "eve1@example.com").await;
    moved(&app, &access, "eve2@example.com").await;
    let (owners, eves) = (token(&app, ADA, EmailChanged).await, token(&app, "eve1@example.com", EmailChanged).await);
    spend(&app, UNDO, &eves).await.expect(StatusCode::OK);
    spend(&app, UNDO, &owners).await.expect(StatusCode::OK);
    app.login(ADA, PASSWORD).await.expect_problem(401, "invalid_credentials");
    let reset = token(&app, ADA, ResetPassword).await;
    spend(&app, "/auth/reset-password", &reset).await.expect(StatusCode::NO_CONTENT);

    let access = app.token("ada", NEW).await;
    moved(&app, &access, "eve3@example.com").await;
    app.advance(Duration::from_mins(1));
    moved(&app, &access, "eve4@example.com").await;
    let (owners, eves) = (token(&app, ADA, EmailChanged).await, token(&app, "eve3@example.com", EmailChanged).await);
    spend(&app, UNDO, &owners).await.expect(StatusCode::OK);
    spend(&app, UNDO, &eves).await.expect_problem(400, "token_invalid");
}

async fn a_second_factor_of_whoever_moved_the_address_goes_when_it_is_undone(db: TestDb) {
    let app = TestApp::new(db).await;
    verified(&app, "ada").await;
    // Eve has the password. She shuts the owner out with an authenticator of hers, and then moves the address.
    let planted = app.enrol(&app.token("ada", PASSWORD).await).await;
    let eve = app.login_in_one_call("ada", &planted.authenticator.next_code(&app)).await.expect(StatusCode::OK);
    moved(&app, eve.body["access_token"].as_str().unwrap(), "eve@example.com").await;
    spend(&app, UNDO, &token(&app, ADA, EmailChanged).await).await.expect(StatusCode::OK);
    for table in ["totp", "recovery_codes", "known_devices"] {
        assert_eq!(app.db.count(table).await, 0, "{table}");
    }
    let reset = token(&app, ADA, ResetPassword).await;
    spend(&app, "/auth/reset-password", &reset).await.expect(StatusCode::NO_CONTENT);
    app.login(ADA, NEW).await.expect(StatusCode::OK);
}

async fn rs_6_an_older_second_factor_is_asked_for_after_an_undo(db: TestDb) {
    let app = TestApp::new(db).await;
    let enrolled = app.enrol(&verified(&app, "ada").await).await;
    app.advance(Duration::from_hours(24) + Duration::from_secs(30));
    let session = app.login_in_one_call("ada", &enrolled.authenticator.next_code(&app)).await.expect(StatusCode::OK);
    moved(&app, session.body["access_token"].as_str().unwrap(), NEXT).await;
    spend(&app, UNDO, &token(&app, ADA, EmailChanged).await).await.expect(StatusCode::OK);
    let reset = token(&app, ADA, ResetPassword).await;
    spend(&app, "/auth/reset-password", &reset).await.expect(StatusCode::NO_CONTENT);
    app.login(ADA, NEW).await.expect_problem(403, "second_factor_required");
}

async fn an_address_that_may_come_back_is_given_to_nobody_else(db: TestDb) {
    let app = TestApp::new(db).await;
    let access = verified(&app, "ada").await;
    moved(&app, &access, NEXT).await;
    app.register("eve", ADA).await.expect_problem(409, "email_taken");
    let other = verified(&app, "bob").await;
    change_email(&app, &other, ADA).await;
    let confirm = token(&app, ADA, ConfirmEmail).await;
    spend(&app, CONFIRM, &confirm).await.expect_problem(400, "token_invalid");
    spend(&app, UNDO, &token(&app, ADA, EmailChanged).await).await.expect(StatusCode::OK);
}

async fn an_address_that_was_never_confirmed_gets_no_say(db: TestDb) {
    let app = TestApp::new(db).await;
    let access = app.user("ada").await;
    moved(&app, &access, NEXT).await;
    assert_eq!(kinds(&app, ADA).await, [VerifyEmail]);
    assert_eq!(email(&app, &access).await, NEXT);
}

async fn a_taken_address_is_not_told_and_not_given(db: TestDb) {
    let app = TestApp::new(db).await;
    app.register("bob", "bob@example.com").await.expect(StatusCode::CREATED);
    let access = verified(&app, "ada").await;
    change_email(&app, &access, "bob@example.com").await;
    assert!(tokens(&app, "bob@example.com", ConfirmEmail).await.is_empty());
    change_email(&app, &access, NEXT).await;
    let confirm = token(&app, NEXT, ConfirmEmail).await;
    app.register("eve", NEXT).await.expect(StatusCode::CREATED);
    spend(&app, CONFIRM, &confirm).await.expect_problem(400, "token_invalid");
    assert_eq!(email(&app, &access).await, ADA);
}

async fn of_32_confirmations_in_a_race_one_wins(db: TestDb) {
    let app = TestApp::new(db).await;
    let access = verified(&app, "ada").await;
    change_email(&app, &access, NEXT).await;
    let confirm = token(&app, NEXT, ConfirmEmail).await;
    let answers = join_all((0..32).map(|_| spend(&app, CONFIRM, &confirm))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == StatusCode::OK).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.code() == "token_invalid").count(), 31);
    let undo = token(&app, ADA, EmailChanged).await;
    let answers = join_all((0..32).map(|_| spend(&app, UNDO, &undo))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == StatusCode::OK).count(), 1);
}

async fn only_who_has_just_logged_in_changes_the_address(db: TestDb) {
    let app = TestApp::new(db).await;
    let access = verified(&app, "ada").await;
    app.advance(Duration::from_mins(11));
    let call = app.post("/auth/change-email").bearer(&access).json(&json!({"new_email": NEXT}));
    call.send().await.expect_problem(401, "insufficient_user_authentication");
}

async fn rs_9_nobody_is_flooded_by_asking_for_an_address(db: TestDb) {
    let app = TestApp::new(db).await;
    let access = verified(&app, "ada").await;
    for _ in 0..3 {
        change_email(&app, &access, NEXT).await;
    }
    let call = app.post("/auth/change-email").bearer(&access).json(&json!({"new_email": NEXT}));
    call.send().await.expect_problem(429, "too_many_attempts");
    let bad = app.post("/auth/change-email").bearer(&access).json(&json!({"new_email": "a@b.example,c@d.example"}));
    bad.send().await.expect_problem(422, "invalid_fields");
}
