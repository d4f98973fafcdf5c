use std::time::Duration;

use axum::http::{Method, StatusCode};
use portcullis::{
    config::SecondFactorPolicy,
    mail::MailKind::{AlreadyRegistered, VerifyEmail},
};
use serde_json::{Value, json};

use crate::{
    app::{Answer, PASSWORD, TestApp, comparable_headers},
    both,
    db::TestDb,
    mailed::{kinds, spend, token, tokens},
};

both![
    rs_3_looking_at_a_link_does_not_spend_it,
    rs_2_a_link_is_good_for_a_day_and_a_code_for_ten_minutes,
    rs_5_a_newer_mail_takes_the_place_of_the_one_before,
    a_code_confirms_an_address_and_five_may_be_tried,
    ev_3_what_is_no_token_confirms_nothing,
    ev_1_where_it_is_asked_for_an_account_opens_once_its_address_is_confirmed,
    ev_1_an_account_that_is_not_open_asks_for_nothing_more,
    lg_8_a_known_address_registers_like_any_other_and_its_owner_is_told,
    rs_9_another_mail_to_confirm_an_address_has_to_wait,
    rs_9_nobody_is_flooded_by_registering_with_their_address,
    of_32_who_open_a_link_in_a_race_one_spends_it,
    another_mail_is_the_same_to_ask_for_whoever_it_is_for,
];

const ADA: &str = "ada@example.com";
const PLACE: &str = "/auth/verify-email";

async fn registered(db: TestDb) -> TestApp {
    let app = TestApp::new(db).await;
    app.register("ada", ADA).await.expect(StatusCode::CREATED);
    app
}

async fn is_valid(app: &TestApp, token: &str) -> bool {
    app.get(&format!("{PLACE}?token={token}")).send().await.expect(StatusCode::OK).body["valid"] == true
}

async fn is_verified(app: &TestApp) -> bool {
    app.login("ada", PASSWORD).await.expect(StatusCode::OK).body["user"]["email_verified"] == true
}

async fn by_code(app: &TestApp, email: &str, code: &str) -> Answer {
    app.post(PLACE).json(&json!({"email": email, "code": code})).send().await
}

async fn resend(app: &TestApp, email: &str) -> Answer {
    app.post("/auth/verify-email/resend").json(&json!({"email": email})).send().await
}

async fn rs_3_looking_at_a_link_does_not_spend_it(db: TestDb) {
    let app = registered(db).await;
    let token = token(&app, ADA, VerifyEmail).await;
    for _ in 0..10 {
        assert!(is_valid(&app, &token).await);
        app.request(Method::HEAD, &format!("{PLACE}?token={token}")).send().await.expect(StatusCode::OK);
    }
    assert!(!is_verified(&app).await);
    spend(&app, PLACE, &token).await.expect(StatusCode::OK);
    assert!(is_verified(&app).await && !is_valid(&app, &token).await);
    spend(&app, PLACE, &token).await.expect_problem(400, "token_invalid");
}

async fn rs_2_a_link_is_good_for_a_day_and_a_code_for_ten_minutes(db: TestDb) {
    let app = registered(db).await;
    let token = token(&app, ADA, VerifyEmail).await;
    let code = app.mailbox.code(ADA).unwrap();
    let dump = app.db.dump().await;
    assert!(!dump.contains(&token) && !dump.contains(&code));
    app.advance(Duration::from_mins(10));
    by_code(&app, ADA, &code).await.expect_problem(400, "token_invalid");
    app.advance(Duration::from_mins(24 * 60 - 10) - Duration::from_millis(1));
    assert!(is_valid(&app, &token).await);
    app.advance(Duration::from_millis(1));
    assert!(!is_valid(&app, &token).await);
    spend(&app, PLACE, &token).await.expect_problem(400, "token_invalid");
    app.portcullis.accounts().forget_expired().await.unwrap();
    assert_eq!(app.db.count("one_time_tokens").await, 0);
}

async fn rs_5_a_newer_mail_takes_the_place_of_the_one_before(db: TestDb) {
    let app = registered(db).await;
    for _ in 0..2 {
        resend(&app, ADA).await.expect(StatusCode::ACCEPTED);
    }
    let tokens = tokens(&app, ADA, VerifyEmail).await;
    assert_eq!(tokens.len(), 3);
    spend(&app, PLACE, &tokens[0]).await.expect_problem(400, "token_invalid");
    spend(&app, PLACE, &tokens[1]).await.expect_problem(400, "token_invalid");
    spend(&app, PLACE, &tokens[2]).await.expect(StatusCode::OK);
}

async fn a_code_confirms_an_address_and_five_may_be_tried(db: TestDb) {
    let app = registered(db).await;
    let link = token(&app, ADA, VerifyEmail).await;
    let code = app.mailbox.code(ADA).unwrap();
    let wrong = if code == "00000000" { "00000001" } else { "00000000" };
    for email in [ADA, "nobody@example.com"] {
        by_code(&app, email, wrong).await.expect_problem(400, "token_invalid");
    }
    for n in 0_u8..4 {
        let body = json!({"email": ADA, "code": wrong});
        app.post(PLACE).from([203, 0, 113, n].into()).json(&body).send().await.expect_problem(400, "token_invalid");
    }
    by_code(&app, ADA, &code).await.expect_problem(400, "token_invalid");
    assert!(is_valid(&app, &link).await, "the link is as good as it was");

    resend(&app, ADA).await.expect(StatusCode::ACCEPTED);
    assert_eq!(kinds(&app, ADA).await, [VerifyEmail, VerifyEmail]);
    let code = app.mailbox.code(ADA).unwrap();
    by_code(&app, "Ada@Example.com", &format!("{} {}", &code[..4], &code[4..])).await.expect(StatusCode::OK);
    by_code(&app, ADA, &code).await.expect_problem(400, "token_invalid");
    assert!(is_verified(&app).await && !is_valid(&app, &link).await);
}

async fn ev_3_what_is_no_token_confirms_nothing(db: TestDb) {
    let app = registered(db).await;
    let token = token(&app, ADA, VerifyEmail).await;
    for bad in ["", " ", "null", &token[..token.len() - 1], &token[4..], &format!("{token} "), "pco_"] {
        spend(&app, PLACE, bad).await.expect_problem(400, "token_invalid");
        assert!(bad.contains(' ') || !is_valid(&app, bad).await);
    }
    for bad in [json!({}), json!({"token": null}), json!({"token": [token]}), json!({"code": "", "email": null})] {
        app.post(PLACE).json(&bad).send().await.expect_problem(422, "invalid_fields");
    }
    let twice = app.get(&format!("{PLACE}?token={token}&token={token}")).send().await;
    assert_eq!(twice.body, json!({"valid": false}));
    assert!(!is_verified(&app).await);
}

async fn ev_1_where_it_is_asked_for_an_account_opens_once_its_address_is_confirmed(db: TestDb) {
    let app = TestApp::with(db, |config| config.require_verified_email = true).await;
    app.register("ada", ADA).await.expect(StatusCode::CREATED);
    let look = |answer: Answer| (answer.status, comparable_headers(&answer.headers), answer.bytes);
    let wrong = look(app.login("ada", "not the password").await.expect_problem(401, "invalid_credentials"));
    let hashed = app.portcullis.accounts().hashes_computed();
    assert_eq!(look(app.login("ada", PASSWORD).await), wrong);
    assert_eq!(app.portcullis.accounts().hashes_computed() - hashed, 1);
    spend(&app, PLACE, &token(&app, ADA, VerifyEmail).await).await.expect(StatusCode::OK);
    assert!(is_verified(&app).await);
}

async fn ev_1_an_account_that_is_not_open_asks_for_nothing_more(db: TestDb) {
    let app = TestApp::with(db, |config| config.second_factor = SecondFactorPolicy::Admins).await;
    app.enrol(&app.user("ada").await).await;
    app.user("bob").await;
    app.db.must_change_password("bob").await;
    app.user("eve").await;
    app.db.give_role("eve", "admin").await;
    let app = app.reopened(|config| {
        config.second_factor = SecondFactorPolicy::Admins;
        config.require_verified_email = true;
    });
    let app = app.await;
    for name in ["ada", "bob", "eve"] {
        let wrong = app.login(name, "not the password").await.expect_problem(401, "invalid_credentials");
        let right = app.login(name, PASSWORD).await.expect_problem(401, "invalid_credentials");
        assert_eq!(wrong.body, right.body, "{name}");
    }
    assert_eq!(app.db.count("flows").await, 0);
}

async fn lg_8_a_known_address_registers_like_any_other_and_its_owner_is_told(db: TestDb) {
    let app = TestApp::with(db, |config| config.require_verified_email = true).await;
    app.register("ada", ADA).await.expect(StatusCode::CREATED);
    let accounts = app.portcullis.accounts();
    // What is counted for her address is forgotten, so that it is written anew as it is for the other.
    accounts.deliver_mail().await.unwrap();
    app.advance(Duration::from_hours(25));
    accounts.forget_expired().await.unwrap();
    // What is counted for the network they all come from, on the other hand, is there.
    app.register("carl", "carl@example.com").await.expect(StatusCode::CREATED);
    let rows =
        async || app.db.count_rows().await + app.db.count("users").await + app.db.count("retired_usernames").await;
    let mut looks = Vec::new();
    for (name, email) in [("bob", "bob@example.com"), ("eve", "ADA@example.com")] {
        let (before, hashed) = (rows().await, accounts.hashes_computed());
        let answer = app.register(name, email).await.expect(StatusCode::CREATED);
        assert_eq!(answer.body, json!({"username": name, "email": email, "email_verified": false}));
        looks.push((comparable_headers(&answer.headers), rows().await - before, accounts.hashes_computed() - hashed));
        // Asking again tells nothing either.
        app.register(name, "other@example.com").await.expect_problem(409, "username_taken");
    }
    assert_eq!(looks[0], looks[1]);
    assert_eq!(kinds(&app, ADA).await, [VerifyEmail, AlreadyRegistered]);
    app.login("eve", PASSWORD).await.expect_problem(401, "invalid_credentials");
}

async fn rs_9_another_mail_to_confirm_an_address_has_to_wait(db: TestDb) {
    let app = registered(db).await;
    for n in 0_u8..20 {
        let call = app.post("/auth/verify-email/resend").from([203, 0, 113, n].into()).json(&json!({"email": ADA}));
        call.send().await.expect(StatusCode::ACCEPTED);
    }
    assert_eq!(kinds(&app, ADA).await.len(), 1 + 3);
    app.advance(Duration::from_mins(1));
    resend(&app, ADA).await.expect(StatusCode::ACCEPTED);
    assert_eq!(kinds(&app, ADA).await.len(), 1 + 4);
    spend(&app, PLACE, &token(&app, ADA, VerifyEmail).await).await.expect(StatusCode::OK);
}

async fn rs_9_nobody_is_flooded_by_registering_with_their_address(db: TestDb) {
    let app = TestApp::with(db, |config| config.require_verified_email = true).await;
    let register = async |n: u8| {
        let body = json!({"username": format!("user{n}"), "email": ADA, "password": PASSWORD});
        let answer = app.post("/auth/register").from([203, 0, 113, n].into()).json(&body).send().await;
        answer.expect(StatusCode::CREATED);
    };
    for n in 0..20 {
        register(n).await;
    }
    let mails = [VerifyEmail, AlreadyRegistered, AlreadyRegistered, AlreadyRegistered];
    assert_eq!(kinds(&app, ADA).await, mails[..3]);
    app.advance(Duration::from_mins(1));
    register(20).await;
    assert_eq!(kinds(&app, ADA).await, mails);
}

async fn of_32_who_open_a_link_in_a_race_one_spends_it(db: TestDb) {
    let app = registered(db).await;
    let token = token(&app, ADA, VerifyEmail).await;
    let answers = futures_util::future::join_all((0..32).map(|_| spend(&app, PLACE, &token))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == StatusCode::OK).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.code() == "token_invalid").count(), 31);
}

async fn another_mail_is_the_same_to_ask_for_whoever_it_is_for(db: TestDb) {
    let app = registered(db).await;
    spend(&app, PLACE, &token(&app, ADA, VerifyEmail).await).await.expect(StatusCode::OK);
    let mut looks = Vec::new();
    for email in [ADA, "nobody@example.com"] {
        let answer = resend(&app, email).await.expect(StatusCode::ACCEPTED);
        looks.push((answer.bytes, comparable_headers(&answer.headers)));
    }
    assert_eq!(looks[0], looks[1]);
    app.portcullis.accounts().deliver_mail().await.unwrap();
    assert_eq!(app.mailbox.all().len(), 1, "who has confirmed has nothing to confirm");
    let answer = resend(&app, "a@example.com,b@example.com").await.expect_problem(422, "invalid_fields");
    assert_eq!(answer.body["errors"][0]["code"], Value::from("invalid_email"));
}
