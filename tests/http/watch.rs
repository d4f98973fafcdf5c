//! What is seen of each request, and that no secret is. Figures are in `metrics`.

use axum::http::{Method, StatusCode};
use portcullis::{
    audit::{Event, EventKind},
    session::Device,
};
use serde_json::json;
use uuid::Uuid;

use crate::{
    app::{TestApp, secrets::everything},
    both,
    db::TestDb,
};

both![
    only_a_short_and_plain_id_is_taken_from_a_client,
    lo_1_a_request_is_logged_by_its_route_and_never_by_its_path_or_query,
    lo_1_a_secret_in_a_log_line_is_found,
    lo_1_a_secret_in_the_trail_is_found,
    lo_1_what_an_act_logs_that_goes_on_alone_is_searched_too,
];

async fn only_a_short_and_plain_id_is_taken_from_a_client(db: TestDb) {
    let app = TestApp::new(db).await;
    for (given, taken) in
        [("A-z_0.9", true), (&"a".repeat(64), true), (&"a".repeat(65), false), ("", false), ("a b", false)]
    {
        let answer = app.get("/auth/methods").header("x-request-id", given).send().await;
        assert_eq!(answer.header("x-request-id") == given, taken, "{given}");
        assert!(!answer.header("x-request-id").is_empty());
    }
}

async fn lo_1_a_request_is_logged_by_its_route_and_never_by_its_path_or_query(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    for (path, route) in [
        ("/auth/sessions/in-the-path?token=in-the-query", "route=/auth/sessions/{id}"),
        ("/no-such-place/in-the-path?token=in-the-query", "route=(none)"),
    ] {
        let call = app.request(Method::DELETE, path).bearer(&token);
        let id = call.send().await.header("x-request-id").to_owned();
        let log = app.secrets().log();
        let line = log.lines().find(|line| line.contains(&id)).unwrap();
        assert!(line.contains("method=DELETE") && line.contains(route), "{line}");
    }
    let log = app.secrets().log();
    assert!(!log.contains("in-the-path") && !log.contains("in-the-query"));
    assert!(everything().contains(" status=404"));
}

async fn lo_1_a_secret_in_a_log_line_is_found(db: TestDb) {
    let app = TestApp::new(db).await;
    // Nobody else's, as others who run now would be found to have leaked it.
    let password = format!("a password of {}", Uuid::now_v7());
    let new = json!({"username": "ada", "email": "ada@example.com", "password": password});
    app.post("/auth/register").json(&new).send().await.expect(StatusCode::CREATED);
    let token = app.token("ada", &password).await;
    let enrolled = app.enrol(&token).await;
    let code = enrolled.authenticator.next_code(&app);
    let asked = app.login("ada", &password).await.expect_problem(403, "second_factor_required");
    let flow = asked.body["flow"].as_str().unwrap();
    let login = app.finish(flow, "two_fa_code", &code).await.expect(StatusCode::OK);
    let refresh = login.body["refresh_token"].as_str().unwrap();
    let recovery = enrolled.recovery_codes.first().unwrap();
    assert_eq!(app.secrets().leaks(), [""; 0]);
    for (place, secret) in [
        ("a header", token.as_str()),
        ("a body", password.as_str()),
        ("a body", code.as_str()),
        ("an answer", flow),
        ("an answer", refresh),
        ("a list", recovery.as_str()),
    ] {
        tracing::trace!("{place} had {secret}");
        let leaks = app.secrets().leaks();
        assert!(leaks.len() == 1 && leaks[0].contains(secret), "{place}: {leaks:?}");
        app.secrets().forget_log();
    }
    tracing::trace!(number = format!("1{code}"), "a longer number has the code in it");
    assert_eq!(app.secrets().leaks(), [""; 0]);
}

async fn lo_1_a_secret_in_the_trail_is_found(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    let event = Event::new(EventKind::LoginFailed, app.now(), &Device::default()).about(&token);
    app.db.store.record(&event).await.unwrap();
    assert_eq!(app.secrets().leaks().len(), 1);
    app.secrets().forget_log();
}

async fn lo_1_what_an_act_logs_that_goes_on_alone_is_searched_too(db: TestDb) {
    let app = TestApp::new(db).await;
    app.user("ada").await;
    let asked = json!({"username": "ada"});
    app.post("/auth/forgot-password").json(&asked).send().await.expect(StatusCode::ACCEPTED);
    app.portcullis.accounts().deliver_mail().await.unwrap();
    // The statements of the database, which for SQLite are logged by a thread of the driver.
    let log = everything();
    assert!(log.contains("sqlx::query") && log.contains("DELETE FROM outbox"));
    assert!(!log.contains(&app.mailbox.token("ada@example.com").unwrap()));
}
