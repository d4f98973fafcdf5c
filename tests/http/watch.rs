//! What is seen of each request. Figures are in `metrics`.

use crate::{app::TestApp, both, db::TestDb};

both![only_a_short_and_plain_id_is_taken_from_a_client];

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
