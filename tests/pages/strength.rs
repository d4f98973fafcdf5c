//! What is said of a new password while it is typed.

use axum::http::StatusCode;

use crate::{
    app::{PASSWORD, TestApp},
    both,
    db::TestDb,
    visitor::Visitor,
};

both![a_password_is_judged_by_the_rule_that_will_be_asked, nobody_has_passwords_judged_without_end];

async fn a_password_is_judged_by_the_rule_that_will_be_asked(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::new(&app);
    for (password, good, said) in [
        (PASSWORD, true, "This is a good password."),
        ("short", false, "at least 10 characters"),
        ("password1234", false, "too common"),
        ("ada-lovelace-1815", false, "too common"),
    ] {
        let words = [("password", password), ("username", "ada-lovelace"), ("email", "ada@example.com")];
        let verdict = visitor.post("/password-strength", &words).await.expect(StatusCode::OK);
        assert_eq!(verdict.header("content-type"), "application/json");
        assert_eq!(verdict.body["good"], good, "{password}: {}", verdict.body);
        assert!(verdict.body["text"].as_str().unwrap().contains(said), "{password}: {}", verdict.body);
        assert!(!String::from_utf8_lossy(&verdict.bytes).contains(password));
    }
}

async fn nobody_has_passwords_judged_without_end(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::new(&app);
    let judged = app.portcullis.accounts().ratings_computed();
    let ask = || visitor.post("/password-strength", &[("password", PASSWORD)]);
    for _ in 0..60 {
        ask().await.expect(StatusCode::OK);
    }
    let answer = ask().await.expect(StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.header("retry-after"), "1");
    assert!(answer.bytes.is_empty());
    assert_eq!(app.portcullis.accounts().ratings_computed() - judged, 60);
    visitor.log_in("ada", PASSWORD).await.expect(StatusCode::UNAUTHORIZED);
}
