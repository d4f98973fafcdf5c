//! What the trail tells of each act: who, what, from where, with which factor, how it came out. That administrators read
//! it is in `admin`.

use std::sync::mpsc;

use axum::http::{Method, StatusCode};
use portcullis::{
    audit::{Event, EventKind, Outcome},
    mail::MailKind,
};
use serde_json::json;

use crate::{
    app::{PASSWORD, TestApp},
    both,
    db::TestDb,
    mailed::{spend, token, verified},
};

both![
    lo_1_every_step_of_a_login_is_told_with_its_factors,
    lo_1_why_a_login_failed_is_told_to_nobody_but_the_trail,
    lo_1_what_is_done_in_a_session_names_it_and_its_factors,
    lo_1_every_key_that_ends_leaves_a_row,
    lo_1_rotations_name_the_key,
    lo_1_the_trail_is_kept_for_as_long_as_the_setting_says,
    hooks_are_told_of_what_is_done,
];

/// The newest rows of a user, the oldest of them first.
async fn rows(app: &TestApp, username: &str, count: usize) -> Vec<Event> {
    let record = app.portcullis.accounts().get_user_by_name_or_mail(username).await.unwrap().unwrap();
    let mut events = app.events_of(&record.user.id.to_string()).await;
    events.truncate(count);
    events.reverse();
    events
}

/// What happened, with which factors, and what about it.
fn told(event: &Event) -> (EventKind, String, Option<&str>) {
    (event.kind, event.amr.join(" "), event.about.as_deref())
}

async fn lo_1_every_step_of_a_login_is_told_with_its_factors(db: TestDb) {
    let app = TestApp::new(db).await;
    let enrolled = app.enrol(&app.user("ada").await).await;
    let flow = app.flow_of("ada").await;
    let wrong = enrolled.authenticator.wrong_code(&app);
    app.finish(&flow, "two_fa_code", &wrong).await.expect_problem(401, "invalid_second_factor");
    let code = enrolled.authenticator.next_code(&app);
    app.finish(&flow, "two_fa_code", &code).await.expect(StatusCode::OK);
    let flow = app.flow_of("ada").await;
    app.finish(&flow, "recovery_code", &enrolled.recovery_codes[0]).await.expect(StatusCode::OK);

    let rows = rows(&app, "ada", 9).await;
    let expected = [
        (EventKind::LoginSucceeded, "pwd".to_owned(), None),
        (EventKind::TotpSetupStarted, "pwd".to_owned(), None),
        (EventKind::TotpEnabled, "pwd".to_owned(), None),
        (EventKind::LoginUnfinished, "pwd".to_owned(), Some("second_factor")),
        (EventKind::SecondFactorFailed, "otp".to_owned(), None),
        (EventKind::LoginSucceeded, "pwd otp mfa".to_owned(), None),
        (EventKind::LoginUnfinished, "pwd".to_owned(), Some("second_factor")),
        (EventKind::RecoveryCodeUsed, "otp".to_owned(), None),
        (EventKind::LoginSucceeded, "pwd otp mfa".to_owned(), None),
    ];
    assert_eq!(rows.iter().map(told).collect::<Vec<_>>(), expected);
    for row in &rows {
        assert_eq!(row.address, Some("192.0.2.1".parse().unwrap()));
        let expected = match row.kind {
            EventKind::LoginUnfinished => Outcome::Pending,
            EventKind::SecondFactorFailed => Outcome::Failure,
            _ => Outcome::Success,
        };
        assert_eq!(row.kind.outcome(), expected);
    }
}

async fn lo_1_why_a_login_failed_is_told_to_nobody_but_the_trail(db: TestDb) {
    let app = TestApp::with(db, |config| config.require_verified_email = true).await;
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    let fails = async |name: &str, password: &str| {
        app.login(name, password).await.expect_problem(401, "invalid_credentials").bytes
    };
    let reference = fails("nobody", PASSWORD).await;
    assert_eq!(fails("ada", "wrong password").await, reference);
    assert_eq!(fails("ada", PASSWORD).await, reference);
    app.db.disable_user("ada").await;
    assert_eq!(fails("ada", PASSWORD).await, reference);
    let rows = rows(&app, "ada", 3).await;
    let whys: Vec<_> = rows.iter().map(|row| (row.kind, row.amr.join(" "), row.about.as_deref().unwrap())).collect();
    let failed = |why| (EventKind::LoginFailed, "pwd".to_owned(), why);
    assert_eq!(whys, [failed("wrong_password"), failed("address_not_confirmed"), failed("account_disabled")]);
}

async fn lo_1_what_is_done_in_a_session_names_it_and_its_factors(db: TestDb) {
    let app = TestApp::new(db).await;
    let other = app.user("ada").await;
    let other = app.portcullis.verifier().verify(&other).unwrap().sid.unwrap();
    let access = app.token("ada", PASSWORD).await;
    let own = app.portcullis.verifier().verify(&access).unwrap().sid.unwrap();
    let name = json!({"name": "Ada"});
    let call = app.request(Method::PATCH, "/auth/me").bearer(&access).header("user-agent", "curl/8").json(&name);
    call.send().await.expect(StatusCode::OK);
    let call = app.request(Method::DELETE, &format!("/auth/sessions/{other}")).bearer(&access);
    call.send().await.expect(StatusCode::NO_CONTENT);
    let wrong = json!({"old_password": "wrong password", "new_password": "a quite different password"});
    let call = app.post("/auth/change-password").bearer(&access).json(&wrong);
    call.send().await.expect_problem(403, "invalid_password");
    let rows = rows(&app, "ada", 3).await;
    let expected = [
        (EventKind::ProfileChanged, "pwd".to_owned(), None),
        (EventKind::SessionEnded, "pwd".to_owned(), Some(other.as_str())),
        (EventKind::PasswordChangeFailed, "pwd".to_owned(), None),
    ];
    assert_eq!(rows.iter().map(told).collect::<Vec<_>>(), expected);
    assert!(rows.iter().all(|row| row.session.unwrap().to_string() == own && row.actor.is_none()));
    assert_eq!(rows[0].user_agent.as_deref(), Some("curl/8"));
}

async fn lo_1_every_key_that_ends_leaves_a_row(db: TestDb) {
    let app = TestApp::new(db).await;
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    app.db.make_admin("ada").await;
    let access = app.token("ada", PASSWORD).await;
    let mut ids = Vec::new();
    for name in ["one", "two"] {
        let body = json!({"name": name, "scopes": ["users:read"]});
        let made = app.post("/auth/api-keys").bearer(&access).json(&body).send().await.expect(StatusCode::CREATED);
        ids.push(made.body["id"].as_str().unwrap().to_owned());
    }
    app.post("/auth/forgot-password").json(&json!({"email": "ada@example.com"})).send().await;
    let reset = token(&app, "ada@example.com", MailKind::ResetPassword).await;
    spend(&app, "/auth/reset-password", &reset).await.expect(StatusCode::NO_CONTENT);
    let rows = rows(&app, "ada", 5).await;
    let of = |kind| rows.iter().filter(move |row| row.kind == kind).map(|row| row.about.clone().unwrap());
    assert!(of(EventKind::ApiKeyCreated).eq(ids.iter().cloned()));
    let mut ended: Vec<_> = of(EventKind::ApiKeyDeleted).collect();
    ended.sort();
    assert_eq!(ended, ids);
}

async fn lo_1_rotations_name_the_key(db: TestDb) {
    let app = TestApp::new(db).await;
    let keys = app.portcullis.signing_keys();
    let first = keys.list().await.unwrap().remove(0).kid;
    let second = keys.rotate_now().await.unwrap().key.kid;
    keys.retire(&first).await.unwrap();
    let asked = portcullis::store::EventQuery { user: None, kind: None, after: None, limit: 2 };
    let rows = app.portcullis.accounts().events(&asked).await.unwrap();
    let told: Vec<_> = rows.iter().map(|row| (row.kind, row.about.as_deref().unwrap())).collect();
    assert_eq!(told, [(EventKind::SigningKeyRetired, first.as_str()), (EventKind::SigningKeyRotated, second.as_str())]);
}

async fn lo_1_the_trail_is_kept_for_as_long_as_the_setting_says(db: TestDb) {
    use std::time::Duration;
    let day = Duration::from_hours(24);
    let app = TestApp::with(db, |config| config.event_retention = Some(30 * day)).await;
    verified(&app, "ada").await;
    app.advance(30 * day);
    app.portcullis.accounts().forget_expired().await.unwrap();
    assert_eq!(rows(&app, "ada", 9).await.len(), 3, "not older than that yet");
    app.login("ada", "wrong password").await.expect_problem(401, "invalid_credentials");
    app.advance(Duration::from_millis(1));
    app.portcullis.accounts().forget_expired().await.unwrap();
    assert_eq!(rows(&app, "ada", 9).await.iter().map(|row| row.kind).collect::<Vec<_>>(), [EventKind::LoginFailed]);

    let app = app.reopened(|config| config.event_retention = None).await;
    app.advance(10_000 * day);
    app.portcullis.accounts().forget_expired().await.unwrap();
    assert_eq!(rows(&app, "ada", 9).await.len(), 1);
}

async fn hooks_are_told_of_what_is_done(db: TestDb) {
    let (tell, heard) = mpsc::channel();
    let app = TestApp::hooked(db, move |event| tell.send((event.kind, event.amr.join(" "))).unwrap()).await;
    app.user("ada").await;
    app.login("ada", "wrong password").await.expect_problem(401, "invalid_credentials");
    app.register("ada", "other@example.com").await.expect_problem(409, "username_taken");
    app.token("ada", PASSWORD).await;
    // What waits is told before the thread ends.
    drop(app);
    let expected = [
        (EventKind::UserRegistered, String::new()),
        (EventKind::LoginSucceeded, "pwd".to_owned()),
        (EventKind::LoginFailed, "pwd".to_owned()),
        (EventKind::LoginSucceeded, "pwd".to_owned()),
    ];
    for expected in expected {
        assert_eq!(heard.recv().unwrap(), expected);
    }
    assert!(heard.recv().is_err());
}
