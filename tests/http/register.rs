use axum::http::StatusCode;
use serde_json::json;

use crate::{
    app::{PASSWORD, TestApp},
    both,
    db::TestDb,
};

both![
    a_person_registers_and_is_not_logged_in_by_that,
    names_and_addresses_are_taken_in_any_case,
    id_1_one_address_in_any_spelling_is_one_account,
    every_wrong_field_is_named_at_once,
    a_password_over_the_cap_is_refused_before_it_is_hashed,
    pw_6_a_common_password_or_one_of_their_own_words_is_refused_with_the_reason,
    pw_9_no_password_is_rated_before_the_attempt_is_counted,
    kept_back_names_and_closed_doors,
    nobody_registers_as_the_service_itself,
    lg_8_what_is_not_asked_for_cannot_be_set,
    one_network_cannot_register_without_end,
    of_32_in_a_race_for_one_name_one_gets_it,
];

async fn a_person_registers_and_is_not_logged_in_by_that(db: TestDb) {
    let app = TestApp::new(db).await;
    let answer = app.register("Ada", "Ada@Example.com").await.expect(StatusCode::CREATED);
    assert_eq!(answer.body, json!({"username": "Ada", "email": "Ada@Example.com", "email_verified": false}));
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(answer.headers.get("set-cookie").is_none());
}

async fn names_and_addresses_are_taken_in_any_case(db: TestDb) {
    let app = TestApp::new(db).await;
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    app.register("ADA", "other@example.com").await.expect_problem(409, "username_taken");
    app.register("bob", "ADA@EXAMPLE.COM").await.expect_problem(409, "email_taken");
}

async fn id_1_one_address_in_any_spelling_is_one_account(db: TestDb) {
    let app = TestApp::new(db).await;
    app.register("ada", "ada@bücher.example").await.expect(StatusCode::CREATED);
    for same in ["ADA@BÜCHER.example", "ada@xn--bcher-kva.example", "ada@bu\u{308}cher.EXAMPLE"] {
        app.register("bob", same).await.expect_problem(409, "email_taken");
        app.login(same, PASSWORD).await.expect(StatusCode::OK);
    }
    for look_alike in ["mıke@example.com", "mi\u{212A}e@example.com", "ada＠example.com", "ada@example.com."] {
        let answer = app.register("bob", look_alike).await.expect_problem(422, "invalid_fields");
        assert_eq!(answer.field_errors(), ["email: invalid_email"]);
    }
}

async fn every_wrong_field_is_named_at_once(db: TestDb) {
    let app = TestApp::new(db).await;
    let body = json!({"username": "a@b", "email": "nowhere", "password": "short", "name": "a\u{0}b"});
    let answer = app.post("/auth/register").json(&body).send().await.expect_problem(422, "invalid_fields");
    assert_eq!(
        answer.field_errors(),
        ["email: invalid_email", "name: invalid_name", "password: password_too_short", "username: invalid_username"]
    );
    let body = json!({"username": 7, "password": "short"});
    let answer = app.post("/auth/register").json(&body).send().await.expect_problem(422, "invalid_fields");
    assert_eq!(answer.field_errors(), ["email: missing", "password: password_too_short", "username: wrong_type"]);
}

async fn a_password_over_the_cap_is_refused_before_it_is_hashed(db: TestDb) {
    let app = TestApp::new(db).await;
    let hashed_before = app.portcullis.accounts().hashes_computed();
    let body = json!({"username": "ada", "email": "ada@example.com", "password": "x".repeat(1025)});
    let answer = app.post("/auth/register").json(&body).send().await.expect_problem(422, "invalid_fields");
    assert_eq!(answer.field_errors(), ["password: password_too_long"]);
    assert_eq!(app.portcullis.accounts().hashes_computed(), hashed_before);
}

async fn pw_6_a_common_password_or_one_of_their_own_words_is_refused_with_the_reason(db: TestDb) {
    let app = TestApp::with(db, |config| config.site_name = Some("Grand Orrery".parse().unwrap())).await;
    for (password, codes) in [
        ("Password123", ["password_too_common"].as_slice()),
        ("ada.lovelace1815", &["password_own_words", "password_too_common"]),
        ("Countess.Byron", &["password_own_words", "password_too_common"]),
        // The site's own names.
        ("id.example", &["password_own_words", "password_too_common"]),
        ("GrandOrrery1", &["password_own_words", "password_too_common"]),
        ("mustang!1996", &["password_like_common", "password_too_weak"]),
    ] {
        let body = json!({
            "username": "ada.lovelace", "email": "ada@example.com", "name": "Countess Byron", "password": password,
        });
        let answer = app.post("/auth/register").json(&body).send().await.expect_problem(422, "invalid_fields");
        let expected: Vec<_> = codes.iter().map(|code| format!("password: {code}")).collect();
        assert_eq!(answer.field_errors(), expected, "{password}");
    }
    assert_eq!(app.portcullis.accounts().hashes_computed(), 0);
    let body =
        json!({"username": "ada.lovelace", "email": "ada@example.com", "password": "contains password somewhere"});
    app.post("/auth/register").json(&body).send().await.expect(StatusCode::CREATED);
}

async fn pw_9_no_password_is_rated_before_the_attempt_is_counted(db: TestDb) {
    let app = TestApp::new(db).await;
    while app.register("ada", "ada@example.com").await.status != StatusCode::TOO_MANY_REQUESTS {}
    let rated = app.portcullis.accounts().ratings_computed();
    assert!(rated > 0);
    app.register("bob", "bob@example.com").await.expect_problem(429, "too_many_attempts");
    assert_eq!(app.portcullis.accounts().ratings_computed(), rated);
}

async fn kept_back_names_and_closed_doors(db: TestDb) {
    let app = TestApp::with(db, |config| config.registration = "closed".parse().unwrap()).await;
    app.register("ada", "ada@example.com").await.expect_problem(403, "registration_closed");
}

async fn nobody_registers_as_the_service_itself(db: TestDb) {
    let app = TestApp::new(db).await;
    let answer = app.register("Admin", "ada@example.com").await.expect_problem(422, "invalid_fields");
    assert_eq!(answer.field_errors(), ["username: invalid_username"]);
}

async fn lg_8_what_is_not_asked_for_cannot_be_set(db: TestDb) {
    let app = TestApp::new(db).await;
    let body = json!({
        "username": "ada", "email": "ada@example.com", "password": PASSWORD,
        "id": "00000000-0000-0000-0000-000000000000", "roles": ["admin"], "role": "admin", "email_verified": true,
        "generation": 99,
    });
    app.post("/auth/register").json(&body).send().await.expect(StatusCode::CREATED);
    let user = app.login("ada", PASSWORD).await.expect(StatusCode::OK).body["user"].clone();
    assert_eq!(user["roles"], json!([]));
    assert_eq!(user["email_verified"], false);
    assert_ne!(user["id"], "00000000-0000-0000-0000-000000000000");
}

async fn one_network_cannot_register_without_end(db: TestDb) {
    let app = TestApp::new(db).await;
    for _ in 0..60 {
        assert_ne!(app.register("ada", "ada@example.com").await.status, StatusCode::TOO_MANY_REQUESTS);
    }
    let hashed = app.portcullis.accounts().hashes_computed();
    let answer = app.register("bob", "bob@example.com").await.expect_problem(429, "too_many_attempts");
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(app.portcullis.accounts().hashes_computed(), hashed);
    let body = json!({"username": "bob", "email": "bob@example.com", "password": PASSWORD});
    let elsewhere = app.post("/auth/register").from("198.51.100.7".parse().unwrap()).json(&body);
    elsewhere.send().await.expect(StatusCode::CREATED);
    app.login("ada", PASSWORD).await.expect(StatusCode::OK);
}

async fn of_32_in_a_race_for_one_name_one_gets_it(db: TestDb) {
    let app = TestApp::new(db).await;
    let tries = (0..32).map(|n| {
        let app = &app;
        async move { app.register("ada", &format!("ada{n}@example.com")).await.status }
    });
    let statuses = futures_util::future::join_all(tries).await;
    assert_eq!(statuses.iter().filter(|status| **status == StatusCode::CREATED).count(), 1);
    assert_eq!(statuses.iter().filter(|status| **status == StatusCode::CONFLICT).count(), 31);
}
