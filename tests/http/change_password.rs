use axum::http::StatusCode;
use futures_util::future::join_all;
use portcullis::audit::{Event, EventKind};
use serde_json::json;

use crate::{
    app::{Answer, PASSWORD, TestApp},
    both,
    db::TestDb,
};

both![
    lg_7_a_changed_password_ends_the_other_sessions_at_once,
    a_wrong_old_password_changes_nothing_and_counts,
    every_wrong_field_of_a_change_is_named,
    pw_6_a_common_password_is_refused_with_the_reason_and_changes_nothing,
    of_16_changes_in_a_race_one_wins,
];

const NEW: &str = "a quite different password";

async fn change(app: &TestApp, token: &str, old: &str, new: &str) -> Answer {
    let body = json!({"old_password": old, "new_password": new});
    app.post("/auth/change-password").bearer(token).json(&body).send().await
}

async fn lg_7_a_changed_password_ends_the_other_sessions_at_once(db: TestDb) {
    let app = TestApp::new(db).await;
    let (this, other) = (app.user("ada").await, app.token("ada", PASSWORD).await);
    change(&app, &this, PASSWORD, NEW).await.expect(StatusCode::NO_CONTENT);
    app.login("ada", PASSWORD).await.expect_problem(401, "invalid_credentials");
    app.get("/auth/me").bearer(&other).send().await.expect_problem(401, "invalid_token");
    app.get("/auth/me").bearer(&this).send().await.expect(StatusCode::OK);
    app.post("/auth/logout").bearer(&this).send().await.expect(StatusCode::NO_CONTENT);
    app.get("/auth/me").bearer(&this).send().await.expect_problem(401, "invalid_token");
    app.login("ada", NEW).await.expect(StatusCode::OK);
}

async fn a_wrong_old_password_changes_nothing_and_counts(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    let id = app.get("/auth/me").bearer(&token).send().await.body["id"].as_str().unwrap().to_owned();
    for _ in 0..5 {
        change(&app, &token, "not the password", NEW).await.expect_problem(403, "invalid_password");
    }
    let refused = |event: &&Event| event.kind == EventKind::PasswordChangeFailed;
    assert_eq!(app.events_of(&id).await.iter().filter(refused).count(), 5);
    change(&app, &token, PASSWORD, NEW).await.expect_problem(429, "too_many_attempts");
    app.login("ada", PASSWORD).await.expect_problem(429, "too_many_attempts");
}

async fn every_wrong_field_of_a_change_is_named(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    let answer = change(&app, &token, &"x".repeat(1025), "short").await.expect_problem(422, "invalid_fields");
    assert_eq!(answer.field_errors(), ["new_password: password_too_short", "old_password: password_too_long"]);
}

async fn pw_6_a_common_password_is_refused_with_the_reason_and_changes_nothing(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada.lovelace").await;
    for (new, codes) in [
        ("Password123", ["password_too_common"].as_slice()),
        ("AdaLovelace1815", &["password_own_words", "password_too_common"]),
        ("mustang!1996", &["password_like_common", "password_too_weak"]),
    ] {
        // More often than wrong passwords could be tried: these are no failed attempts.
        for _ in 0..4 {
            let answer = change(&app, &token, PASSWORD, new).await.expect_problem(422, "invalid_fields");
            let expected: Vec<_> = codes.iter().map(|code| format!("new_password: {code}")).collect();
            assert_eq!(answer.field_errors(), expected, "{new}");
        }
    }
    let rated = app.portcullis.accounts().ratings_computed();
    change(&app, &token, "not the password", "mustang!1996").await.expect_problem(403, "invalid_password");
    assert_eq!(app.portcullis.accounts().ratings_computed(), rated);
    app.login("ada.lovelace", PASSWORD).await.expect(StatusCode::OK);
    change(&app, &token, PASSWORD, NEW).await.expect(StatusCode::NO_CONTENT);
}

async fn of_16_changes_in_a_race_one_wins(db: TestDb) {
    let app = TestApp::with(db, |config| config.insecure_no_limits = true).await;
    let token = app.user("ada").await;
    let new = |n: usize| format!("{NEW} number {n}");
    let statuses = join_all((0..16).map(|n| {
        let (app, token) = (&app, &token);
        async move { change(app, token, PASSWORD, &new(n)).await.status }
    }))
    .await;
    let winners: Vec<_> = (0..16).filter(|n| statuses[*n] == StatusCode::NO_CONTENT).collect();
    assert_eq!(winners.len(), 1, "{statuses:?}");
    app.login("ada", &new(winners[0])).await.expect(StatusCode::OK);
    app.login("ada", PASSWORD).await.expect_problem(401, "invalid_credentials");
}
