//! The link that makes the first administrator.

use std::time::Duration;

use axum::http::StatusCode;
use futures_util::future::join_all;
use portcullis::{account::UserId, audit::EventKind, one_time::OneTimeToken, session::Device};
use serde_json::json;

use crate::{
    app::{Answer, PASSWORD, TestApp},
    both,
    db::TestDb,
};

both![
    whoever_has_the_link_becomes_the_first_administrator,
    rs_2_the_link_is_good_for_an_hour,
    the_link_is_dead_once_there_is_an_administrator,
    of_32_who_open_the_link_in_a_race_one_becomes_administrator,
    what_is_wrong_with_the_account_leaves_the_link_good,
];

async fn offer(app: &TestApp) -> OneTimeToken {
    app.portcullis.accounts().offer_first_admin().await.unwrap().unwrap()
}

async fn redeem(app: &TestApp, token: &str, username: &str) -> Answer {
    let email = format!("{username}@example.com");
    let body = json!({"token": token, "username": username, "email": email, "password": PASSWORD});
    app.post("/auth/first-admin").json(&body).send().await
}

async fn whoever_has_the_link_becomes_the_first_administrator(db: TestDb) {
    let app = TestApp::with(db, |config| {
        config.registration = "closed".parse().unwrap();
        config.require_verified_email = true;
    })
    .await;
    let (token, other) = (offer(&app).await, offer(&app).await);
    let link = app.portcullis.accounts().first_admin_link(&token);
    assert_eq!(link, format!("https://id.example/first-admin?token={}", token.expose()));
    assert!(!app.db.dump().await.contains(token.expose()));
    let made = redeem(&app, token.expose(), "admin").await.expect(StatusCode::CREATED);
    let expected = json!({"username": "admin", "email": "admin@example.com", "email_verified": true});
    assert_eq!(made.body, expected);
    let bearer = app.token("admin", PASSWORD).await;
    let users = app.get("/auth/admin/users").bearer(&bearer).send().await.expect(StatusCode::OK);
    let user = &users.body["items"][0];
    assert_eq!((&user["roles"], &user["must_change_password"]), (&json!(["admin"]), &json!(false)));
    let events = app.events_of(user["id"].as_str().unwrap()).await;
    assert_eq!(events.last().unwrap().kind, EventKind::FirstAdminMade);
    for spent in [&token, &other] {
        redeem(&app, spent.expose(), "eve").await.expect_problem(400, "token_invalid");
    }
    assert!(app.portcullis.accounts().offer_first_admin().await.unwrap().is_none());
}

async fn rs_2_the_link_is_good_for_an_hour(db: TestDb) {
    let app = TestApp::new(db).await;
    let accounts = app.portcullis.accounts();
    let token = offer(&app).await;
    app.advance(Duration::from_secs(3599));
    assert!(accounts.is_first_admin_offered(&token).await.unwrap());
    app.advance(Duration::from_secs(1));
    assert!(!accounts.is_first_admin_offered(&token).await.unwrap());
    let hashed = accounts.hashes_computed();
    redeem(&app, token.expose(), "ada").await.expect_problem(400, "token_invalid");
    for bad in ["", "x", OneTimeToken::generate().unwrap().expose()] {
        redeem(&app, bad, "ada").await.expect_problem(400, "token_invalid");
    }
    assert_eq!(accounts.hashes_computed(), hashed, "nobody gets a hash for nothing");
    accounts.forget_expired().await.unwrap();
}

async fn the_link_is_dead_once_there_is_an_administrator(db: TestDb) {
    let app = TestApp::new(db).await;
    let accounts = app.portcullis.accounts();
    let token = offer(&app).await;
    let ada = app.login("ada", PASSWORD).await.status;
    assert_eq!(ada, StatusCode::UNAUTHORIZED);
    app.user("ada").await;
    assert!(accounts.is_first_admin_offered(&token).await.unwrap(), "a user is no administrator");
    app.db.give_role("ada", "admin").await;
    assert!(!accounts.is_first_admin_offered(&token).await.unwrap());
    redeem(&app, token.expose(), "eve").await.expect_problem(400, "token_invalid");
    assert!(accounts.offer_first_admin().await.unwrap().is_none());
}

async fn of_32_who_open_the_link_in_a_race_one_becomes_administrator(db: TestDb) {
    let app = TestApp::new(db).await;
    let (one, other) = (offer(&app).await, offer(&app).await);
    let names: Vec<_> = (0..32).map(|number| format!("root{number}")).collect();
    let attempts = names.iter().enumerate().map(|(number, name)| {
        let token = if number % 2 == 0 { &one } else { &other };
        redeem(&app, token.expose(), name)
    });
    let answers = join_all(attempts).await;
    let made = answers.iter().filter(|answer| answer.status == StatusCode::CREATED).count();
    let refused = answers.iter().filter(|answer| answer.code() == "token_invalid").count();
    assert_eq!((made, refused), (1, 31));
}

async fn what_is_wrong_with_the_account_leaves_the_link_good(db: TestDb) {
    let app = TestApp::new(db).await;
    app.user("ada").await;
    let token = offer(&app).await;
    redeem(&app, token.expose(), "ADA").await.expect_problem(409, "username_taken");
    let weak = json!({"token": token.expose(), "username": "a", "password": "short"});
    let errors = app.post("/auth/first-admin").json(&weak).send().await.expect_problem(422, "invalid_fields");
    assert_eq!(errors.field_errors(), ["email: missing", "password: password_too_short", "username: invalid_username"]);
    redeem(&app, token.expose(), "root1").await.expect(StatusCode::CREATED);
    let id = app.login("root1", PASSWORD).await.body["user"]["id"].as_str().unwrap().to_owned();
    let id = UserId::parse(&id).unwrap();
    let refused = app.portcullis.accounts().disable_user(id, &Device::default()).await.unwrap_err();
    assert_eq!(refused.code(), "last_admin");
}
