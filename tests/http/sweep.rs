use std::time::Duration;

use axum::http::StatusCode;

use crate::{app::TestApp, both, db::TestDb};

both![what_has_expired_is_forgotten_and_nothing_else];

async fn what_has_expired_is_forgotten_and_nothing_else(db: TestDb) {
    let app = TestApp::new(db).await;
    let ended = app.user("ada").await;
    app.post("/auth/logout").bearer(&ended).send().await.expect(StatusCode::NO_CONTENT);
    app.login("nobody", "not the password").await;
    let accounts = app.portcullis.accounts();

    accounts.forget_expired().await.unwrap();
    app.get("/auth/me").bearer(&ended).send().await.expect_problem(401, "invalid_token");
    let before = app.db.count("attempts").await;
    assert!(before >= 1 && app.db.count("sessions").await == 1 && app.db.count("revocations").await == 1);

    app.advance(Duration::from_hours(24 * 9));
    accounts.forget_expired().await.unwrap();
    for table in ["attempts", "sessions", "revocations"] {
        assert_eq!(app.db.count(table).await, 0, "{table}");
    }
    assert!(app.db.count("events").await >= 3, "the trail stays");
}
