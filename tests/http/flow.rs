//! A login between its steps is worth nothing but its next step.

use axum::http::{Method, StatusCode};
use portcullis::config::SecondFactorPolicy;
use serde_json::{Value, json};

use crate::{
    app::{Answer, PASSWORD, TestApp},
    both,
    db::TestDb,
};

both![
    lg_5_a_flow_that_waits_for_a_second_factor_is_refused_everywhere_else,
    lg_5_a_flow_that_waits_for_an_enrolment_is_refused_everywhere_else,
];

/// Every operation there is.
fn operations() -> Vec<(Method, String)> {
    let document = serde_json::to_value(portcullis::http::openapi()).unwrap();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for verb in item.as_object().unwrap().keys() {
            operations.push((verb.to_uppercase().parse().unwrap(), path.replace("{id}", "x")));
        }
    }
    operations
}

/// A body that names the flow wherever a route could look for something that opens a door.
fn body_with(flow: &str) -> Value {
    json!({
        "flow": flow, "token": flow, "refresh_token": flow, "access_token": flow, "session": flow,
        "two_fa_code": "000000", "code": "000000", "password": flow, "old_password": flow, "new_password": PASSWORD,
        "name": "ada",
    })
}

/// What every operation answers to someone who has nothing but the flow, in every place where it could be put.
async fn tries(app: &TestApp, flow: &str) -> Vec<(String, Answer)> {
    let mut answers = Vec::new();
    for (method, path) in operations() {
        let at = |how: &str| format!("{method} {path} {how}");
        let call = || app.request(method.clone(), &path);
        let body = body_with(flow);
        answers.push((at("bearer"), call().bearer(flow).send().await));
        answers.push((at("bearer and body"), call().bearer(flow).json(&body).send().await));
        answers.push((at("body"), call().json(&body).send().await));
        let cookies = format!("portcullis={flow}; __Host-portcullis={flow}; token={flow}");
        answers.push((at("cookie"), call().header("cookie", &cookies).send().await));
        let query = format!("{path}?flow={flow}&token={flow}&access_token={flow}");
        answers.push((at("query"), app.request(method.clone(), &query).send().await));
    }
    answers
}

/// What anyone may ask, and is answered whatever else they send.
const PUBLIC: [&str; 4] =
    ["GET /auth/methods", "GET /auth/verify-email", "GET /.well-known/jwks.json", "POST /auth/login/passkey/start"];

async fn lg_5_a_flow_that_waits_for_a_second_factor_is_refused_everywhere_else(db: TestDb) {
    let app = TestApp::with(db, |config| config.insecure_no_limits = true).await;
    let token = app.user("ada").await;
    let enrolled = app.enrol(&token).await;
    let flow = app.flow_of("ada").await;
    let (sessions, flows) = (app.db.count("sessions").await, app.db.count("flows").await);
    for (at, answer) in tries(&app, &flow).await {
        assert_ne!(answer.body["valid"], true, "{at}");
        if PUBLIC.iter().any(|public| at.starts_with(public)) && !at.contains("bearer") {
            continue;
        }
        let is_its_step = at == "POST /auth/login/second-factor body";
        let expected = if is_its_step { answer.code() == "invalid_second_factor" } else { !answer.status.is_success() };
        assert!(expected || PUBLIC.iter().any(|public| at.starts_with(public)), "{at}: {answer:?}");
        assert!(answer.body.get("access_token").is_none() && answer.body.get("secret").is_none(), "{at}");
    }
    assert_eq!((app.db.count("sessions").await, app.db.count("flows").await), (sessions, flows));
    // All that has not hurt it.
    app.finish(&flow, "two_fa_code", &enrolled.authenticator.next_code(&app)).await.expect(StatusCode::OK);
}

async fn lg_5_a_flow_that_waits_for_an_enrolment_is_refused_everywhere_else(db: TestDb) {
    let app = TestApp::with(db, |config| {
        config.second_factor = SecondFactorPolicy::All;
        config.insecure_no_limits = true;
    })
    .await;
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    let answer = app.login("ada", PASSWORD).await.expect_problem(403, "second_factor_enrolment_required");
    let flow = answer.body["flow"].as_str().unwrap();
    for (at, answer) in tries(&app, flow).await {
        assert_ne!(answer.body["valid"], true, "{at}");
        match at.as_str() {
            "POST /auth/totp/setup body" => assert_eq!(answer.status, StatusCode::CREATED),
            "POST /auth/totp/confirm body" => assert_eq!(answer.code(), "invalid_fields"),
            _ if PUBLIC.iter().any(|public| at.starts_with(public)) => {}
            _ => {
                assert!(!answer.status.is_success(), "{at}: {answer:?}");
                assert!(answer.body.get("access_token").is_none() && answer.body.get("secret").is_none(), "{at}");
            }
        }
    }
    assert_eq!(app.db.count("sessions").await, 0);
}
