use std::time::Duration;

use axum::http::{Method, StatusCode};
use portcullis::{account::Caller, audit::EventKind, session::Device};
use serde_json::{Value, json};

use crate::{
    app::{Answer, PASSWORD, TestApp},
    both,
    db::TestDb,
};

both![
    se_5_a_user_sees_their_sessions_and_ends_one_at_once,
    se_5_the_operator_ends_one_session_or_all,
    az_2_a_session_of_someone_else_is_not_there,
    se_3_sessions_that_are_over_are_not_listed,
    a_list_comes_in_pieces,
    when_a_session_was_used_is_written_every_few_minutes,
    the_oldest_used_session_makes_room_and_is_told_of,
];

async fn login_from(app: &TestApp, agent: &str) -> String {
    let body = json!({"name": "ada", "password": PASSWORD});
    let answer = app.post("/auth/login").header("user-agent", agent).json(&body).send().await;
    answer.expect(StatusCode::OK).body["access_token"].as_str().unwrap().to_owned()
}

async fn sessions(app: &TestApp, token: &str) -> Vec<Value> {
    let answer = app.get("/auth/sessions").bearer(token).send().await.expect(StatusCode::OK);
    assert_eq!(answer.body["next"], Value::Null);
    answer.body["items"].as_array().unwrap().clone()
}

async fn end(app: &TestApp, token: &str, id: &str) -> Answer {
    app.request(Method::DELETE, &format!("/auth/sessions/{id}")).bearer(token).send().await
}

fn id(session: &Value) -> &str {
    session["id"].as_str().unwrap()
}

async fn me(app: &TestApp, token: &str) -> u16 {
    app.get("/auth/me").bearer(token).send().await.status.as_u16()
}

async fn se_5_a_user_sees_their_sessions_and_ends_one_at_once(db: TestDb) {
    let app = TestApp::new(db).await;
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    let browser = login_from(&app, "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0").await;
    app.advance(Duration::from_mins(1));
    let program = login_from(&app, "curl/8.5.0").await;

    let listed = sessions(&app, &program).await;
    let expected = json!([
        {
            "id": listed[0]["id"], "device": "curl", "address": "192.0.2.1", "current": true,
            "created_at": "2026-09-21T14:14:20Z", "last_seen_at": "2026-09-21T14:14:20Z",
            "expires_at": "2026-09-28T14:14:20Z",
        },
        {
            "id": listed[1]["id"], "device": "Firefox on Linux", "address": "192.0.2.1", "current": false,
            "created_at": "2026-09-21T14:13:20Z", "last_seen_at": "2026-09-21T14:13:20Z",
            "expires_at": "2026-09-28T14:13:20Z",
        },
    ]);
    assert_eq!(json!(listed), expected);

    end(&app, &program, id(&listed[1])).await.expect(StatusCode::NO_CONTENT);
    assert_eq!((me(&app, &browser).await, me(&app, &program).await), (401, 200));
    assert_eq!(sessions(&app, &program).await, listed[..1]);
    end(&app, &program, id(&listed[1])).await.expect_problem(404, "not_found");
    end(&app, &program, id(&listed[0])).await.expect(StatusCode::NO_CONTENT);
    assert_eq!(me(&app, &program).await, 401);
    let user = app.login("ada", PASSWORD).await.body["user"]["id"].as_str().unwrap().to_owned();
    let ended: Vec<_> =
        app.events_of(&user).await.into_iter().filter(|event| event.kind == EventKind::SessionEnded).collect();
    let ended: Vec<_> = ended.iter().map(|event| event.about.clone().unwrap()).collect();
    assert_eq!(ended, [id(&listed[0]), id(&listed[1])]);
}

async fn se_5_the_operator_ends_one_session_or_all(db: TestDb) {
    let app = TestApp::new(db).await;
    let tokens = [app.user("ada").await, app.token("ada", PASSWORD).await, app.token("ada", PASSWORD).await];
    let caller = Caller::of(&app.portcullis.verifier().verify(&tokens[0]).unwrap().into_principal()).unwrap();
    let accounts = app.portcullis.accounts();
    accounts.end_session(caller, caller.session.unwrap(), &Device::default()).await.unwrap();
    assert_eq!((me(&app, &tokens[0]).await, me(&app, &tokens[1]).await), (401, 200));
    accounts.logout_everywhere(Caller { session: None, ..caller }, &Device::default()).await.unwrap();
    assert_eq!((me(&app, &tokens[1]).await, me(&app, &tokens[2]).await), (401, 401));
}

async fn az_2_a_session_of_someone_else_is_not_there(db: TestDb) {
    let app = TestApp::new(db).await;
    let (ada, eve) = (app.user("ada").await, app.user("eve").await);
    let hers = sessions(&app, &ada).await.remove(0);
    let reference = end(&app, &eve, "00000000-0000-7000-8000-000000000000").await.expect_problem(404, "not_found");
    for other in [id(&hers), "nonsense", "%00", "%ff", "1"] {
        let answer = end(&app, &eve, other).await.expect_problem(404, "not_found");
        assert_eq!(answer.bytes, reference.bytes, "{other}");
    }
    assert_eq!(me(&app, &ada).await, 200);
    assert_eq!(sessions(&app, &eve).await.len(), 1);
}

async fn se_3_sessions_that_are_over_are_not_listed(db: TestDb) {
    let app = TestApp::new(db).await;
    app.user("ada").await;
    let body = json!({"name": "ada", "password": PASSWORD, "remember": true});
    app.post("/auth/login").json(&body).send().await.expect(StatusCode::OK);
    app.advance(Duration::from_hours(25));
    let token = app.token("ada", PASSWORD).await;
    let ends: Vec<_> = sessions(&app, &token).await.iter().map(|session| session["expires_at"].clone()).collect();
    assert_eq!(ends, ["2026-09-29T15:13:20Z", "2026-10-21T14:13:20Z"], "the new one and the remembered one");
}

async fn a_list_comes_in_pieces(db: TestDb) {
    let app = TestApp::new(db).await;
    let mut token = app.user("ada").await;
    for _ in 0..4 {
        token = app.token("ada", PASSWORD).await;
    }
    let piece = async |query: &str| {
        let answer = app.get(&format!("/auth/sessions{query}")).bearer(&token).send().await.expect(StatusCode::OK);
        let ids: Vec<_> = answer.body["items"].as_array().unwrap().iter().map(|item| id(item).to_owned()).collect();
        (ids, answer.body["next"].as_str().map(str::to_owned))
    };
    let (all, none) = piece("").await;
    assert_eq!((all.len(), none), (5, None));
    let (first, next) = piece("?limit=2").await;
    let (second, next) = piece(&format!("?limit=2&cursor={}", next.unwrap())).await;
    let (third, none) = piece(&format!("?cursor={}&limit=2", next.unwrap())).await;
    assert_eq!((&all[..2], &all[2..4], &all[4..], None), (&*first, &*second, &*third, none));
    assert_eq!(piece("?limit=5").await, (all, None));
    for (query, error) in [
        ("?limit=0", "limit: invalid_limit"),
        ("?limit=101", "limit: invalid_limit"),
        ("?limit=x", "limit: invalid_limit"),
        ("?cursor=x", "cursor: invalid_cursor"),
    ] {
        let answer = app.get(&format!("/auth/sessions{query}")).bearer(&token).send().await;
        assert_eq!(answer.expect_problem(422, "invalid_fields").field_errors(), [error]);
    }
}

async fn when_a_session_was_used_is_written_every_few_minutes(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    let last_seen = async || sessions(&app, &token).await.remove(0)["last_seen_at"].clone();
    app.advance(Duration::from_secs(299));
    assert_eq!(last_seen().await, "2026-09-21T14:13:20Z", "not yet");
    app.advance(Duration::from_secs(1));
    assert_eq!(last_seen().await, "2026-09-21T14:18:20Z");
    app.advance(Duration::from_secs(299));
    assert_eq!(last_seen().await, "2026-09-21T14:18:20Z");
}

async fn the_oldest_used_session_makes_room_and_is_told_of(db: TestDb) {
    let app = TestApp::with(db, |config| config.session_cap = 3.try_into().unwrap()).await;
    let mut tokens = vec![app.user("ada").await];
    for _ in 0..2 {
        app.advance(Duration::from_mins(1));
        tokens.push(app.token("ada", PASSWORD).await);
    }
    app.advance(Duration::from_mins(4));
    assert_eq!(me(&app, &tokens[0]).await, 200, "the first is the last used now");
    tokens.push(app.token("ada", PASSWORD).await);
    let mut statuses = Vec::new();
    for token in &tokens {
        statuses.push(me(&app, token).await);
    }
    assert_eq!(statuses, [200, 401, 200, 200]);
    let user = app.get("/auth/me").bearer(&tokens[0]).send().await.body["id"].as_str().unwrap().to_owned();
    let kinds: Vec<_> = app.events_of(&user).await.iter().map(|event| event.kind).collect();
    assert!(kinds[..2].contains(&EventKind::SessionEvicted), "{kinds:?}");
}
