use std::{sync::Arc, time::Duration};

use axum::http::{Method, StatusCode};
use futures_util::future::join_all;
use portcullis::{
    Scopes,
    access::{Role, RoleName},
    account::UserId,
    audit::EventKind,
    jwt::Claims,
    session::Device,
};
use serde_json::{Value, json};

use crate::{
    app::{Answer, PASSWORD, TestApp},
    both,
    db::TestDb,
};

both![
    a_refresh_gives_the_next_tokens_of_the_same_session,
    rf_1_a_token_that_comes_back_late_ends_the_session_and_is_recorded,
    rf_1_a_stolen_token_in_a_race_with_the_good_one_ends_the_session,
    rf_2_64_refreshes_race_for_one_next_token,
    rf_2_refreshes_of_two_processes_race_for_one_next_token,
    rf_3_an_answer_that_was_lost_is_given_again_for_30_seconds,
    rf_3_a_token_is_over_once_the_next_one_was_used,
    rf_4_scope_can_only_narrow_and_only_for_one_access_token,
    rf_5_every_session_that_may_not_go_on_gets_the_same_answer,
    se_1_the_database_holds_no_token_that_could_be_used,
    se_3_a_session_that_rests_too_long_is_over,
    se_3_no_refresh_moves_the_end_of_a_session,
    se_3_whoever_asks_to_be_remembered_may_rest_for_longer,
    se_3_an_administrator_stays_for_an_hour_at_most,
    a_refresh_says_what_holds_now,
    what_is_no_refresh_token_is_refused,
];

async fn refresh(app: &TestApp, token: &Value) -> Answer {
    app.post("/auth/refresh").json(&json!({"refresh_token": token})).send().await
}

/// Registers and logs in; answers the tokens.
async fn tokens(app: &TestApp, username: &str) -> Value {
    app.register(username, &format!("{username}@example.com")).await.expect(StatusCode::CREATED);
    app.login(username, PASSWORD).await.expect(StatusCode::OK).body
}

fn claims(app: &TestApp, tokens: &Value) -> Claims {
    app.portcullis.verifier().verify(tokens["access_token"].as_str().unwrap()).unwrap()
}

fn id_of(tokens: &Value) -> UserId {
    UserId::parse(tokens["user"]["id"].as_str().unwrap()).unwrap()
}

/// Whether the guard lets these tokens in.
async fn status_of(app: &TestApp, tokens: &Value) -> u16 {
    app.get("/auth/me").bearer(tokens["access_token"].as_str().unwrap()).send().await.status.as_u16()
}

async fn a_refresh_gives_the_next_tokens_of_the_same_session(db: TestDb) {
    let app = TestApp::new(db).await;
    let first = tokens(&app, "ada").await;
    app.advance(Duration::from_mins(10));
    let answer = refresh(&app, &first["refresh_token"]).await.expect(StatusCode::OK);
    assert_eq!(answer.header("cache-control"), "no-store");
    let second = answer.body;
    assert_eq!((&second["token_type"], &second["expires_in"]), (&json!("Bearer"), &json!(900)));
    assert_eq!(second["user"], first["user"]);
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    let (before, now) = (claims(&app, &first), claims(&app, &second));
    assert_eq!((&now.sid, now.auth_time, &now.amr), (&before.sid, before.auth_time, &before.amr));
    assert!(now.exp > before.exp && now.jti != before.jti);
    assert_eq!((status_of(&app, &first).await, status_of(&app, &second).await), (200, 200));
}

async fn rf_1_a_token_that_comes_back_late_ends_the_session_and_is_recorded(db: TestDb) {
    let app = TestApp::new(db).await;
    let stolen = tokens(&app, "ada").await;
    let other = app.login("ada", PASSWORD).await.expect(StatusCode::OK).body;
    let good = refresh(&app, &stolen["refresh_token"]).await.expect(StatusCode::OK).body;
    app.advance(Duration::from_secs(31));
    refresh(&app, &stolen["refresh_token"]).await.expect_problem(401, "refresh_invalid");
    refresh(&app, &good["refresh_token"]).await.expect_problem(401, "refresh_invalid");
    assert_eq!((status_of(&app, &good).await, status_of(&app, &stolen).await), (401, 401));
    refresh(&app, &other["refresh_token"]).await.expect(StatusCode::OK);

    let events = app.events_of(&id_of(&stolen).to_string()).await;
    let reused: Vec<_> = events.iter().filter(|event| event.kind == EventKind::RefreshReused).collect();
    assert_eq!(reused.len(), 1);
    assert_eq!(reused[0].session.map(|session| session.to_string()), claims_of_ended(&app, &good));
    assert!(reused[0].address.is_some());
}

/// The session of tokens that the guard does not take any more.
fn claims_of_ended(app: &TestApp, tokens: &Value) -> Option<String> {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    assert!(app.portcullis.verifier().verify(tokens["access_token"].as_str().unwrap()).is_err());
    let claims = tokens["access_token"].as_str().unwrap().split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    claims["sid"].as_str().map(str::to_owned)
}

async fn rf_1_a_stolen_token_in_a_race_with_the_good_one_ends_the_session(db: TestDb) {
    let app = TestApp::new(db).await;
    let stolen = tokens(&app, "ada").await;
    let second = refresh(&app, &stolen["refresh_token"]).await.expect(StatusCode::OK).body;
    let good = refresh(&app, &second["refresh_token"]).await.expect(StatusCode::OK).body;
    let both = [&good["refresh_token"], &stolen["refresh_token"]];
    let answers = join_all((0..32).map(|n| refresh(&app, both[n % 2]))).await;
    for answer in answers.iter().chain(&[refresh(&app, &good["refresh_token"]).await]) {
        if answer.status == StatusCode::OK {
            refresh(&app, &answer.body["refresh_token"]).await.expect_problem(401, "refresh_invalid");
            assert_eq!(status_of(&app, &answer.body).await, 401);
        }
    }
    assert_eq!(status_of(&app, &good).await, 401);
    let events = app.events_of(&id_of(&stolen).to_string()).await;
    assert_eq!(events.iter().filter(|event| event.kind == EventKind::RefreshReused).count(), 1);
}

async fn rf_2_64_refreshes_race_for_one_next_token(db: TestDb) {
    let app = TestApp::new(db).await;
    let first = tokens(&app, "ada").await;
    let family = app.db.count("refresh_tokens").await;
    let answers = join_all((0..64).map(|_| refresh(&app, &first["refresh_token"]))).await;
    let next = &answers[0].body["refresh_token"];
    for answer in &answers {
        assert_eq!((answer.status, &answer.body["refresh_token"]), (StatusCode::OK, next), "{}", answer.body);
        assert_eq!(status_of(&app, &answer.body).await, 200);
    }
    assert_eq!(app.db.count("refresh_tokens").await, family + 1);
    refresh(&app, next).await.expect(StatusCode::OK);
}

async fn rf_2_refreshes_of_two_processes_race_for_one_next_token(db: TestDb) {
    let one = Arc::new(TestApp::new(db).await);
    let other = one.another_process().await;
    let first = tokens(&one, "ada").await;
    let apps = [&*one, &other];
    let answers = join_all((0..32).map(|n| refresh(apps[n % 2], &first["refresh_token"]))).await;
    for answer in &answers {
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        assert_eq!(answer.body["refresh_token"], answers[0].body["refresh_token"]);
    }
}

async fn rf_3_an_answer_that_was_lost_is_given_again_for_30_seconds(db: TestDb) {
    let app = TestApp::new(db).await;
    let first = tokens(&app, "ada").await;
    let second = refresh(&app, &first["refresh_token"]).await.expect(StatusCode::OK).body;
    app.advance(Duration::from_secs(30));
    let again = refresh(&app, &first["refresh_token"]).await.expect(StatusCode::OK).body;
    assert_eq!(again["refresh_token"], second["refresh_token"]);
    assert_eq!((status_of(&app, &again).await, status_of(&app, &second).await), (200, 200));
}

async fn rf_3_a_token_is_over_once_the_next_one_was_used(db: TestDb) {
    let app = TestApp::new(db).await;
    let first = tokens(&app, "ada").await;
    let second = refresh(&app, &first["refresh_token"]).await.expect(StatusCode::OK).body;
    let third = refresh(&app, &second["refresh_token"]).await.expect(StatusCode::OK).body;
    refresh(&app, &second["refresh_token"]).await.expect(StatusCode::OK);
    refresh(&app, &first["refresh_token"]).await.expect_problem(401, "refresh_invalid");
    assert_eq!(status_of(&app, &third).await, 401);
}

async fn rf_4_scope_can_only_narrow_and_only_for_one_access_token(db: TestDb) {
    let app = TestApp::new(db).await;
    give(&app, "ada", "notes:read notes:write").await;
    let mut last = app.login("ada", PASSWORD).await.expect(StatusCode::OK).body;
    let ask = async |token: &Value, scope: &str| {
        app.post("/auth/refresh").json(&json!({"refresh_token": token, "scope": scope})).send().await
    };
    for (scope, granted) in
        [("notes:read", "notes:read"), ("notes:write notes:read", "notes:write notes:read"), ("", "")]
    {
        for beyond in ["users:read", "notes:read users:read", "notes", "Notes:read", "notes:*"] {
            ask(&last["refresh_token"], beyond).await.expect_problem(400, "invalid_request");
        }
        app.advance(Duration::from_mins(1));
        last = ask(&last["refresh_token"], scope).await.expect(StatusCode::OK).body;
        assert_eq!(claims(&app, &last).scope.to_string(), granted);
    }
    let all = refresh(&app, &last["refresh_token"]).await.expect(StatusCode::OK).body;
    assert_eq!(claims(&app, &all).scope.to_string(), "notes:read notes:write");
}

/// Registers a user whose one role, `tester`, has these scopes.
async fn give(app: &TestApp, username: &str, scopes: &str) {
    let id = id_of(&tokens(app, username).await);
    let name = RoleName::parse("tester").unwrap();
    let role = Role { name: name.clone(), scopes: Scopes::parse(scopes) };
    app.portcullis.accounts().set_role(role, &Device::default()).await.unwrap();
    app.portcullis.accounts().set_user_roles(id, vec![name], &Device::default()).await.unwrap();
}

async fn rf_5_every_session_that_may_not_go_on_gets_the_same_answer(db: TestDb) {
    let app = TestApp::new(db).await;
    let accounts = app.portcullis.accounts().clone();
    let unknown = json!(format!("pcr_{}", "A".repeat(43)));
    let reference = refresh(&app, &unknown).await.expect_problem(401, "refresh_invalid").bytes;
    for end in ["logout", "logout-all", "password", "disabled", "enabled again", "deleted", "ended", "gone"] {
        let username = end.replace(' ', "-");
        let first = tokens(&app, &username).await;
        let (bearer, id) = (first["access_token"].as_str().unwrap(), id_of(&first));
        match end {
            "logout" | "logout-all" => drop(app.post(&format!("/auth/{end}")).bearer(bearer).send().await),
            "password" => {
                let elsewhere = app.token(&username, PASSWORD).await;
                let body = json!({"old_password": PASSWORD, "new_password": "a quite different password"});
                let changed = app.post("/auth/change-password").bearer(&elsewhere).json(&body).send().await;
                changed.expect(StatusCode::NO_CONTENT);
            }
            "disabled" => accounts.disable_user(id, &Device::default()).await.unwrap(),
            "enabled again" => {
                accounts.disable_user(id, &Device::default()).await.unwrap();
                accounts.enable_user(id, &Device::default()).await.unwrap();
            }
            "deleted" => drop(app.request(Method::DELETE, "/auth/me").bearer(bearer).send().await),
            "ended" => {
                let path = format!("/auth/sessions/{}", claims(&app, &first).sid.unwrap());
                drop(app.request(Method::DELETE, &path).bearer(bearer).send().await);
            }
            _ => app.db.remove_user(&username).await,
        }
        let answer = refresh(&app, &first["refresh_token"]).await.expect_problem(401, "refresh_invalid");
        assert_eq!(answer.bytes, reference, "{end}");
    }
}

async fn se_1_the_database_holds_no_token_that_could_be_used(db: TestDb) {
    let app = TestApp::new(db).await;
    let first = tokens(&app, "ada").await;
    let second = refresh(&app, &first["refresh_token"]).await.expect(StatusCode::OK).body;
    let dump = app.db.dump().await;
    assert!(dump.contains("ada@example.com"));
    for token in [&first["refresh_token"], &second["refresh_token"], &second["access_token"]] {
        let token = token.as_str().unwrap();
        assert!(!dump.contains(token) && !dump.contains(token.trim_start_matches("pcr_")));
    }
}

async fn se_3_a_session_that_rests_too_long_is_over(db: TestDb) {
    let app = TestApp::new(db).await;
    let mut last = tokens(&app, "ada").await;
    for _ in 0..3 {
        app.advance(Duration::from_hours(24) - Duration::from_millis(1));
        last = refresh(&app, &last["refresh_token"]).await.expect(StatusCode::OK).body;
    }
    app.advance(Duration::from_hours(24));
    refresh(&app, &last["refresh_token"]).await.expect_problem(401, "refresh_invalid");
}

async fn se_3_no_refresh_moves_the_end_of_a_session(db: TestDb) {
    let app = TestApp::new(db).await;
    let mut last = tokens(&app, "ada").await;
    for _ in 0..7 * 24 - 1 {
        app.advance(Duration::from_hours(1));
        last = refresh(&app, &last["refresh_token"]).await.expect(StatusCode::OK).body;
    }
    app.advance(Duration::from_mins(59));
    last = refresh(&app, &last["refresh_token"]).await.expect(StatusCode::OK).body;
    assert_eq!(last["expires_in"], 60, "no access token outlives its session");
    assert_eq!(status_of(&app, &last).await, 200);
    app.advance(Duration::from_mins(1));
    refresh(&app, &last["refresh_token"]).await.expect_problem(401, "refresh_invalid");
    app.advance(Duration::from_secs(5));
    assert_eq!(status_of(&app, &last).await, 401);
}

async fn remembered(app: &TestApp, name: &str) -> Value {
    let body = json!({"name": name, "password": PASSWORD, "remember": true});
    app.post("/auth/login").json(&body).send().await.expect(StatusCode::OK).body
}

async fn se_3_whoever_asks_to_be_remembered_may_rest_for_longer(db: TestDb) {
    let app = TestApp::new(db).await;
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    let mut last = remembered(&app, "ada").await;
    for _ in 0..2 {
        app.advance(Duration::from_hours(14 * 24));
        last = refresh(&app, &last["refresh_token"]).await.expect(StatusCode::OK).body;
    }
    app.advance(Duration::from_hours(2 * 24));
    refresh(&app, &last["refresh_token"]).await.expect_problem(401, "refresh_invalid");
    let body = json!({"name": "ada", "password": PASSWORD, "remember": "yes"});
    let answer = app.post("/auth/login").json(&body).send().await.expect_problem(422, "invalid_fields");
    assert_eq!(answer.field_errors(), ["remember: wrong_type"]);
}

async fn se_3_an_administrator_stays_for_an_hour_at_most(db: TestDb) {
    let app = TestApp::new(db).await;
    let before = tokens(&app, "ada").await;
    let admin = RoleName::parse("admin").unwrap();
    app.advance(Duration::from_mins(30));
    let accounts = app.portcullis.accounts();
    accounts.set_user_roles(id_of(&before), vec![admin], &Device::default()).await.unwrap();
    let since = remembered(&app, "ada").await;
    app.advance(Duration::from_mins(29));
    let (before, since) = (
        refresh(&app, &before["refresh_token"]).await.expect(StatusCode::OK).body,
        refresh(&app, &since["refresh_token"]).await.expect(StatusCode::OK).body,
    );
    assert_eq!((&before["expires_in"], &since["expires_in"]), (&json!(60), &json!(900)));
    app.advance(Duration::from_mins(1));
    refresh(&app, &before["refresh_token"]).await.expect_problem(401, "refresh_invalid");
    app.advance(Duration::from_mins(30));
    refresh(&app, &since["refresh_token"]).await.expect_problem(401, "refresh_invalid");
}

async fn a_refresh_says_what_holds_now(db: TestDb) {
    let app = TestApp::new(db).await;
    let first = tokens(&app, "ada").await;
    let patch = app.request(Method::PATCH, "/auth/me").json(&json!({"name": "Ada Lovelace"}));
    patch.bearer(first["access_token"].as_str().unwrap()).send().await.expect(StatusCode::OK);
    let second = refresh(&app, &first["refresh_token"]).await.expect(StatusCode::OK).body;
    assert_eq!(second["user"]["name"], "Ada Lovelace");
    assert_eq!(claims(&app, &second).name.as_deref(), Some("Ada Lovelace"));
}

async fn what_is_no_refresh_token_is_refused(db: TestDb) {
    let app = TestApp::new(db).await;
    tokens(&app, "ada").await;
    let rows = app.db.count_rows().await;
    for nonsense in ["", "pcr_", "x", "\u{0}", &format!("pcr_{}", "é".repeat(43)), &"x".repeat(10_000)] {
        refresh(&app, &json!(nonsense)).await.expect_problem(401, "refresh_invalid");
    }
    assert_eq!(app.db.count_rows().await, rows, "nothing is counted and nothing recorded");
    let answer = app.post("/auth/refresh").json(&json!({"scope": 7})).send().await;
    let answer = answer.expect_problem(422, "invalid_fields");
    assert_eq!(answer.field_errors(), ["refresh_token: missing", "scope: wrong_type"]);
}
