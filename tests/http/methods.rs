use axum::http::StatusCode;
use serde_json::json;

use crate::{app::TestApp, both, db::TestDb};

both![a_login_page_learns_what_to_offer,];

async fn a_login_page_learns_what_to_offer(db: TestDb) {
    let app = TestApp::new(db).await;
    let answer = app.get("/auth/methods").send().await.expect(StatusCode::OK);
    let offered = json!({"password": true, "passkey": true, "totp": true, "webauthn": true, "registration": "open"});
    assert_eq!(answer.body, offered);
}
