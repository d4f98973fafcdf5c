//! Revocations as other processes and guards elsewhere learn of them.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use portcullis::revocation::{OnStale, RevocationSet, Target};
use serde_json::json;

use crate::{
    app::{Answer, PASSWORD, TestApp},
    both,
    db::TestDb,
    events::{Event, Events},
};

both![
    se_4_another_process_refuses_what_this_one_has_revoked,
    se_4_a_stream_tells_all_there_is_and_then_what_happens,
    a_stream_goes_on_where_the_last_one_ended,
    a_stream_with_a_cursor_of_another_database_begins_with_all_there_is,
    a_stream_begins_anew_where_the_journal_has_lost_its_end,
    a_stream_takes_the_scope,
    a_stream_ends_with_the_token_it_was_asked_for_with,
    a_stream_ends_when_the_server_stops,
    a_reader_who_falls_behind_misses_nothing,
    the_streams_are_limited_in_number,
    tokens_pass_or_are_refused_while_the_journal_cannot_be_read,
];

/// Registers an administrator and logs them in.
async fn operator(app: &TestApp) -> String {
    app.register("operator", "operator@example.com").await.expect(StatusCode::CREATED);
    app.db.make_admin("operator").await;
    app.token("operator", PASSWORD).await
}

async fn follow(app: &TestApp, token: &str) -> Events {
    Events::of(app.get("/auth/revocations").bearer(token).open().await)
}

async fn follow_after(app: &TestApp, token: &str, id: &str) -> Events {
    Events::of(app.get("/auth/revocations").bearer(token).header("last-event-id", id).open().await)
}

async fn log_out(app: &TestApp, token: &str) {
    app.post("/auth/logout").bearer(token).send().await.expect(StatusCode::NO_CONTENT);
}

fn session_of(app: &TestApp, token: &str) -> String {
    app.portcullis.verifier().verify(token).unwrap().sid.unwrap()
}

/// The sessions that an event says have ended.
fn sessions(event: &Event) -> Vec<&str> {
    assert_eq!(event.name, "revocations", "{event:?}");
    event.data["revocations"].as_array().unwrap().iter().map(|entry| entry["sid"].as_str().unwrap()).collect()
}

fn sid_of(target: Target) -> String {
    match target {
        Target::Session(sid) => sid,
        Target::User { .. } => panic!("{target:?}"),
    }
}

/// Asks until this is the answer.
async fn ask_until(app: &TestApp, token: &str, wanted: impl Fn(&Answer) -> bool) {
    while !wanted(&app.get("/auth/me").bearer(token).send().await) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn se_4_another_process_refuses_what_this_one_has_revoked(db: TestDb) {
    let app = TestApp::new(db).await;
    let other = app.another_process().await;
    let (ended, stale, gone, good) =
        (app.user("ada").await, app.user("bob").await, app.user("eve").await, app.user("dan").await);
    let of_old_password = app.token("dan", PASSWORD).await;
    for token in [&ended, &stale, &gone, &good, &of_old_password] {
        other.get("/auth/me").bearer(token).send().await.expect(StatusCode::OK);
    }
    log_out(&app, &ended).await;
    app.post("/auth/logout-all").bearer(&stale).send().await.expect(StatusCode::NO_CONTENT);
    app.request(Method::DELETE, "/auth/me").bearer(&gone).send().await.expect(StatusCode::NO_CONTENT);
    let passwords = json!({"old_password": PASSWORD, "new_password": "another good password"});
    let changed = app.post("/auth/change-password").bearer(&good).json(&passwords).send().await;
    changed.expect(StatusCode::NO_CONTENT);
    for token in [&ended, &stale, &gone, &of_old_password] {
        ask_until(&other, token, |answer| answer.code() == "invalid_token").await;
    }
    other.get("/auth/me").bearer(&good).send().await.expect(StatusCode::OK);
    let again = app.token("bob", PASSWORD).await;
    other.get("/auth/me").bearer(&again).send().await.expect(StatusCode::OK);
}

async fn se_4_a_stream_tells_all_there_is_and_then_what_happens(db: TestDb) {
    let app = TestApp::new(db).await;
    let (operator, before, after, bob) =
        (operator(&app).await, app.user("ada").await, app.token("ada", PASSWORD).await, app.user("bob").await);
    let (sid_before, sid_after) = (session_of(&app, &before), session_of(&app, &after));
    log_out(&app, &before).await;

    let answer = app.get("/auth/revocations").bearer(&operator).open().await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let mut events = Events::of(answer);
    let all = events.next().await.unwrap();
    assert_eq!(sessions(&all), [sid_before]);
    // 15 minutes, and twice the leeway.
    assert_eq!(all.data["revocations"][0]["until"], 1_790_000_000 + 900 + 10);
    let current = events.next().await.unwrap();
    assert_eq!((current.name.as_str(), &current.data), ("current", &json!({"at": 1_790_000_000})));
    assert_eq!(current.id, all.id);

    log_out(&app, &after).await;
    assert_eq!(sessions(&events.next_but("current").await), [sid_after]);
    let id = app.get("/auth/me").bearer(&bob).send().await.body["id"].clone();
    app.post("/auth/logout-all").bearer(&bob).send().await.expect(StatusCode::NO_CONTENT);
    let told = events.next_but("current").await;
    assert_eq!(told.data, json!({"revocations": [{"sub": id, "gen": 2, "until": 1_790_000_910}]}));
    let heartbeat = events.next().await.unwrap();
    assert_eq!((heartbeat.name.as_str(), heartbeat.id), ("current", told.id));
}

async fn a_stream_goes_on_where_the_last_one_ended(db: TestDb) {
    let app = TestApp::new(db).await;
    let operator = operator(&app).await;
    let tokens = [app.user("ada").await, app.user("bob").await];
    let sids = tokens.each_ref().map(|token| session_of(&app, token));
    log_out(&app, &tokens[0]).await;
    let seen = follow(&app, &operator).await.next().await.unwrap();
    assert_eq!(sessions(&seen), [sids[0].as_str()]);
    log_out(&app, &tokens[1]).await;
    let mut events = follow_after(&app, &operator, &seen.id).await;
    assert_eq!(sessions(&events.next().await.unwrap()), [sids[1].as_str()]);
    // A process that was started later, on the same database, knows the place as well.
    let other = app.another_process().await;
    let mut events = follow_after(&other, &operator, &seen.id).await;
    assert_eq!(sessions(&events.next().await.unwrap()), [sids[1].as_str()]);
}

async fn a_stream_with_a_cursor_of_another_database_begins_with_all_there_is(db: TestDb) {
    let app = TestApp::new(db).await;
    let (operator, ada) = (operator(&app).await, app.user("ada").await);
    let sid = session_of(&app, &ada);
    log_out(&app, &ada).await;
    let id = follow(&app, &operator).await.next().await.unwrap().id;
    let beyond = format!("{id}9");
    for foreign in ["0123456789abcdef-1", "nonsense", "", "\u{ff}", "-1", &beyond, &id.replace('-', "--")] {
        let mut events = follow_after(&app, &operator, foreign).await;
        assert_eq!(sessions(&events.next().await.unwrap()), [sid.as_str()], "{foreign}");
    }
}

async fn a_stream_begins_anew_where_the_journal_has_lost_its_end(db: TestDb) {
    let app = TestApp::new(db).await;
    let operator = operator(&app).await;
    for name in ["ada", "bob"] {
        let token = app.user(name).await;
        log_out(&app, &token).await;
    }
    let mut events = follow(&app, &operator).await;
    let seen = events.next().await.unwrap();
    assert_eq!(sessions(&seen).len(), 2);
    // A copy takes over that had not been told of the last one, and what happens next gets its number.
    app.db.execute("DELETE FROM revocations WHERE change = 2".to_owned()).await;
    app.db.execute("UPDATE revocation_journal SET last_change = 1".to_owned()).await;
    while events.next().await.is_some() {}
    let eve = app.user("eve").await;
    let sid = session_of(&app, &eve);
    log_out(&app, &eve).await;
    let again = follow(&app, &operator).await.next().await.unwrap();
    assert!(sessions(&again).contains(&sid.as_str()), "{again:?}");
}

async fn a_stream_takes_the_scope(db: TestDb) {
    let app = TestApp::new(db).await;
    let ada = app.user("ada").await;
    app.get("/auth/revocations").send().await.expect_problem(401, "unauthenticated");
    app.get("/auth/revocations").bearer("a.b.c").send().await.expect_problem(401, "invalid_token");
    let refused = app.get("/auth/revocations").bearer(&ada).send().await.expect_problem(403, "insufficient_scope");
    assert!(refused.header("www-authenticate").contains(r#"scope="revocations:read""#));
}

async fn a_stream_ends_with_the_token_it_was_asked_for_with(db: TestDb) {
    let app = TestApp::new(db).await;
    let (ended, expiring) = (operator(&app).await, app.token("operator", PASSWORD).await);
    let (mut one, mut other) = (follow(&app, &ended).await, follow(&app, &expiring).await);
    assert_eq!(one.next().await.unwrap().name, "current");
    log_out(&app, &ended).await;
    while one.next().await.is_some() {}
    assert!(other.next().await.is_some());

    app.advance(Duration::from_mins(15));
    // Still within the leeway, but with no time left.
    let mut late = follow(&app, &expiring).await;
    while late.next().await.is_some() {}
}

async fn a_stream_ends_when_the_server_stops(db: TestDb) {
    let app = TestApp::new(db).await;
    let operator = operator(&app).await;
    let mut events = follow(&app, &operator).await;
    assert!(events.next().await.is_some());
    app.portcullis.end_streams();
    while events.next().await.is_some() {}
    assert_eq!(follow(&app, &operator).await.next().await, None);
}

async fn a_reader_who_falls_behind_misses_nothing(db: TestDb) {
    /// More than are kept for anyone.
    const MANY: usize = 150;
    let app = TestApp::new(db).await;
    let mut changes = app.portcullis.accounts().revocation_changes(None).await.unwrap();
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    let mut sids = Vec::new();
    for _ in 0..MANY {
        let token = app.token("ada", PASSWORD).await;
        sids.push(session_of(&app, &token));
        log_out(&app, &token).await;
    }
    let mut read = Vec::new();
    while read.len() < MANY {
        let news = changes.next().await.unwrap().unwrap();
        read.extend(news.revocations.into_iter().map(|told| sid_of(told.target)));
    }
    assert_eq!(read, sids, "in the order in which they were revoked");
}

async fn the_streams_are_limited_in_number(db: TestDb) {
    let app = TestApp::new(db).await;
    let operator = operator(&app).await;
    let accounts = app.portcullis.accounts();
    let mut open = Vec::new();
    for _ in 0..256 {
        open.push(accounts.revocation_changes(None).await.unwrap());
    }
    let refused = app.get("/auth/revocations").bearer(&operator).send().await.expect_problem(503, "overloaded");
    assert!(!refused.header("retry-after").is_empty());
    open.pop();
    assert!(follow(&app, &operator).await.next().await.is_some());
}

async fn tokens_pass_or_are_refused_while_the_journal_cannot_be_read(db: TestDb) {
    let allowing = TestApp::new(db).await;
    let refusing = allowing.another_process_with(|config| config.stale_revocations = OnStale::Refuse).await;
    let (good, ended) = (allowing.user("ada").await, allowing.token("ada", PASSWORD).await);
    log_out(&refusing, &ended).await;
    refusing.get("/auth/me").bearer(&good).send().await.expect(StatusCode::OK);
    ask_until(&allowing, &ended, |answer| answer.code() == "invalid_token").await;

    allowing.db.hide("revocation_journal").await;
    allowing.advance(Duration::from_secs(11));
    let revocations = [&allowing, &refusing].map(|app| app.portcullis.revocations());
    assert!(revocations.iter().all(|revocations| !revocations.is_current(allowing.now())));
    let before = revocations.each_ref().map(RevocationSet::judged_while_stale);
    allowing.get("/auth/me").bearer(&good).send().await.expect(StatusCode::OK);
    let refused = refusing.get("/auth/me").bearer(&good).send().await.expect_problem(503, "unavailable");
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(refused.header("www-authenticate"), "");
    let after = revocations.each_ref().map(RevocationSet::judged_while_stale);
    assert_eq!(after, before.map(|count| count + 1));
    for app in [&allowing, &refusing] {
        // What is known is known.
        app.get("/auth/me").bearer(&ended).send().await.expect_problem(401, "invalid_token");
        app.get("/auth/me").bearer("a.b.c").send().await.expect_problem(401, "invalid_token");
    }

    allowing.db.show("revocation_journal").await;
    ask_until(&refusing, &good, |answer| answer.status == StatusCode::OK).await;
}

#[tokio::test]
async fn many_pages_of_revocations_are_in_force_when_the_accounts_open() {
    let db = TestDb::sqlite().await;
    db.expired_revocations(20_000).await;
    db.execute("UPDATE revocations SET until = 1800000000000".to_owned()).await;
    let app = TestApp::new(db).await;
    assert_eq!(app.portcullis.revocations().len(), 20_000);
    assert!(app.portcullis.revocations().covers("anyone", Some("17777"), None));
}
