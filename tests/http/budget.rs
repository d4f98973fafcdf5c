//! The one budget of attempts at a second factor.

use std::time::Duration;

use axum::http::StatusCode;
use futures_util::future::join_all;
use serde_json::json;

use crate::{
    app::{Answer, PASSWORD, TestApp},
    authenticator::Enrolled,
    both,
    db::TestDb,
};

both![
    tp_6_after_five_wrong_codes_the_right_one_waits,
    tp_6_repeating_the_password_does_not_shorten_the_wait,
    tp_6_every_route_and_kind_of_code_draws_on_one_budget,
    tp_6_another_user_is_not_delayed,
    tp_6_the_wait_grows_and_ends_by_itself,
    tp_6_a_set_up_draws_on_it_too,
    lg_3_wrong_codes_from_many_networks_are_stopped_and_known_sessions_live_on,
    lg_4_a_race_of_wrong_codes_gets_five_answers,
];

/// A user with an authenticator, one of their sessions, and a flow.
async fn ada(app: &TestApp) -> (String, Enrolled, String) {
    let token = app.user("ada").await;
    let enrolled = app.enrol(&token).await;
    app.advance(Duration::from_mins(1));
    let flow = app.flow_of("ada").await;
    (token, enrolled, flow)
}

async fn five_wrong(app: &TestApp, enrolled: &Enrolled, flow: &str) {
    for _ in 0..5 {
        let code = enrolled.authenticator.wrong_code(app);
        app.finish(flow, "two_fa_code", &code).await.expect_problem(401, "invalid_second_factor");
    }
}

fn expect_wait(answer: Answer, seconds: &str) {
    let answer = answer.expect_problem(429, "too_many_attempts");
    assert_eq!(answer.header("retry-after"), seconds);
}

async fn tp_6_after_five_wrong_codes_the_right_one_waits(db: TestDb) {
    let app = TestApp::new(db).await;
    let (_, enrolled, flow) = ada(&app).await;
    five_wrong(&app, &enrolled, &flow).await;
    let code = enrolled.authenticator.code(&app);
    expect_wait(app.finish(&flow, "two_fa_code", &code).await, "1");
    app.advance(Duration::from_secs(1));
    app.finish(&flow, "two_fa_code", &code).await.expect(StatusCode::OK);
    // A right code is what empties the count.
    let flow = app.flow_of("ada").await;
    five_wrong(&app, &enrolled, &flow).await;
}

async fn tp_6_repeating_the_password_does_not_shorten_the_wait(db: TestDb) {
    let app = TestApp::new(db).await;
    let (_, enrolled, flow) = ada(&app).await;
    five_wrong(&app, &enrolled, &flow).await;
    let flow = app.flow_of("ada").await;
    expect_wait(app.finish(&flow, "two_fa_code", &enrolled.authenticator.code(&app)).await, "1");
    expect_wait(app.login_in_one_call("ada", &enrolled.authenticator.code(&app)).await, "1");
    for _ in 0..20 {
        app.flow_of("ada").await;
    }
    expect_wait(app.finish(&flow, "recovery_code", &enrolled.recovery_codes[0]).await, "1");
}

async fn tp_6_every_route_and_kind_of_code_draws_on_one_budget(db: TestDb) {
    let app = TestApp::new(db).await;
    let (token, enrolled, flow) = ada(&app).await;
    let wrong = enrolled.authenticator.wrong_code(&app);
    let recovery = "AAAA-AAAA-AAAA-AAAA";
    app.finish(&flow, "two_fa_code", &wrong).await.expect_problem(401, "invalid_second_factor");
    app.finish(&flow, "recovery_code", recovery).await.expect_problem(401, "invalid_second_factor");
    app.login_in_one_call("ada", &wrong).await.expect_problem(401, "invalid_second_factor");
    let disable = json!({"code": wrong});
    let disable = async || app.post("/auth/totp/disable").bearer(&token).json(&disable).send().await;
    disable().await.expect_problem(422, "invalid_fields");
    let again = json!({"password": PASSWORD, "recovery_code": recovery});
    let again = async || app.post("/auth/reauthenticate").bearer(&token).json(&again).send().await;
    assert_eq!(again().await.expect_problem(422, "invalid_fields").field_errors(), ["recovery_code: invalid_code"]);

    expect_wait(app.finish(&flow, "two_fa_code", &wrong).await, "1");
    expect_wait(app.finish(&flow, "recovery_code", recovery).await, "1");
    expect_wait(app.login_in_one_call("ada", &wrong).await, "1");
    expect_wait(disable().await, "1");
    expect_wait(again().await, "1");
}

async fn tp_6_another_user_is_not_delayed(db: TestDb) {
    let app = TestApp::new(db).await;
    let (_, enrolled, flow) = ada(&app).await;
    let eve = app.user("eve").await;
    let eve = app.enrol(&eve).await;
    five_wrong(&app, &enrolled, &flow).await;
    app.login_in_one_call("eve", &eve.authenticator.next_code(&app)).await.expect(StatusCode::OK);
}

async fn tp_6_the_wait_grows_and_ends_by_itself(db: TestDb) {
    let app = TestApp::new(db).await;
    let (_, enrolled, flow) = ada(&app).await;
    five_wrong(&app, &enrolled, &flow).await;
    let mut flow = flow;
    for wait in [1_u64, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900] {
        expect_wait(app.finish(&flow, "recovery_code", "AAAA-AAAA-AAAA-AAAA").await, &wait.to_string());
        app.advance(Duration::from_secs(wait));
        flow = app.flow_of("ada").await;
        let wrong = enrolled.authenticator.wrong_code(&app);
        app.finish(&flow, "two_fa_code", &wrong).await.expect_problem(401, "invalid_second_factor");
    }
    app.advance(Duration::from_hours(24));
    let flow = app.flow_of("ada").await;
    five_wrong(&app, &enrolled, &flow).await;
}

async fn tp_6_a_set_up_draws_on_it_too(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    let authenticator = app.set_up(&token).await;
    let confirm =
        async |code: &str| app.post("/auth/totp/confirm").bearer(&token).json(&json!({"code": code})).send().await;
    for _ in 0..5 {
        let refused = confirm(&authenticator.wrong_code(&app)).await.expect_problem(422, "invalid_fields");
        assert_eq!(refused.field_errors(), ["code: invalid_code"]);
    }
    expect_wait(confirm(&authenticator.code(&app)).await, "1");
    app.advance(Duration::from_secs(1));
    confirm(&authenticator.code(&app)).await.expect(StatusCode::OK);
}

async fn lg_3_wrong_codes_from_many_networks_are_stopped_and_known_sessions_live_on(db: TestDb) {
    let app = TestApp::new(db).await;
    let (token, enrolled, flow) = ada(&app).await;
    let wrong = enrolled.authenticator.wrong_code(&app);
    let mut checked = 0;
    for n in 0..150 {
        let body = json!({"flow": flow, "two_fa_code": wrong});
        let peer = format!("198.51.{}.{}", n / 100, n % 100).parse().unwrap();
        let answer = app.post("/auth/login/second-factor").from(peer).json(&body).send().await;
        checked += usize::from(answer.status == StatusCode::UNAUTHORIZED);
    }
    assert_eq!(checked, 5);
    app.get("/auth/me").bearer(&token).send().await.expect(StatusCode::OK);
}

async fn lg_4_a_race_of_wrong_codes_gets_five_answers(db: TestDb) {
    let app = TestApp::new(db).await;
    let (_, enrolled, flow) = ada(&app).await;
    let wrong = enrolled.authenticator.wrong_code(&app);
    let burst = (0..64).map(|_| async { app.finish(&flow, "two_fa_code", &wrong).await.status.as_u16() });
    let statuses = join_all(burst).await;
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 5, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 59, "{statuses:?}");
}
