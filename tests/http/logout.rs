use axum::http::{Method, StatusCode};
use portcullis::audit::EventKind;

use crate::{
    app::{PASSWORD, TestApp},
    both,
    db::TestDb,
};

both![
    a_logged_out_token_is_refused_on_the_next_request,
    logging_out_everywhere_ends_every_session_and_no_one_elses,
    what_was_revoked_stays_so_after_a_restart,
    se_6_logout_is_a_post_that_tells_the_browser_to_forget,
];

async fn a_logged_out_token_is_refused_on_the_next_request(db: TestDb) {
    let app = TestApp::new(db).await;
    let (this, other) = (app.user("ada").await, app.token("ada", PASSWORD).await);
    app.post("/auth/logout").bearer(&this).send().await.expect(StatusCode::NO_CONTENT);
    app.get("/auth/me").bearer(&this).send().await.expect_problem(401, "invalid_token");
    app.post("/auth/logout").bearer(&this).send().await.expect_problem(401, "invalid_token");
    app.get("/auth/me").bearer(&other).send().await.expect(StatusCode::OK);
}

async fn logging_out_everywhere_ends_every_session_and_no_one_elses(db: TestDb) {
    let app = TestApp::new(db).await;
    let tokens = [app.user("ada").await, app.token("ada", PASSWORD).await];
    let bob = app.user("bob").await;
    let id = app.get("/auth/me").bearer(&tokens[0]).send().await.body["id"].as_str().unwrap().to_owned();
    app.post("/auth/logout-all").bearer(&tokens[0]).send().await.expect(StatusCode::NO_CONTENT);
    for token in &tokens {
        app.get("/auth/me").bearer(token).send().await.expect_problem(401, "invalid_token");
    }
    app.get("/auth/me").bearer(&bob).send().await.expect(StatusCode::OK);
    assert_eq!(app.events_of(&id).await[0].kind, EventKind::LoggedOutEverywhere);
    let again = app.token("ada", PASSWORD).await;
    app.get("/auth/me").bearer(&again).send().await.expect(StatusCode::OK);
}

async fn what_was_revoked_stays_so_after_a_restart(db: TestDb) {
    let app = TestApp::new(db).await;
    let (ended, stale, good) = (app.user("ada").await, app.user("bob").await, app.user("eve").await);
    app.post("/auth/logout").bearer(&ended).send().await.expect(StatusCode::NO_CONTENT);
    app.post("/auth/logout-all").bearer(&stale).send().await.expect(StatusCode::NO_CONTENT);
    let app = app.reopened(|_| ()).await;
    app.get("/auth/me").bearer(&ended).send().await.expect_problem(401, "invalid_token");
    app.get("/auth/me").bearer(&stale).send().await.expect_problem(401, "invalid_token");
    app.get("/auth/me").bearer(&good).send().await.expect(StatusCode::OK);
}

async fn se_6_logout_is_a_post_that_tells_the_browser_to_forget(db: TestDb) {
    let app = TestApp::new(db).await;
    for path in ["/auth/logout", "/auth/logout-all"] {
        let token = if path == "/auth/logout" { app.user("ada").await } else { app.token("ada", PASSWORD).await };
        for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE] {
            let answer = app.request(method.clone(), path).bearer(&token).send().await;
            assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
        }
        app.get("/auth/me").bearer(&token).send().await.expect(StatusCode::OK);
        let answer = app.post(path).bearer(&token).send().await.expect(StatusCode::NO_CONTENT);
        assert_eq!(answer.header("clear-site-data"), r#""cookies", "storage""#);
    }
}
