//! Logins that ask for a new password before they are finished.

use axum::http::StatusCode;
use futures_util::future::join_all;
use portcullis::{audit::EventKind, config::SecondFactorPolicy};
use serde_json::json;

use crate::{
    app::{Answer, PASSWORD, TestApp},
    authenticator::{Authenticator, texts},
    both,
    db::TestDb,
};

both![
    a_login_that_must_change_its_password_is_finished_by_that,
    the_second_factor_comes_before_the_new_password,
    an_enrolment_comes_before_the_new_password_and_shows_its_recovery_codes,
    the_new_password_is_another_one_that_meets_the_policy,
    in_a_race_of_new_passwords_one_wins,
    who_is_logged_in_already_reauthenticates_and_changes_it_there,
];

const NEW: &str = "another horse, another battery";

async fn app(db: TestDb, policy: SecondFactorPolicy) -> TestApp {
    TestApp::with(db, |config| config.second_factor = policy).await
}

fn flow(answer: &Answer) -> String {
    assert!(answer.body.get("access_token").is_none() && answer.body.get("totp_supported").is_none());
    answer.body["flow"].as_str().unwrap().to_owned()
}

async fn asked_for(app: &TestApp) -> String {
    flow(&app.login("ada", PASSWORD).await.expect_problem(403, "password_change_required"))
}

async fn choose(app: &TestApp, flow: &str, password: &str) -> Answer {
    app.post("/auth/login/new-password").json(&json!({"flow": flow, "new_password": password})).send().await
}

async fn a_login_that_must_change_its_password_is_finished_by_that(db: TestDb) {
    let app = app(db, SecondFactorPolicy::Optional).await;
    let older = app.user("ada").await;
    app.db.must_change_password("ada").await;
    let (one, other) = (asked_for(&app).await, asked_for(&app).await);
    let answer = choose(&app, &one, NEW).await.expect(StatusCode::OK);
    assert!(answer.body.get("recovery_codes_remaining").is_none());
    let token = answer.body["access_token"].as_str().unwrap();
    let claims = app.portcullis.verifier().verify(token).unwrap();
    assert_eq!((claims.amr.as_slice(), claims.acr.as_deref()), (["pwd".to_owned()].as_slice(), Some("aal1")));
    let id = app.get("/auth/me").bearer(token).send().await.expect(StatusCode::OK).body["id"].clone();
    let kinds: Vec<_> = app.events_of(id.as_str().unwrap()).await.into_iter().map(|event| event.kind).collect();
    assert_eq!(kinds[..2], [EventKind::LoginSucceeded, EventKind::PasswordChanged]);
    // What was there before is over: sessions, flows, the old password.
    app.get("/auth/me").bearer(&older).send().await.expect_problem(401, "invalid_token");
    choose(&app, &one, NEW).await.expect_problem(401, "flow_invalid");
    choose(&app, &other, "yet another horse battery").await.expect_problem(401, "flow_invalid");
    app.login("ada", PASSWORD).await.expect_problem(401, "invalid_credentials");
    app.login("ada", NEW).await.expect(StatusCode::OK);
}

async fn the_second_factor_comes_before_the_new_password(db: TestDb) {
    let app = app(db, SecondFactorPolicy::Optional).await;
    let enrolled = app.enrol(&app.user("ada").await).await;
    app.db.must_change_password("ada").await;
    let first = app.flow_of("ada").await;
    choose(&app, &first, NEW).await.expect_problem(401, "flow_invalid");
    let code = enrolled.authenticator.next_code(&app);
    let asked = app.finish(&first, "two_fa_code", &code).await.expect_problem(403, "password_change_required");
    let second = flow(&asked);
    app.finish(&first, "recovery_code", &enrolled.recovery_codes[0]).await.expect_problem(401, "flow_invalid");
    app.finish(&second, "recovery_code", &enrolled.recovery_codes[0]).await.expect_problem(401, "flow_invalid");
    let answer = choose(&app, &second, NEW).await.expect(StatusCode::OK);
    let claims = app.portcullis.verifier().verify(answer.body["access_token"].as_str().unwrap()).unwrap();
    assert_eq!((claims.amr.join(" ").as_str(), claims.acr.as_deref()), ("pwd otp mfa", Some("aal2")));

    app.db.must_change_password("ada").await;
    let body = json!({"name": "ada", "password": NEW, "two_fa_code": enrolled.authenticator.next_code(&app)});
    let asked = app.post("/auth/login").json(&body).send().await.expect_problem(403, "password_change_required");
    choose(&app, &flow(&asked), PASSWORD).await.expect(StatusCode::OK);
}

async fn an_enrolment_comes_before_the_new_password_and_shows_its_recovery_codes(db: TestDb) {
    let app = app(db, SecondFactorPolicy::All).await;
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    app.db.must_change_password("ada").await;
    let first = flow(&app.login("ada", PASSWORD).await.expect_problem(403, "second_factor_enrolment_required"));
    let setup = app.post("/auth/totp/setup").json(&json!({"flow": first})).send().await.expect(StatusCode::CREATED);
    let authenticator = Authenticator::of(setup.body["secret"].as_str().unwrap());
    let body = json!({"flow": first, "code": authenticator.code(&app)});
    let asked = app.post("/auth/totp/confirm").json(&body).send().await.expect_problem(403, "password_change_required");
    let codes = texts(&asked.body["recovery_codes"]);
    assert_eq!(codes.len(), 10);
    choose(&app, &flow(&asked), NEW).await.expect(StatusCode::OK);
    let body = json!({"name": "ada", "password": NEW});
    let asked = app.post("/auth/login").json(&body).send().await.expect_problem(403, "second_factor_required");
    let flow = asked.body["flow"].as_str().unwrap();
    app.finish(flow, "recovery_code", &codes[0]).await.expect(StatusCode::OK);
}

async fn the_new_password_is_another_one_that_meets_the_policy(db: TestDb) {
    let app = app(db, SecondFactorPolicy::Optional).await;
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    app.db.must_change_password("ada").await;
    let flow = asked_for(&app).await;
    for (password, code) in [("short", "password_too_short"), (PASSWORD, "password_unchanged")] {
        let refused = choose(&app, &flow, password).await.expect_problem(422, "invalid_fields");
        assert_eq!(refused.field_errors(), [format!("new_password: {code}")]);
    }
    let refused =
        app.post("/auth/login/new-password").json(&json!({})).send().await.expect_problem(422, "invalid_fields");
    assert_eq!(refused.field_errors(), ["flow: missing", "new_password: missing"]);
    choose(&app, &flow, NEW).await.expect(StatusCode::OK);
}

async fn in_a_race_of_new_passwords_one_wins(db: TestDb) {
    let app = app(db, SecondFactorPolicy::Optional).await;
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    app.db.must_change_password("ada").await;
    let flow = asked_for(&app).await;
    let new = |n: usize| format!("{NEW}, number {n}");
    let chosen = join_all((0..8).map(|n| {
        let (app, flow) = (&app, &flow);
        async move { choose(app, flow, &new(n)).await.status.as_u16() }
    }))
    .await;
    let winners: Vec<_> = (0..8).filter(|n| chosen[*n] == 200).collect();
    assert_eq!(winners.len(), 1, "{chosen:?}");
    assert!(chosen.iter().all(|status| matches!(status, 200 | 401)), "{chosen:?}");
    assert_eq!(app.db.count("sessions").await, 1);
    app.login("ada", &new(winners[0])).await.expect(StatusCode::OK);
}

async fn who_is_logged_in_already_reauthenticates_and_changes_it_there(db: TestDb) {
    let app = app(db, SecondFactorPolicy::Optional).await;
    let token = app.user("ada").await;
    app.db.must_change_password("ada").await;
    let again = app.post("/auth/reauthenticate").bearer(&token).json(&json!({"password": PASSWORD})).send().await;
    let token = again.expect(StatusCode::OK).body["access_token"].as_str().unwrap().to_owned();
    let body = json!({"old_password": PASSWORD, "new_password": NEW});
    app.post("/auth/change-password").bearer(&token).json(&body).send().await.expect(StatusCode::NO_CONTENT);
    app.login("ada", NEW).await.expect(StatusCode::OK);
}
