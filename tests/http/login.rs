use std::time::Duration;

use axum::http::{Method, StatusCode};
use futures_util::future::join_all;
use portcullis::{
    account::Caller,
    audit::EventKind,
    password::{Argon2Params, HashPoolSettings, Pepper, Peppers},
    session::Device,
};
use serde_json::json;

use crate::{
    app::{Answer, PASSWORD, TestApp, comparable_headers},
    both,
    db::TestDb,
};

both![
    a_person_logs_in_by_name_or_address_in_any_case,
    the_name_goes_by_other_names_too,
    lg_1_unknown_wrong_and_disabled_look_the_same,
    lg_1_a_stored_hash_that_cannot_be_used_looks_like_a_wrong_password,
    lg_2_every_refusal_costs_one_hash_and_one_row,
    failures_make_the_next_try_wait_whether_or_not_there_is_such_a_user,
    a_stranger_elsewhere_cannot_make_the_owner_wait,
    lg_4_a_race_of_wrong_passwords_cannot_slip_past_the_count,
    lg_6_a_forged_forwarded_header_does_not_move_the_count,
    pw_7_a_password_hashed_with_less_is_hashed_again_once,
    pw_8_a_pepper_goes_into_a_hash_at_the_next_login_and_is_needed_from_then_on,
    pw_9_a_full_queue_is_503_and_the_attempt_does_not_count,
    a_disabled_user_who_is_known_is_refused_and_recorded,
    a_login_with_the_wrong_verb_is_405,
    a_right_password_is_right_in_a_race_with_a_logout_everywhere,
    jwt_17_a_login_token_says_what_it_must_and_no_unverified_address,
];

async fn a_person_logs_in_by_name_or_address_in_any_case(db: TestDb) {
    let app = TestApp::new(db).await;
    app.register("Ada", "Ada@Example.com").await.expect(StatusCode::CREATED);
    for name in ["Ada", "ada", "ADA", "Ada@Example.com", "ada@example.COM"] {
        let answer = app.login(name, PASSWORD).await.expect(StatusCode::OK);
        assert_eq!(answer.body["token_type"], "Bearer");
        assert_eq!(answer.body["expires_in"], 900);
        assert_eq!(answer.body["user"]["username"], "Ada");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}

async fn the_name_goes_by_other_names_too(db: TestDb) {
    let app = TestApp::new(db).await;
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    for field in ["name", "identifier", "username", "email"] {
        let body = json!({field: "ada", "password": PASSWORD});
        app.post("/auth/login").json(&body).send().await.expect(StatusCode::OK);
    }
    let answer = app.post("/auth/login").json(&json!({})).send().await.expect_problem(422, "invalid_fields");
    assert_eq!(answer.field_errors(), ["name: missing", "password: missing"]);
}

fn look(answer: Answer) -> (StatusCode, Vec<(String, String)>, Vec<u8>) {
    (answer.status, comparable_headers(&answer.headers), answer.bytes)
}

async fn lg_1_unknown_wrong_and_disabled_look_the_same(db: TestDb) {
    let app = TestApp::new(db).await;
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    app.register("eve", "eve@example.com").await.expect(StatusCode::CREATED);
    app.db.disable_user("eve").await;
    let wrong = look(app.login("ada", "not the password").await.expect_problem(401, "invalid_credentials"));
    for (name, password) in
        [("nobody", PASSWORD), ("no@example.com", PASSWORD), ("eve", PASSWORD), ("", PASSWORD), ("\u{0}", "x")]
    {
        assert_eq!(look(app.login(name, password).await), wrong, "{name}");
    }
}

async fn lg_1_a_stored_hash_that_cannot_be_used_looks_like_a_wrong_password(db: TestDb) {
    let app = TestApp::new(db).await;
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    app.db.spoil_password_hash("ada").await;
    let unknown = look(app.login("nobody", PASSWORD).await.expect_problem(401, "invalid_credentials"));
    for _ in 0..5 {
        let hashes = app.portcullis.accounts().hashes_computed();
        assert_eq!(look(app.login("ada", PASSWORD).await), unknown);
        assert_eq!(app.portcullis.accounts().hashes_computed() - hashes, 1);
    }
    app.login("ada", PASSWORD).await.expect_problem(429, "too_many_attempts");
}

async fn lg_2_every_refusal_costs_one_hash_and_one_row(db: TestDb) {
    let app = TestApp::new(db).await;
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    app.register("eve", "eve@example.com").await.expect(StatusCode::CREATED);
    app.db.disable_user("eve").await;
    let accounts = app.portcullis.accounts();
    for (name, password) in [("ada", "not the password"), ("nobody", PASSWORD), ("eve", PASSWORD), ("", "")] {
        let (hashes, rows) = (accounts.hashes_computed(), app.db.count_rows().await);
        app.login(name, password).await.expect_problem(401, "invalid_credentials");
        assert_eq!(accounts.hashes_computed() - hashes, 1, "{name}");
        // One row in the trail and three counts: of the name from here and from anywhere, and of the account. The
        // network's own is there from the first try on.
        let counted = if name == "ada" { 5 } else { 4 };
        assert_eq!(app.db.count_rows().await - rows, counted, "{name}");
    }
}

async fn failures_make_the_next_try_wait_whether_or_not_there_is_such_a_user(db: TestDb) {
    let app = TestApp::new(db).await;
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    for name in ["ada", "nobody"] {
        for _ in 0..5 {
            app.login(name, "not the password").await.expect_problem(401, "invalid_credentials");
        }
        let answer = app.login(name, PASSWORD).await.expect_problem(429, "too_many_attempts");
        assert_eq!(answer.header("retry-after"), "1");
    }
    app.advance(Duration::from_secs(1));
    app.login("nobody", PASSWORD).await.expect_problem(401, "invalid_credentials");
    let answer = app.login("nobody", PASSWORD).await.expect_problem(429, "too_many_attempts");
    assert_eq!(answer.header("retry-after"), "2");
    app.login("ada", PASSWORD).await.expect(StatusCode::OK);
    app.login("ada", "not the password").await.expect_problem(401, "invalid_credentials");
}

async fn a_stranger_elsewhere_cannot_make_the_owner_wait(db: TestDb) {
    let app = TestApp::new(db).await;
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    for _ in 0..10 {
        app.login("ada", "not the password").await;
    }
    let body = json!({"name": "ada", "password": PASSWORD});
    app.post("/auth/login").from("198.51.100.7".parse().unwrap()).json(&body).send().await.expect(StatusCode::OK);
}

async fn lg_4_a_race_of_wrong_passwords_cannot_slip_past_the_count(db: TestDb) {
    let app = TestApp::new(db).await;
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    let before = app.portcullis.accounts().hashes_computed();
    let statuses = join_all((0..64).map(|_| async { app.login("ada", "not the password").await.status })).await;
    assert_eq!(app.portcullis.accounts().hashes_computed() - before, 5);
    assert_eq!(statuses.iter().filter(|status| **status == StatusCode::UNAUTHORIZED).count(), 5);
}

async fn lg_6_a_forged_forwarded_header_does_not_move_the_count(db: TestDb) {
    let app = TestApp::new(db).await;
    let body = json!({"name": "ada", "password": "not the password"});
    for n in 0..5 {
        app.post("/auth/login").header("x-forwarded-for", &format!("203.0.113.{n}")).json(&body).send().await;
    }
    let last = app.post("/auth/login").header("x-forwarded-for", "203.0.113.99").json(&body).send().await;
    last.expect_problem(429, "too_many_attempts");
}

async fn pw_7_a_password_hashed_with_less_is_hashed_again_once(db: TestDb) {
    let app = TestApp::new(db).await;
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    let weak = app.db.password_hash("ada").await;
    let stronger =
        app.reopened(|config| config.hashing.params = Argon2Params::insecure_for_tests(64, 2, 1).unwrap()).await;
    stronger.login("ada", PASSWORD).await.expect(StatusCode::OK);
    let strong = stronger.db.password_hash("ada").await;
    assert!(weak.starts_with("$argon2id$v=19$m=8,") && strong.starts_with("$argon2id$v=19$m=64,t=2,p=1$"), "{strong}");
    stronger.login("ada", PASSWORD).await.expect(StatusCode::OK);
    assert_eq!(stronger.db.password_hash("ada").await, strong);
}

async fn pw_8_a_pepper_goes_into_a_hash_at_the_next_login_and_is_needed_from_then_on(db: TestDb) {
    let pepper = |id, byte| Pepper::new(id, [byte; 32]).unwrap();
    let app = TestApp::new(db).await;
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    let app = app.reopened(|config| config.hashing.peppers = Peppers::of(pepper("k1", 1))).await;
    app.login("ada", PASSWORD).await.expect(StatusCode::OK);
    let first = app.db.password_hash("ada").await;
    assert!(first.starts_with("$argon2id$v=19$m=8,t=1,p=1,keyid=azE$"), "{first}");
    let both = Peppers::of(pepper("k2", 2)).and_former(pepper("k1", 1)).unwrap();
    let app = app.reopened(|config| config.hashing.peppers = both).await;
    app.login("ada", "not the password").await.expect_problem(401, "invalid_credentials");
    assert_eq!(app.db.password_hash("ada").await, first);
    app.login("ada", PASSWORD).await.expect(StatusCode::OK);
    let second = app.db.password_hash("ada").await;
    assert!(second.contains(",keyid=azI$"), "{second}");
    app.login("ada", PASSWORD).await.expect(StatusCode::OK);
    assert_eq!(app.db.password_hash("ada").await, second);

    let app = app.reopened(|config| config.hashing.peppers = Peppers::of(pepper("k1", 1))).await;
    let hashed = app.portcullis.accounts().hashes_computed();
    let lost = app.login("ada", PASSWORD).await.expect_problem(401, "invalid_credentials");
    assert_eq!(app.portcullis.accounts().hashes_computed() - hashed, 1);
    assert_eq!(lost.body, app.login("nobody", PASSWORD).await.body);
}

async fn pw_9_a_full_queue_is_503_and_the_attempt_does_not_count(db: TestDb) {
    let app = TestApp::with(db, |config| {
        config.hashing = HashPoolSettings {
            // Slow enough that the queue is full before the first is done.
            params: Argon2Params::new(64 * 1024, 3, 1).unwrap(),
            threads: 1.try_into().unwrap(),
            queue_per_thread: 1.try_into().unwrap(),
            ..HashPoolSettings::default()
        };
    })
    .await;
    let answers = join_all((0..20).map(|_| app.login("ada", "not the password"))).await;
    let with = |status: u16| answers.iter().filter(move |answer| answer.status.as_u16() == status);
    assert!(with(503).count() >= 1);
    for answer in with(503) {
        assert_eq!(answer.code(), "overloaded");
        assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1);
    }
    // Five tries are free, and only what was hashed counts as one.
    for _ in with(401).count()..5 {
        app.login("ada", "not the password").await.expect_problem(401, "invalid_credentials");
    }
    app.login("ada", "not the password").await.expect_problem(429, "too_many_attempts");
}

async fn a_disabled_user_who_is_known_is_refused_and_recorded(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    let id = app.get("/auth/me").bearer(&token).send().await.body["id"].as_str().unwrap().to_owned();
    app.db.disable_user("ada").await;
    app.login("ada", PASSWORD).await.expect_problem(401, "invalid_credentials");
    let kinds: Vec<_> = app.events_of(&id).await.into_iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::LoginFailed, EventKind::LoginSucceeded, EventKind::UserRegistered]);
}

async fn a_login_with_the_wrong_verb_is_405(db: TestDb) {
    let app = TestApp::new(db).await;
    let answer = app.request(Method::GET, "/auth/login").send().await.expect_problem(405, "method_not_allowed");
    assert_eq!(answer.header("allow"), "POST");
}

async fn jwt_17_a_login_token_says_what_it_must_and_no_unverified_address(db: TestDb) {
    let app = TestApp::new(db).await;
    let (one, other) = (app.user("ada").await, app.token("ada", PASSWORD).await);
    let read = |token: &str| app.portcullis.verifier().verify(token).unwrap();
    let (one, other) = (read(&one), read(&other));
    assert_eq!((&one.email, one.email_verified, &one.name), (&None, None, &None));
    assert_eq!((one.sub.as_str(), one.generation), (other.sub.as_str(), Some(1)));
    assert_eq!((one.amr.as_slice(), one.acr.as_deref()), (["pwd".to_owned()].as_slice(), Some("aal1")));
    assert_eq!((one.client_id.as_deref(), one.auth_time), (Some("https://id.example"), Some(one.iat)));
    assert!(one.jti.as_ref().is_some_and(|id| id.len() >= 22) && one.jti != other.jti);
    assert!(one.sid.is_some() && one.sid != other.sid);
}

async fn a_right_password_is_right_in_a_race_with_a_logout_everywhere(db: TestDb) {
    let app = TestApp::with(db, |config| config.insecure_no_limits = true).await;
    let token = app.user("ada").await;
    let caller = Caller::of(&app.portcullis.verifier().verify(&token).unwrap().into_principal()).unwrap();
    for _ in 0..8 {
        let logins = join_all((0..8).map(|_| app.login("ada", PASSWORD)));
        let (accounts, device) = (app.portcullis.accounts(), Device::default());
        let (answers, ended) = tokio::join!(logins, accounts.logout_everywhere(caller, &device));
        ended.unwrap();
        for answer in answers {
            answer.expect(StatusCode::OK);
        }
    }
}
