use std::time::Duration;

use axum::http::StatusCode;
use futures_util::future::join_all;
use portcullis::{
    Scopes,
    access::Operator,
    account::{Caller, UserId},
    audit::EventKind,
    mail::MailKind::{ConfirmEmail, PasswordChanged, ResetPassword, SecondFactorRemoved, VerifyEmail},
    password::Password,
    session::Device,
};
use serde_json::json;

use crate::{
    app::{Answer, PASSWORD, TestApp},
    both,
    db::TestDb,
    mailed::{NEW, change_email, forget, kinds, spend, token, tokens, verified},
};

both![
    rs_6_a_reset_ends_every_session_logs_nobody_in_and_is_told,
    rs_4_of_32_resets_in_a_race_one_wins,
    rs_4_a_password_that_fails_the_policy_does_not_burn_the_token,
    rs_2_a_link_is_good_for_an_hour_and_the_database_tells_nothing_of_it,
    rs_5_a_new_request_a_success_and_a_change_kill_older_tokens,
    rs_5_a_password_that_an_administrator_sets_kills_older_tokens,
    ev_4_who_reads_the_mail_takes_the_account_from_whoever_made_it,
    ev_4_a_second_factor_planted_before_the_address_was_confirmed_is_gone,
    ev_4_who_confirms_the_account_of_a_stranger_and_resets_it_is_rid_of_them,
    rs_6_what_was_there_before_the_address_was_confirmed_is_trusted_after_a_day,
    rs_4_a_token_does_not_buy_ratings_without_end_not_even_in_a_race,
    rs_6_the_second_factor_of_a_confirmed_address_stays,
    a_reset_is_the_change_that_was_asked_for,
    lg_3_a_reset_lets_the_owner_in_again,
    a_token_that_opens_nothing_costs_no_hash,
    lg_7_a_mail_tells_of_every_changed_password,
];

const PLACE: &str = "/auth/reset-password";
const ADA: &str = "ada@example.com";

async fn reset(app: &TestApp, token: &str, password: &str) -> Answer {
    app.post(PLACE).json(&json!({"token": token, "new_password": password})).send().await
}

async fn asked(app: &TestApp) -> String {
    forget(app, ADA).await;
    token(app, ADA, ResetPassword).await
}

async fn rs_6_a_reset_ends_every_session_logs_nobody_in_and_is_told(db: TestDb) {
    let app = TestApp::new(db).await;
    app.register("ada", ADA).await.expect(StatusCode::CREATED);
    let session = app.login("ada", PASSWORD).await.expect(StatusCode::OK).body;
    let access = session["access_token"].as_str().unwrap();
    let answer = reset(&app, &asked(&app).await, NEW).await.expect(StatusCode::NO_CONTENT);
    assert!(answer.bytes.is_empty() && answer.headers.get("set-cookie").is_none());
    app.get("/auth/me").bearer(access).send().await.expect_problem(401, "invalid_token");
    let body = json!({"refresh_token": session["refresh_token"]});
    app.post("/auth/refresh").json(&body).send().await.expect_problem(401, "refresh_invalid");
    app.login("ada", PASSWORD).await.expect_problem(401, "invalid_credentials");
    let user = app.login("ada", NEW).await.expect(StatusCode::OK).body["user"].clone();
    assert_eq!(user["email_verified"], true, "whoever has the token reads the mail");
    assert_eq!(kinds(&app, ADA).await, [VerifyEmail, ResetPassword, PasswordChanged]);
    let events = app.events_of(user["id"].as_str().unwrap()).await;
    assert!(events.iter().any(|event| event.kind == EventKind::PasswordReset));
}

async fn rs_4_of_32_resets_in_a_race_one_wins(db: TestDb) {
    let app = TestApp::new(db).await;
    app.register("ada", ADA).await.expect(StatusCode::CREATED);
    let token = asked(&app).await;
    let new = |n: usize| format!("{NEW} number {n}");
    let answers = join_all((0..32).map(|n| {
        let (app, token) = (&app, &token);
        async move { reset(app, token, &new(n)).await }
    }))
    .await;
    let winners: Vec<_> = (0..32).filter(|n| answers[*n].status == StatusCode::NO_CONTENT).collect();
    assert_eq!(winners.len(), 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
    assert_eq!(answers.iter().filter(|answer| answer.code() == "token_invalid").count(), 31);
    app.login("ada", &new(winners[0])).await.expect(StatusCode::OK);
    assert_eq!(kinds(&app, ADA).await.iter().filter(|kind| **kind == PasswordChanged).count(), 1);
}

async fn rs_4_a_password_that_fails_the_policy_does_not_burn_the_token(db: TestDb) {
    let app = TestApp::new(db).await;
    app.register("ada", ADA).await.expect(StatusCode::CREATED);
    let token = asked(&app).await;
    for _ in 0..3 {
        let answer = reset(&app, &token, "short").await.expect_problem(422, "invalid_fields");
        assert_eq!(answer.field_errors(), ["new_password: password_too_short"]);
    }
    // Whose it is, is known by the token only: a password made of their words is refused as late as that.
    let answer = reset(&app, &token, "ada@example.com").await.expect_problem(422, "invalid_fields");
    let own_words = ["new_password: password_own_words", "new_password: password_too_common"];
    assert_eq!(answer.field_errors(), own_words);
    reset(&app, &token, &"x".repeat(1025)).await.expect_problem(422, "invalid_fields");
    app.post(PLACE).json(&json!({"token": token})).send().await.expect_problem(422, "invalid_fields");
    reset(&app, &token, NEW).await.expect(StatusCode::NO_CONTENT);
}

async fn rs_2_a_link_is_good_for_an_hour_and_the_database_tells_nothing_of_it(db: TestDb) {
    let app = TestApp::new(db).await;
    app.register("ada", ADA).await.expect(StatusCode::CREATED);
    let first = asked(&app).await;
    let dump = app.db.dump().await;
    assert!(!dump.contains(&first) && !dump.contains(&first[4..]));
    app.advance(Duration::from_hours(1));
    reset(&app, &first, NEW).await.expect_problem(400, "token_invalid");
    let second = asked(&app).await;
    app.advance(Duration::from_hours(1) - Duration::from_millis(1));
    reset(&app, &second, NEW).await.expect(StatusCode::NO_CONTENT);
}

async fn rs_5_a_new_request_a_success_and_a_change_kill_older_tokens(db: TestDb) {
    let app = TestApp::new(db).await;
    let access = app.user("ada").await;
    let first = asked(&app).await;
    let second = asked(&app).await;
    reset(&app, &first, NEW).await.expect_problem(400, "token_invalid");

    change_email(&app, &access, "new@example.com").await;
    let confirm = token(&app, "new@example.com", ConfirmEmail).await;
    let verify = token(&app, ADA, VerifyEmail).await;
    let body = json!({"old_password": PASSWORD, "new_password": NEW});
    app.post("/auth/change-password").bearer(&access).json(&body).send().await.expect(StatusCode::NO_CONTENT);
    for (place, token) in [(PLACE, &second), ("/auth/confirm-email", &confirm), ("/auth/verify-email", &verify)] {
        spend(&app, place, token).await.expect_problem(400, "token_invalid");
    }
    let third = asked(&app).await;
    reset(&app, &third, NEW).await.expect(StatusCode::NO_CONTENT);
    reset(&app, &third, NEW).await.expect_problem(400, "token_invalid");
}

async fn rs_5_a_password_that_an_administrator_sets_kills_older_tokens(db: TestDb) {
    let app = TestApp::new(db).await;
    app.user("ada").await;
    let verify = token(&app, ADA, VerifyEmail).await;
    let asked = asked(&app).await;
    let accounts = app.portcullis.accounts();
    let ada = accounts.get_user_by_name_or_mail("ada").await.unwrap().unwrap().user.id;
    let caller = Caller { user: UserId::new(app.now()), session: None };
    let operator = Operator::person(caller, Scopes::parse("users:write"));
    let (password, device) = (Password::parse(NEW).unwrap(), Device::default());
    accounts.administer(&operator, &device).reset_password(ada, password).await.unwrap();
    reset(&app, &asked, "one that a thief has chosen").await.expect_problem(400, "token_invalid");
    spend(&app, "/auth/verify-email", &verify).await.expect_problem(400, "token_invalid");
    app.login("ada", NEW).await.expect_problem(403, "password_change_required");
}

async fn ev_4_who_reads_the_mail_takes_the_account_from_whoever_made_it(db: TestDb) {
    let app = TestApp::new(db).await;
    // Eve registers with an address that is not hers, and plants what she can.
    app.register("eve", ADA).await.expect(StatusCode::CREATED);
    let planted = app.login("eve", PASSWORD).await.expect(StatusCode::OK).body;
    let access = planted["access_token"].as_str().unwrap();
    change_email(&app, access, "eve@example.com").await;
    let confirm = token(&app, "eve@example.com", ConfirmEmail).await;

    reset(&app, &asked(&app).await, NEW).await.expect(StatusCode::NO_CONTENT);
    app.get("/auth/me").bearer(access).send().await.expect_problem(401, "invalid_token");
    let body = json!({"refresh_token": planted["refresh_token"]});
    app.post("/auth/refresh").json(&body).send().await.expect_problem(401, "refresh_invalid");
    app.login("eve", PASSWORD).await.expect_problem(401, "invalid_credentials");
    spend(&app, "/auth/confirm-email", &confirm).await.expect_problem(400, "token_invalid");
    let user = app.login(ADA, NEW).await.expect(StatusCode::OK).body["user"].clone();
    assert_eq!((&user["email"], &user["email_verified"]), (&json!(ADA), &json!(true)));
}

async fn ev_4_a_second_factor_planted_before_the_address_was_confirmed_is_gone(db: TestDb) {
    let app = TestApp::new(db).await;
    app.register("eve", ADA).await.expect(StatusCode::CREATED);
    let planted = app.enrol(&app.token("eve", PASSWORD).await).await;
    let eve = app.login_in_one_call("eve", &planted.authenticator.next_code(&app)).await.expect(StatusCode::OK);
    app.set_up(eve.body["access_token"].as_str().unwrap()).await;
    let flow = app.flow_of("eve").await;

    reset(&app, &asked(&app).await, NEW).await.expect(StatusCode::NO_CONTENT);
    for table in ["totp", "totp_setups", "recovery_codes", "known_devices"] {
        assert_eq!(app.db.count(table).await, 0, "{table}");
    }
    let login = app.login(ADA, NEW).await.expect(StatusCode::OK).body;
    app.finish(&flow, "recovery_code", &planted.recovery_codes[0]).await.expect_problem(401, "flow_invalid");
    let events = app.events_of(login["user"]["id"].as_str().unwrap()).await;
    assert!(events.iter().any(|event| event.kind == EventKind::TotpDisabled));
}

async fn ev_4_who_confirms_the_account_of_a_stranger_and_resets_it_is_rid_of_them(db: TestDb) {
    let app = TestApp::new(db).await;
    app.register("eve", ADA).await.expect(StatusCode::CREATED);
    let access = app.token("eve", PASSWORD).await;
    app.enrol(&access).await;
    app.advance(Duration::from_mins(1));
    spend(&app, "/auth/verify-email", &token(&app, ADA, VerifyEmail).await).await.expect(StatusCode::OK);
    app.get("/auth/me").bearer(&access).send().await.expect(StatusCode::OK);
    app.advance(Duration::from_hours(23));

    reset(&app, &asked(&app).await, NEW).await.expect(StatusCode::NO_CONTENT);
    for table in ["totp", "recovery_codes", "known_devices"] {
        assert_eq!(app.db.count(table).await, 0, "{table}");
    }
    app.get("/auth/me").bearer(&access).send().await.expect_problem(401, "invalid_token");
    app.login(ADA, NEW).await.expect(StatusCode::OK);
    assert!(kinds(&app, ADA).await.contains(&SecondFactorRemoved), "whoever it was is told");
}

async fn rs_6_what_was_there_before_the_address_was_confirmed_is_trusted_after_a_day(db: TestDb) {
    let app = TestApp::new(db).await;
    app.enrol(&app.user("ada").await).await;
    spend(&app, "/auth/verify-email", &token(&app, ADA, VerifyEmail).await).await.expect(StatusCode::OK);
    app.advance(Duration::from_hours(24));
    reset(&app, &asked(&app).await, NEW).await.expect(StatusCode::NO_CONTENT);
    app.login("ada", NEW).await.expect_problem(403, "second_factor_required");
}

async fn rs_4_a_token_does_not_buy_ratings_without_end_not_even_in_a_race(db: TestDb) {
    let app = TestApp::new(db).await;
    app.register("ada", ADA).await.expect(StatusCode::CREATED);
    let token = asked(&app).await;
    let rated = app.portcullis.accounts().ratings_computed();
    let answers = join_all((0..80).map(|_| reset(&app, &token, "mustang!1996"))).await;
    let weak = answers.iter().filter(|answer| answer.code() == "invalid_fields").count();
    assert_eq!((weak, app.portcullis.accounts().ratings_computed() - rated), (50, 50));
    reset(&app, &token, NEW).await.expect_problem(429, "too_many_attempts");
    app.advance(Duration::from_secs(1));
    reset(&app, &token, NEW).await.expect(StatusCode::NO_CONTENT);
    app.login("ada", NEW).await.expect(StatusCode::OK);
    let next = asked(&app).await;
    reset(&app, &next, "mustang!1996").await.expect_problem(422, "invalid_fields");
}

async fn rs_6_the_second_factor_of_a_confirmed_address_stays(db: TestDb) {
    let app = TestApp::new(db).await;
    let enrolled = app.enrol(&verified(&app, "ada").await).await;
    reset(&app, &asked(&app).await, NEW).await.expect(StatusCode::NO_CONTENT);
    let answer = app.login("ada", NEW).await.expect_problem(403, "second_factor_required");
    let flow = answer.body["flow"].as_str().unwrap();
    app.finish(flow, "two_fa_code", &enrolled.authenticator.next_code(&app)).await.expect(StatusCode::OK);
}

async fn a_reset_is_the_change_that_was_asked_for(db: TestDb) {
    let app = TestApp::new(db).await;
    app.register("ada", ADA).await.expect(StatusCode::CREATED);
    app.db.must_change_password("ada").await;
    reset(&app, &asked(&app).await, NEW).await.expect(StatusCode::NO_CONTENT);
    app.login("ada", NEW).await.expect(StatusCode::OK);
}

async fn lg_3_a_reset_lets_the_owner_in_again(db: TestDb) {
    let app = TestApp::new(db).await;
    app.register("ada", ADA).await.expect(StatusCode::CREATED);
    for n in 0_u8..120 {
        let body = json!({"name": "ada", "password": "not the password"});
        app.post("/auth/login").from([203, 0, 113, n].into()).json(&body).send().await;
    }
    app.login("ada", PASSWORD).await.expect_problem(429, "too_many_attempts");
    reset(&app, &asked(&app).await, NEW).await.expect(StatusCode::NO_CONTENT);
    app.login("ada", NEW).await.expect(StatusCode::OK);
}

async fn a_token_that_opens_nothing_costs_no_hash(db: TestDb) {
    let app = TestApp::new(db).await;
    let made_up = portcullis::one_time::OneTimeToken::generate().unwrap();
    reset(&app, made_up.expose(), NEW).await.expect_problem(400, "token_invalid");
    assert_eq!(app.portcullis.accounts().hashes_computed(), 0);
}

async fn lg_7_a_mail_tells_of_every_changed_password(db: TestDb) {
    let app = TestApp::new(db).await;
    let access = app.user("ada").await;
    let body = json!({"old_password": PASSWORD, "new_password": NEW});
    app.post("/auth/change-password").bearer(&access).json(&body).send().await.expect(StatusCode::NO_CONTENT);
    assert_eq!(kinds(&app, ADA).await.last(), Some(&PasswordChanged));
    assert!(tokens(&app, ADA, ResetPassword).await.is_empty());
}
