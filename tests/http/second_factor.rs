//! Logging in in two steps, and in one.

use std::time::Duration;

use axum::http::StatusCode;
use futures_util::future::join_all;
use portcullis::{audit::EventKind, clock::Clock};
use serde_json::json;

use crate::{
    app::{PASSWORD, TestApp},
    both,
    db::TestDb,
};

both![
    a_login_asks_for_the_second_factor_and_takes_a_code,
    a_code_is_taken_however_it_is_spaced_and_a_step_early_or_late,
    tp_3_a_code_of_two_steps_ago_or_ahead_is_wrong,
    tp_3_a_window_of_none_takes_the_present_code_only,
    a_login_in_one_call_takes_a_code_or_goes_on_in_a_flow,
    a_code_that_nobody_asked_for_is_not_looked_at,
    tp_4_a_code_is_taken_once_and_no_earlier_one_after_it,
    tp_4_the_code_that_confirmed_the_set_up_is_used,
    tp_5_in_a_race_of_finishes_with_one_code_one_opens_a_session,
    tp_7_what_is_not_six_ascii_digits_is_no_code,
    a_code_of_another_user_is_wrong,
    rc_2_a_recovery_code_is_taken_once,
    rc_2_in_a_race_of_finishes_with_one_recovery_code_one_opens_a_session,
    rc_3_a_recovery_code_replaces_the_second_factor_and_nothing_else,
    few_recovery_codes_are_pointed_out_at_login,
    a_wrong_code_leaves_the_flow_as_it_was,
    a_flow_is_good_for_one_session_and_for_five_minutes,
    a_flow_ends_with_the_password_the_sessions_and_the_account,
    a_session_says_how_its_user_logged_in_and_so_do_its_later_tokens,
    fields_are_named_that_are_missing_or_too_many,
];

async fn a_login_asks_for_the_second_factor_and_takes_a_code(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    let enrolled = app.enrol(&token).await;
    let asked = app.login("ada", PASSWORD).await.expect_problem(403, "second_factor_required");
    let id = app.get("/auth/me").bearer(&token).send().await.body["id"].clone();
    assert_eq!((&asked.body["user_id"], &asked.body["totp_supported"]), (&id, &json!(true)));
    assert_eq!(asked.body["webauthn_supported"], false);
    assert!(asked.body.get("access_token").is_none() && asked.body.get("refresh_token").is_none());
    let flow = asked.body["flow"].as_str().unwrap();
    let answer = app.finish(flow, "two_fa_code", &enrolled.authenticator.next_code(&app)).await.expect(StatusCode::OK);
    let new = answer.body["access_token"].as_str().unwrap();
    app.get("/auth/me").bearer(new).send().await.expect(StatusCode::OK);
    let kinds: Vec<_> = app.events_of(id.as_str().unwrap()).await.into_iter().map(|event| event.kind).collect();
    assert_eq!(kinds[..2], [EventKind::LoginSucceeded, EventKind::LoginUnfinished]);
}

async fn a_code_is_taken_however_it_is_spaced_and_a_step_early_or_late(db: TestDb) {
    let app = TestApp::new(db).await;
    let authenticator = app.enrol(&app.user("ada").await).await.authenticator;
    let spacings: [fn(&str) -> String; 4] = [
        str::to_owned,
        |code| format!("{} {}", &code[..3], &code[3..]),
        |code| format!(" {}-{}-{} ", &code[..2], &code[2..4], &code[4..]),
        |code| code.chars().flat_map(|digit| [digit, ' ']).collect(),
    ];
    for (spaced, off) in spacings.iter().zip([0, -30, 30, 0]) {
        app.advance(Duration::from_secs(90));
        let at = app.clock.now().as_secs() + off;
        let code = authenticator.code_at(portcullis::clock::Timestamp::from_secs(at));
        let flow = app.flow_of("ada").await;
        app.finish(&flow, "two_fa_code", &spaced(&code)).await.expect(StatusCode::OK);
    }
}

async fn tp_3_a_code_of_two_steps_ago_or_ahead_is_wrong(db: TestDb) {
    let app = TestApp::new(db).await;
    let authenticator = app.enrol(&app.user("ada").await).await.authenticator;
    app.advance(Duration::from_mins(5));
    for off in [-60, 60] {
        let code = authenticator.code_at(portcullis::clock::Timestamp::from_secs(app.clock.now().as_secs() + off));
        let flow = app.flow_of("ada").await;
        app.finish(&flow, "two_fa_code", &code).await.expect_problem(401, "invalid_second_factor");
    }
}

async fn tp_3_a_window_of_none_takes_the_present_code_only(db: TestDb) {
    let app = TestApp::with(db, |config| config.totp_window = "0".parse().unwrap()).await;
    let authenticator = app.enrol(&app.user("ada").await).await.authenticator;
    app.advance(Duration::from_mins(5));
    let flow = app.flow_of("ada").await;
    for off in [-30, 30] {
        let code = authenticator.code_at(portcullis::clock::Timestamp::from_secs(app.clock.now().as_secs() + off));
        app.finish(&flow, "two_fa_code", &code).await.expect_problem(401, "invalid_second_factor");
    }
    app.finish(&flow, "two_fa_code", &authenticator.code(&app)).await.expect(StatusCode::OK);
}

async fn a_login_in_one_call_takes_a_code_or_goes_on_in_a_flow(db: TestDb) {
    let app = TestApp::new(db).await;
    let authenticator = app.enrol(&app.user("ada").await).await.authenticator;
    app.login_in_one_call("ada", &authenticator.next_code(&app)).await.expect(StatusCode::OK);
    let wrong = authenticator.wrong_code(&app);
    let refused = app.login_in_one_call("ada", &wrong).await.expect_problem(401, "invalid_second_factor");
    assert_eq!((&refused.body["totp_supported"], &refused.body["access_token"]), (&json!(true), &json!(null)));
    let flow = refused.body["flow"].as_str().unwrap();
    app.finish(flow, "two_fa_code", &authenticator.next_code(&app)).await.expect(StatusCode::OK);
    // A wrong password hides whether the code was right, and does not use it up.
    let code = authenticator.next_code(&app);
    let body = json!({"name": "ada", "password": "not the password", "two_fa_code": code});
    app.post("/auth/login").json(&body).send().await.expect_problem(401, "invalid_credentials");
    app.login_in_one_call("ada", &code).await.expect(StatusCode::OK);
}

async fn a_code_that_nobody_asked_for_is_not_looked_at(db: TestDb) {
    let app = TestApp::new(db).await;
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    app.login_in_one_call("ada", "123456").await.expect(StatusCode::OK);
    let answer = app.login_in_one_call("ada", "12345").await.expect_problem(422, "invalid_fields");
    assert_eq!(answer.field_errors(), ["two_fa_code: invalid_code"]);
}

async fn tp_4_a_code_is_taken_once_and_no_earlier_one_after_it(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    let authenticator = app.enrol(&token).await.authenticator;
    let earlier = authenticator.next_code(&app);
    let code = authenticator.next_code(&app);
    let flow = app.flow_of("ada").await;
    app.finish(&flow, "two_fa_code", &code).await.expect(StatusCode::OK);
    let flow = app.flow_of("ada").await;
    for used in [&code, &earlier] {
        app.finish(&flow, "two_fa_code", used).await.expect_problem(401, "invalid_second_factor");
    }
    app.login_in_one_call("ada", &code).await.expect_problem(401, "invalid_second_factor");
    let disabled = app.post("/auth/totp/disable").bearer(&token).json(&json!({"code": code})).send().await;
    assert_eq!(disabled.expect_problem(422, "invalid_fields").field_errors(), ["code: invalid_code"]);
    app.finish(&flow, "two_fa_code", &authenticator.next_code(&app)).await.expect(StatusCode::OK);
}

async fn tp_4_the_code_that_confirmed_the_set_up_is_used(db: TestDb) {
    let app = TestApp::new(db).await;
    let authenticator = app.enrol(&app.user("ada").await).await.authenticator;
    let flow = app.flow_of("ada").await;
    let code = authenticator.code(&app);
    app.finish(&flow, "two_fa_code", &code).await.expect_problem(401, "invalid_second_factor");
}

async fn tp_5_in_a_race_of_finishes_with_one_code_one_opens_a_session(db: TestDb) {
    // Without limits, which would let five of them through at most.
    let app = TestApp::with(db, |config| config.insecure_no_limits = true).await;
    let authenticator = app.enrol(&app.user("ada").await).await.authenticator;
    let sessions = app.db.count("sessions").await;
    let (one, other) = (app.flow_of("ada").await, app.flow_of("ada").await);
    let code = authenticator.next_code(&app);
    let finishes = (0..32).map(|n| app.finish(if n % 2 == 0 { &one } else { &other }, "two_fa_code", &code));
    let statuses: Vec<_> = join_all(finishes).await.into_iter().map(|answer| answer.status.as_u16()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 200 | 401)), "{statuses:?}");
    assert_eq!(app.db.count("sessions").await - sessions, 1);
}

async fn tp_7_what_is_not_six_ascii_digits_is_no_code(db: TestDb) {
    let app = TestApp::new(db).await;
    let authenticator = app.enrol(&app.user("ada").await).await.authenticator;
    let code = authenticator.next_code(&app);
    let full_width: String =
        code.bytes().map(|digit| char::from_u32(0xFF10 + u32::from(digit - b'0')).unwrap()).collect();
    let flow = app.flow_of("ada").await;
    for bad in [
        full_width.as_str(),
        &format!("{code}0"),
        &format!("0{code}"),
        &code[..5],
        &format!("{code}\n"),
        &format!("{code}\u{a0}"),
        &format!("+{code}"),
        "",
        "abcdef",
    ] {
        let answer = app.finish(&flow, "two_fa_code", bad).await.expect_problem(422, "invalid_fields");
        assert_eq!(answer.field_errors(), ["two_fa_code: invalid_code"], "{bad:?}");
        assert!(!String::from_utf8_lossy(&answer.bytes).contains(&code));
    }
    // Nothing of that was an attempt.
    app.finish(&flow, "two_fa_code", &code).await.expect(StatusCode::OK);
}

async fn a_code_of_another_user_is_wrong(db: TestDb) {
    let app = TestApp::new(db).await;
    let (ada, eve) = (app.user("ada").await, app.user("eve").await);
    let _ada = app.enrol(&ada).await;
    let eves = app.enrol(&eve).await;
    let flow = app.flow_of("ada").await;
    let code = eves.authenticator.next_code(&app);
    app.finish(&flow, "two_fa_code", &code).await.expect_problem(401, "invalid_second_factor");
    app.finish(&flow, "recovery_code", &eves.recovery_codes[0]).await.expect_problem(401, "invalid_second_factor");
    // Nor is it used up for the one whose it is.
    app.login_in_one_call("eve", &code).await.expect(StatusCode::OK);
}

async fn rc_2_a_recovery_code_is_taken_once(db: TestDb) {
    let app = TestApp::new(db).await;
    let enrolled = app.enrol(&app.user("ada").await).await;
    let code = &enrolled.recovery_codes[3];
    let flow = app.flow_of("ada").await;
    app.finish(&flow, "recovery_code", &code.to_lowercase().replace('-', " ")).await.expect(StatusCode::OK);
    let flow = app.flow_of("ada").await;
    app.finish(&flow, "recovery_code", code).await.expect_problem(401, "invalid_second_factor");
    app.finish(&flow, "recovery_code", &enrolled.recovery_codes[4]).await.expect(StatusCode::OK);
}

async fn rc_2_in_a_race_of_finishes_with_one_recovery_code_one_opens_a_session(db: TestDb) {
    let app = TestApp::with(db, |config| config.insecure_no_limits = true).await;
    let enrolled = app.enrol(&app.user("ada").await).await;
    let sessions = app.db.count("sessions").await;
    let (one, other) = (app.flow_of("ada").await, app.flow_of("ada").await);
    let code = &enrolled.recovery_codes[0];
    let finishes = (0..32).map(|n| app.finish(if n % 2 == 0 { &one } else { &other }, "recovery_code", code));
    let statuses: Vec<_> = join_all(finishes).await.into_iter().map(|answer| answer.status.as_u16()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 200 | 401)), "{statuses:?}");
    assert_eq!(app.db.count("sessions").await - sessions, 1);
    assert_eq!(app.db.count("recovery_codes").await, 9);
}

async fn rc_3_a_recovery_code_replaces_the_second_factor_and_nothing_else(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    let enrolled = app.enrol(&token).await;
    let code = &enrolled.recovery_codes[0];
    for body in [
        json!({"name": "ada", "recovery_code": code}),
        json!({"recovery_code": code}),
        json!({"flow": "", "recovery_code": code}),
    ] {
        let login = app.post("/auth/login").json(&body).send().await;
        assert_eq!(login.expect_problem(422, "invalid_fields").body["access_token"], json!(null));
        let finish = app.post("/auth/login/second-factor").json(&body).send().await;
        assert!(finish.status.is_client_error());
    }
    let body = json!({"name": "ada", "password": code, "two_fa_code": enrolled.authenticator.next_code(&app)});
    app.post("/auth/login").json(&body).send().await.expect_problem(401, "invalid_credentials");
    // It was not spent on any of that, and tells when it is.
    let flow = app.flow_of("ada").await;
    app.finish(&flow, "recovery_code", code).await.expect(StatusCode::OK);
    let id = app.get("/auth/me").bearer(&token).send().await.body["id"].as_str().unwrap().to_owned();
    assert!(app.events_of(&id).await.iter().any(|event| event.kind == EventKind::RecoveryCodeUsed));
}

async fn few_recovery_codes_are_pointed_out_at_login(db: TestDb) {
    let app = TestApp::new(db).await;
    let enrolled = app.enrol(&app.user("ada").await).await;
    for (left, code) in (0..10).rev().zip(&enrolled.recovery_codes) {
        let flow = app.flow_of("ada").await;
        let answer = app.finish(&flow, "recovery_code", code).await.expect(StatusCode::OK);
        let pointed_out = if left <= 2 { json!(left) } else { json!(null) };
        assert_eq!(answer.body["recovery_codes_remaining"], pointed_out, "{left}");
    }
    let answer = app.login_in_one_call("ada", &enrolled.authenticator.next_code(&app)).await.expect(StatusCode::OK);
    assert_eq!(answer.body["recovery_codes_remaining"], 0);
}

async fn a_wrong_code_leaves_the_flow_as_it_was(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    let authenticator = app.enrol(&token).await.authenticator;
    let flow = app.flow_of("ada").await;
    for _ in 0..3 {
        let code = authenticator.wrong_code(&app);
        let answer = app.finish(&flow, "two_fa_code", &code).await.expect_problem(401, "invalid_second_factor");
        assert_eq!((&answer.body["flow"], &answer.body["totp_supported"]), (&json!(flow), &json!(true)));
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    app.finish(&flow, "two_fa_code", &authenticator.next_code(&app)).await.expect(StatusCode::OK);
    let id = app.get("/auth/me").bearer(&token).send().await.body["id"].as_str().unwrap().to_owned();
    let failed = app.events_of(&id).await.into_iter().filter(|event| event.kind == EventKind::SecondFactorFailed);
    assert_eq!(failed.count(), 3);
}

async fn a_flow_is_good_for_one_session_and_for_five_minutes(db: TestDb) {
    let app = TestApp::new(db).await;
    let enrolled = app.enrol(&app.user("ada").await).await;
    let flow = app.flow_of("ada").await;
    app.finish(&flow, "recovery_code", &enrolled.recovery_codes[0]).await.expect(StatusCode::OK);
    app.finish(&flow, "recovery_code", &enrolled.recovery_codes[1]).await.expect_problem(401, "flow_invalid");
    let (in_time, late) = (app.flow_of("ada").await, app.flow_of("ada").await);
    app.advance(Duration::from_secs(299));
    app.finish(&in_time, "recovery_code", &enrolled.recovery_codes[1]).await.expect(StatusCode::OK);
    app.advance(Duration::from_secs(1));
    app.finish(&late, "recovery_code", &enrolled.recovery_codes[2]).await.expect_problem(401, "flow_invalid");
    assert_eq!(app.db.count("flows").await, 1);
    app.portcullis.accounts().forget_expired().await.unwrap();
    assert_eq!(app.db.count("flows").await, 0);
}

async fn a_flow_ends_with_the_password_the_sessions_and_the_account(db: TestDb) {
    let app = TestApp::new(db).await;
    let enrolled = app.enrol(&app.user("ada").await).await;
    let mut codes = enrolled.recovery_codes.iter();
    let mut refused = async |flow: &str| {
        let code = codes.next().unwrap();
        app.finish(flow, "recovery_code", code).await.expect_problem(401, "flow_invalid");
    };
    let token = async || {
        let answer = app.login_in_one_call("ada", &enrolled.authenticator.next_code(&app)).await.expect(StatusCode::OK);
        answer.body["access_token"].as_str().unwrap().to_owned()
    };

    let (flow, this) = (app.flow_of("ada").await, token().await);
    let body = json!({"old_password": PASSWORD, "new_password": PASSWORD});
    app.post("/auth/change-password").bearer(&this).json(&body).send().await.expect(StatusCode::NO_CONTENT);
    refused(&flow).await;

    let flow = app.flow_of("ada").await;
    app.post("/auth/logout-all").bearer(&this).send().await.expect(StatusCode::NO_CONTENT);
    refused(&flow).await;

    let flow = app.flow_of("ada").await;
    app.db.disable_user("ada").await;
    refused(&flow).await;
    app.db.remove_user("ada").await;
    refused(&flow).await;
}

async fn a_session_says_how_its_user_logged_in_and_so_do_its_later_tokens(db: TestDb) {
    let app = TestApp::new(db).await;
    let first = app.user("ada").await;
    let authenticator = app.enrol(&first).await.authenticator;
    let flow = app.flow_of("ada").await;
    let asked_at = app.clock.now();
    let answer = app.finish(&flow, "two_fa_code", &authenticator.next_code(&app)).await.expect(StatusCode::OK);
    let refresh = json!({"refresh_token": answer.body["refresh_token"]});
    let refreshed = app.post("/auth/refresh").json(&refresh).send().await.expect(StatusCode::OK);
    for answer in [answer, refreshed] {
        let claims = app.portcullis.verifier().verify(answer.body["access_token"].as_str().unwrap()).unwrap();
        assert_eq!(claims.amr, ["pwd", "otp", "mfa"]);
        assert_eq!((claims.acr.as_deref(), claims.auth_time), (Some("aal2"), Some(asked_at)));
    }
    let claims = app.portcullis.verifier().verify(&first).unwrap();
    assert_eq!((claims.amr.as_slice(), claims.acr.as_deref()), (["pwd".to_owned()].as_slice(), Some("aal1")));
}

async fn fields_are_named_that_are_missing_or_too_many(db: TestDb) {
    let app = TestApp::new(db).await;
    let finish = async |body| {
        let answer = app.post("/auth/login/second-factor").json(&body).send().await;
        answer.expect_problem(422, "invalid_fields").field_errors()
    };
    assert_eq!(finish(json!({})).await, ["flow: missing", "two_fa_code: missing"]);
    assert_eq!(
        finish(json!({"flow": 1, "two_fa_code": 123_456})).await,
        ["flow: wrong_type", "two_fa_code: wrong_type"]
    );
    let code = "ABCD-EFGH-IJKL-MNOP";
    let both = json!({"flow": "x", "two_fa_code": "123456", "recovery_code": code});
    assert_eq!(finish(both).await, ["recovery_code: one_too_many"]);
    let answer = app.finish("pcf_nothing", "recovery_code", code).await;
    answer.expect_problem(401, "flow_invalid");
}
