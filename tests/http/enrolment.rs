//! Logins that must set a second factor up before they are finished.

use std::time::Duration;

use axum::http::StatusCode;
use futures_util::future::join_all;
use portcullis::config::SecondFactorPolicy;
use serde_json::json;

use crate::{
    app::{Answer, PASSWORD, TestApp},
    authenticator::{Authenticator, texts},
    both,
    db::TestDb,
};

both![
    a_login_that_must_enrol_is_finished_by_that,
    only_those_must_whom_the_setting_binds,
    a_flow_that_began_before_someone_else_enrolled_enrols_nobody,
    in_a_race_of_enrolments_one_wins,
    a_flow_enrols_within_its_five_minutes,
    second_factor_and_enrolment_flows_do_not_stand_in_for_each_other,
    who_is_logged_in_already_reauthenticates_without,
];

async fn app_for_all(db: TestDb) -> TestApp {
    let app = TestApp::with(db, |config| config.second_factor = SecondFactorPolicy::All).await;
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    app
}

async fn enrolment_flow(app: &TestApp) -> String {
    let asked = app.login("ada", PASSWORD).await.expect_problem(403, "second_factor_enrolment_required");
    assert!(asked.body.get("totp_supported").is_none() && asked.body.get("access_token").is_none());
    assert!(asked.body["user_id"].is_string());
    asked.body["flow"].as_str().unwrap().to_owned()
}

async fn set_up(app: &TestApp, flow: &str) -> Authenticator {
    let setup = app.post("/auth/totp/setup").json(&json!({"flow": flow})).send().await.expect(StatusCode::CREATED);
    Authenticator::of(setup.body["secret"].as_str().unwrap())
}

async fn confirm(app: &TestApp, flow: &str, code: &str) -> Answer {
    app.post("/auth/totp/confirm").json(&json!({"flow": flow, "code": code})).send().await
}

async fn a_login_that_must_enrol_is_finished_by_that(db: TestDb) {
    let app = app_for_all(db).await;
    let flow = enrolment_flow(&app).await;
    let authenticator = set_up(&app, &flow).await;
    let wrong = confirm(&app, &flow, &authenticator.wrong_code(&app)).await.expect_problem(422, "invalid_fields");
    assert_eq!(wrong.field_errors(), ["code: invalid_code"]);
    let code = authenticator.code(&app);
    let answer = confirm(&app, &flow, &code).await.expect(StatusCode::OK);
    assert_eq!(texts(&answer.body["recovery_codes"]).len(), 10);
    assert_eq!(answer.body["user"]["username"], "ada");
    let token = answer.body["access_token"].as_str().unwrap();
    let claims = app.portcullis.verifier().verify(token).unwrap();
    assert_eq!((claims.acr.as_deref(), claims.amr.join(" ").as_str()), (Some("aal2"), "pwd otp mfa"));
    let refresh = json!({"refresh_token": answer.body["refresh_token"]});
    app.post("/auth/refresh").json(&refresh).send().await.expect(StatusCode::OK);
    // The flow is over, and the code is used.
    confirm(&app, &flow, &authenticator.next_code(&app)).await.expect_problem(401, "flow_invalid");
    app.login_in_one_call("ada", &code).await.expect_problem(401, "invalid_second_factor");
    app.login_in_one_call("ada", &authenticator.next_code(&app)).await.expect(StatusCode::OK);
}

async fn only_those_must_whom_the_setting_binds(db: TestDb) {
    let app = TestApp::with(db, |config| config.second_factor = SecondFactorPolicy::Admins).await;
    let token = app.user("ada").await;
    app.get("/auth/me").bearer(&token).send().await.expect(StatusCode::OK);
    app.db.give_role("ada", "admin").await;
    enrolment_flow(&app).await;
    app.login_in_one_call("ada", "123456").await.expect_problem(403, "second_factor_enrolment_required");
}

async fn a_flow_that_began_before_someone_else_enrolled_enrols_nobody(db: TestDb) {
    let app = app_for_all(db).await;
    let (owner, other) = (enrolment_flow(&app).await, enrolment_flow(&app).await);
    let theirs = set_up(&app, &other).await;
    let mine = set_up(&app, &owner).await;
    confirm(&app, &other, &theirs.code(&app)).await.expect_problem(422, "invalid_fields");
    confirm(&app, &owner, &mine.code(&app)).await.expect(StatusCode::OK);
    app.post("/auth/totp/setup").json(&json!({"flow": other})).send().await.expect_problem(401, "flow_invalid");
    confirm(&app, &other, &mine.next_code(&app)).await.expect_problem(401, "flow_invalid");
    app.login_in_one_call("ada", &mine.code(&app)).await.expect(StatusCode::OK);
}

async fn in_a_race_of_enrolments_one_wins(db: TestDb) {
    let app = TestApp::with(db, |config| {
        config.second_factor = SecondFactorPolicy::All;
        config.insecure_no_limits = true;
    })
    .await;
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    let flow = enrolment_flow(&app).await;
    let code = set_up(&app, &flow).await.code(&app);
    let answers = join_all((0..32).map(|_| confirm(&app, &flow, &code))).await;
    let winners: Vec<_> = answers.iter().filter(|answer| answer.status == StatusCode::OK).collect();
    assert_eq!(winners.len(), 1, "{answers:?}");
    assert_eq!(texts(&winners[0].body["recovery_codes"]).len(), 10);
    assert_eq!((app.db.count("sessions").await, app.db.count("recovery_codes").await), (1, 10));
}

async fn a_flow_enrols_within_its_five_minutes(db: TestDb) {
    let app = app_for_all(db).await;
    let flow = enrolment_flow(&app).await;
    let authenticator = set_up(&app, &flow).await;
    app.advance(Duration::from_mins(5));
    confirm(&app, &flow, &authenticator.code(&app)).await.expect_problem(401, "flow_invalid");
    let flow = enrolment_flow(&app).await;
    confirm(&app, &flow, &authenticator.code(&app)).await.expect(StatusCode::OK);
}

async fn second_factor_and_enrolment_flows_do_not_stand_in_for_each_other(db: TestDb) {
    let app = app_for_all(db).await;
    let enrolment = enrolment_flow(&app).await;
    let answer = app.finish(&enrolment, "two_fa_code", "123456").await;
    answer.expect_problem(401, "flow_invalid");
    let authenticator = set_up(&app, &enrolment).await;
    app.finish(&enrolment, "two_fa_code", &authenticator.code(&app)).await.expect_problem(401, "flow_invalid");
    confirm(&app, &enrolment, &authenticator.code(&app)).await.expect(StatusCode::OK);
    let second = app.flow_of("ada").await;
    app.post("/auth/totp/setup").json(&json!({"flow": second})).send().await.expect_problem(401, "flow_invalid");
    confirm(&app, &second, &authenticator.next_code(&app)).await.expect_problem(401, "flow_invalid");
}

async fn who_is_logged_in_already_reauthenticates_without(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    let app = app.reopened(|config| config.second_factor = SecondFactorPolicy::All).await;
    let body = json!({"password": PASSWORD});
    let answer = app.post("/auth/reauthenticate").bearer(&token).json(&body).send().await.expect(StatusCode::OK);
    // And can set one up there.
    app.enrol(answer.body["access_token"].as_str().unwrap()).await;
}
