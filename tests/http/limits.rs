//! How often a login may be tried, and by whom that is felt.

use std::{net::IpAddr, time::Duration};

use axum::http::StatusCode;
use portcullis::mail::MailKind::NewDevice;
use serde_json::json;

use crate::{
    app::{Answer, PASSWORD, TestApp},
    both,
    db::TestDb,
    mailed::kinds,
};

both![
    lg_3_a_hundred_tries_from_anywhere_are_enough_and_the_owner_is_not_locked_out,
    lg_3_the_count_is_the_same_for_a_name_that_nobody_has,
    lg_3_both_names_of_an_account_count_together_and_that_is_not_told,
    lg_3_a_stranger_on_the_same_network_cannot_hold_the_owner_out,
    lg_3_what_was_counted_outlives_a_restart,
    lg_9_a_fresh_database_has_no_accounts,
    a_login_from_a_new_device_is_told,
    only_so_many_devices_of_a_user_are_known,
];

const WRONG: &str = "not the password";

fn stranger(n: u8) -> IpAddr {
    [203, 0, 113, n].into()
}

async fn login_from(app: &TestApp, peer: IpAddr, name: &str, password: &str) -> Answer {
    app.post("/auth/login").from(peer).json(&json!({"name": name, "password": password})).send().await
}

/// How many of so many tries, each from another network, were not turned away at once.
async fn tried(app: &TestApp, name: &str, tries: u8) -> usize {
    let mut answered = 0;
    for n in 0..tries {
        let answer = login_from(app, stranger(n), name, WRONG).await;
        match answer.status {
            StatusCode::UNAUTHORIZED => answered += 1,
            _ => assert!(!answer.expect_problem(429, "too_many_attempts").header("retry-after").is_empty()),
        }
    }
    answered
}

async fn lg_3_a_hundred_tries_from_anywhere_are_enough_and_the_owner_is_not_locked_out(db: TestDb) {
    let app = TestApp::new(db).await;
    let session = app.user("ada").await;
    assert_eq!(tried(&app, "ada", 150).await, 100);
    // From where they have been, nothing is felt of it, with a session or without.
    app.get("/auth/me").bearer(&session).send().await.expect(StatusCode::OK);
    let body = json!({"password": PASSWORD});
    app.post("/auth/reauthenticate").bearer(&session).json(&body).send().await.expect(StatusCode::OK);
    app.login("ada", PASSWORD).await.expect(StatusCode::OK);
    // From elsewhere they wait, but not for long.
    let elsewhere = stranger(200);
    let answer = login_from(&app, elsewhere, "ada", PASSWORD).await.expect_problem(429, "too_many_attempts");
    let wait = answer.header("retry-after").parse().unwrap();
    assert!((1..=900).contains(&wait));
    app.advance(Duration::from_secs(wait));
    login_from(&app, elsewhere, "ada", PASSWORD).await.expect(StatusCode::OK);
}

async fn lg_3_the_count_is_the_same_for_a_name_that_nobody_has(db: TestDb) {
    let app = TestApp::new(db).await;
    assert_eq!(tried(&app, "nobody", 150).await, 100);
}

async fn lg_3_both_names_of_an_account_count_together_and_that_is_not_told(db: TestDb) {
    let app = TestApp::new(db).await;
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    assert_eq!(tried(&app, "ada", 60).await, 60);
    // Forty more are heard; the rest fail like any other, even with the right password.
    assert_eq!(tried(&app, "ada@example.com", 60).await, 60);
    let hashed = app.portcullis.accounts().hashes_computed();
    let answer = login_from(&app, stranger(200), "ada@example.com", PASSWORD).await;
    answer.expect_problem(401, "invalid_credentials");
    assert_eq!(app.portcullis.accounts().hashes_computed() - hashed, 1);
    app.advance(Duration::from_mins(15));
    login_from(&app, stranger(200), "ada@example.com", PASSWORD).await.expect(StatusCode::OK);
}

async fn lg_3_a_stranger_on_the_same_network_cannot_hold_the_owner_out(db: TestDb) {
    let app = TestApp::new(db).await;
    app.user("ada").await;
    for _ in 0..40 {
        app.login("ada", WRONG).await;
        app.advance(Duration::from_secs(31));
    }
    app.login("ada", WRONG).await;
    let answer = app.login("ada", PASSWORD).await.expect_problem(429, "too_many_attempts");
    assert!(answer.header("retry-after").parse::<u64>().unwrap() <= 30);
    app.advance(Duration::from_secs(30));
    app.login("ada", PASSWORD).await.expect(StatusCode::OK);
}

async fn lg_3_what_was_counted_outlives_a_restart(db: TestDb) {
    let app = TestApp::new(db).await;
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    assert_eq!(tried(&app, "ada", 100).await, 100);
    let app = app.reopened(|_| ()).await;
    assert_eq!(tried(&app, "ada", 10).await, 0);
}

async fn lg_9_a_fresh_database_has_no_accounts(db: TestDb) {
    let app = TestApp::new(db).await;
    assert_eq!(app.db.count("users").await, 0);
    app.login("admin", "admin").await.expect_problem(401, "invalid_credentials");
}

async fn a_login_from_a_new_device_is_told(db: TestDb) {
    const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    const SAFARI: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1";
    let app = TestApp::new(db).await;
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    let body = json!({"name": "ada", "password": PASSWORD});
    let login = |peer, agent: &str| app.post("/auth/login").from(peer).header("user-agent", agent).json(&body).send();
    for (peer, agent, told) in [
        (stranger(1), FIREFOX, 0),
        (stranger(1), FIREFOX, 0),
        (stranger(2), FIREFOX, 0),
        (stranger(1), SAFARI, 0),
        (stranger(3), "curl/8.0", 1),
        (stranger(3), "curl/8.0", 1),
    ] {
        login(peer, agent).await.expect(StatusCode::OK);
        let mails = kinds(&app, "ada@example.com").await;
        assert_eq!(mails.iter().filter(|kind| **kind == NewDevice).count(), told, "{peer} {agent}");
    }
    let mail = app.mailbox.latest("ada@example.com").unwrap();
    assert!(mail.text().contains("203.0.113.3") && mail.text().contains("curl/8.0"), "{}", mail.text());
}

async fn only_so_many_devices_of_a_user_are_known(db: TestDb) {
    let app = TestApp::new(db).await;
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    for n in 0..60 {
        login_from(&app, stranger(n), "ada", PASSWORD).await.expect(StatusCode::OK);
        app.advance(Duration::from_secs(1));
    }
    assert_eq!(app.db.count("known_devices").await, 50);
    for n in 100..200 {
        login_from(&app, stranger(n), "ada", WRONG).await.expect_problem(401, "invalid_credentials");
    }
    login_from(&app, stranger(0), "ada", PASSWORD).await.expect_problem(429, "too_many_attempts");
    login_from(&app, stranger(59), "ada", PASSWORD).await.expect(StatusCode::OK);
}
