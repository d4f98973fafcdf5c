use std::time::Duration;

use axum::http::{Method, StatusCode};
use portcullis::audit::{Event, EventKind};
use serde_json::{Value, json};

use crate::{
    app::{Answer, PASSWORD, TestApp},
    both,
    db::TestDb,
};

both![
    se_2_a_session_goes_on_under_a_new_id_and_the_old_one_is_dead,
    se_2_no_id_is_taken_from_a_client,
    a_fresh_route_is_open_again,
    it_does_not_move_the_end_of_the_session,
    a_wrong_password_is_403_and_counts,
    of_many_at_once_one_wins_the_race,
];

async fn login(app: &TestApp) -> Value {
    app.register("ada", "ada@example.com").await;
    app.login("ada", PASSWORD).await.expect(StatusCode::OK).body
}

async fn reauthenticate(app: &TestApp, tokens: &Value, password: &str) -> Answer {
    let call = app.post("/auth/reauthenticate").bearer(tokens["access_token"].as_str().unwrap());
    call.json(&json!({"password": password})).send().await
}

async fn refresh(app: &TestApp, tokens: &Value) -> Answer {
    app.post("/auth/refresh").json(&json!({"refresh_token": tokens["refresh_token"]})).send().await
}

async fn me(app: &TestApp, tokens: &Value) -> u16 {
    app.get("/auth/me").bearer(tokens["access_token"].as_str().unwrap()).send().await.status.as_u16()
}

async fn se_2_a_session_goes_on_under_a_new_id_and_the_old_one_is_dead(db: TestDb) {
    let app = TestApp::new(db).await;
    let before = login(&app).await;
    let sid = |tokens: &Value| {
        let claims = app.portcullis.verifier().verify(tokens["access_token"].as_str().unwrap()).unwrap();
        (claims.sid.unwrap(), claims.auth_time.unwrap())
    };
    let (old, old_time) = sid(&before);
    app.advance(Duration::from_mins(5));
    let after = reauthenticate(&app, &before, PASSWORD).await.expect(StatusCode::OK).body;
    let (new, new_time) = sid(&after);
    assert_ne!(old, new);
    assert_eq!(new_time.since(old_time), Duration::from_mins(5));
    assert_eq!((me(&app, &before).await, me(&app, &after).await), (401, 200));
    refresh(&app, &before).await.expect_problem(401, "refresh_invalid");
    refresh(&app, &after).await.expect(StatusCode::OK);

    let listed = app.get("/auth/sessions").bearer(after["access_token"].as_str().unwrap()).send().await.body;
    let listed = listed["items"].as_array().unwrap();
    assert_eq!((listed.len(), &listed[0]["id"]), (1, &json!(new)));
    assert_eq!(listed[0]["created_at"], "2026-09-21T14:13:20Z", "it is still the same login");
    let kinds: Vec<_> = app.events_of(after["user"]["id"].as_str().unwrap()).await.iter().map(|it| it.kind).collect();
    assert_eq!(kinds[0], EventKind::Reauthenticated);
}

async fn se_2_no_id_is_taken_from_a_client(db: TestDb) {
    let app = TestApp::new(db).await;
    let chosen = "01900000-0000-7000-8000-000000000000";
    app.register("ada", "ada@example.com").await;
    let mut seen = Vec::new();
    for _ in 0..2 {
        let body = json!({"name": "ada", "password": PASSWORD, "sid": chosen, "session": chosen, "id": chosen});
        let call = app.post("/auth/login").header("cookie", &format!("portcullis={chosen}; sid={chosen}"));
        let tokens = call.json(&body).send().await.expect(StatusCode::OK).body;
        let claims = app.portcullis.verifier().verify(tokens["access_token"].as_str().unwrap()).unwrap();
        seen.push(claims.sid.unwrap());
    }
    assert!(seen[0] != seen[1] && !seen.contains(&chosen.to_owned()));
}

async fn a_fresh_route_is_open_again(db: TestDb) {
    let app = TestApp::new(db).await;
    let tokens = login(&app).await;
    app.advance(Duration::from_secs(601));
    let remove = async |tokens: &Value| {
        app.request(Method::DELETE, "/auth/me").bearer(tokens["access_token"].as_str().unwrap()).send().await
    };
    let stale = remove(&tokens).await.expect_problem(401, "insufficient_user_authentication");
    assert!(stale.header("www-authenticate").contains("max_age=\"600\""), "{}", stale.header("www-authenticate"));
    let refreshed = refresh(&app, &tokens).await.expect(StatusCode::OK).body;
    remove(&refreshed).await.expect_problem(401, "insufficient_user_authentication");
    let again = reauthenticate(&app, &refreshed, PASSWORD).await.expect(StatusCode::OK).body;
    remove(&again).await.expect(StatusCode::NO_CONTENT);
}

async fn it_does_not_move_the_end_of_the_session(db: TestDb) {
    let app = TestApp::with(db, |config| config.session_max = Duration::from_hours(1)).await;
    let mut tokens = login(&app).await;
    for _ in 0..5 {
        app.advance(Duration::from_mins(10));
        tokens = reauthenticate(&app, &tokens, PASSWORD).await.expect(StatusCode::OK).body;
    }
    assert_eq!(tokens["expires_in"], 600);
    app.advance(Duration::from_mins(10));
    refresh(&app, &tokens).await.expect_problem(401, "refresh_invalid");
    reauthenticate(&app, &tokens, PASSWORD).await.expect_problem(401, "invalid_token");
}

async fn a_wrong_password_is_403_and_counts(db: TestDb) {
    let app = TestApp::new(db).await;
    let tokens = login(&app).await;
    for _ in 0..5 {
        reauthenticate(&app, &tokens, "not the password").await.expect_problem(403, "invalid_password");
    }
    reauthenticate(&app, &tokens, PASSWORD).await.expect_problem(429, "too_many_attempts");
    let failed = |event: &&Event| event.kind == EventKind::ReauthenticationFailed;
    let events = app.events_of(tokens["user"]["id"].as_str().unwrap()).await;
    assert_eq!(events.iter().filter(failed).count(), 5);
    app.advance(Duration::from_secs(1));
    reauthenticate(&app, &tokens, PASSWORD).await.expect(StatusCode::OK);
    let answer = app.post("/auth/reauthenticate").bearer(&app.token("ada", PASSWORD).await).json(&json!({}));
    assert_eq!(answer.send().await.expect_problem(422, "invalid_fields").field_errors(), ["password: missing"]);
}

async fn of_many_at_once_one_wins_the_race(db: TestDb) {
    let app = TestApp::with(db, |config| config.insecure_no_limits = true).await;
    let tokens = login(&app).await;
    let answers = futures_util::future::join_all((0..16).map(|_| reauthenticate(&app, &tokens, PASSWORD))).await;
    let winners: Vec<_> = answers.iter().filter(|answer| answer.status == StatusCode::OK).collect();
    assert_eq!(winners.len(), 1);
    assert!(answers.iter().all(|answer| answer.status == StatusCode::OK || answer.code() == "invalid_token"));
    assert_eq!(me(&app, &winners[0].body).await, 200);
}
