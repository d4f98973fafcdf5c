use std::time::Duration;

use axum::http::StatusCode;
use portcullis::mail::MailKind::{ResetPassword, ResetUnknown, VerifyEmail};
use serde_json::{Value, json};

use crate::{
    app::{PASSWORD, TestApp, comparable_headers},
    both,
    db::TestDb,
    mailed::{forget, kinds, spend, token, tokens},
};

both![
    rs_1_no_header_moves_a_link,
    id_2_there_is_one_recipient_and_it_is_the_one_on_file,
    rs_7_known_and_unknown_look_and_cost_the_same,
    rs_9_a_hundred_requests_are_a_few_mails_and_do_not_hold_up_a_login,
    rs_9_one_network_cannot_ask_without_end,
    an_unknown_address_is_told_where_that_is_wanted,
    nobody_disabled_gets_a_link,
];

const PLACE: &str = "/auth/forgot-password";
const ADA: &str = "ada@example.com";

async fn registered(db: TestDb) -> TestApp {
    let app = TestApp::new(db).await;
    app.register("ada", ADA).await.expect(StatusCode::CREATED);
    app
}

async fn rs_1_no_header_moves_a_link(db: TestDb) {
    let app = registered(db).await;
    for (name, value) in [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("x-original-host", "evil.example"),
        ("x-host", "evil.example"),
        ("x-forwarded-server", "evil.example"),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-port", "1"),
        ("forwarded", "host=evil.example;proto=http"),
        ("origin", "https://evil.example"),
        ("referer", "https://evil.example/"),
        ("x-original-url", "https://evil.example/"),
    ] {
        let call = app.post(PLACE).header(name, value).header(name, "evil.example").json(&json!({"email": ADA}));
        call.send().await.expect(StatusCode::ACCEPTED);
        app.advance(Duration::from_hours(25));
    }
    let absolute = app.post(&format!("https://evil.example{PLACE}")).json(&json!({"email": ADA}));
    absolute.send().await.expect(StatusCode::ACCEPTED);
    let mails = tokens(&app, ADA, ResetPassword).await;
    assert_eq!(mails.len(), 12);
    for mail in app.mailbox.to(ADA).iter().filter(|mail| mail.kind() == ResetPassword) {
        assert!(mail.link().unwrap().starts_with("https://id.example/reset-password?token=pco_"));
        assert!(!mail.text().contains("evil") && !mail.html().contains("evil"));
    }
}

async fn id_2_there_is_one_recipient_and_it_is_the_one_on_file(db: TestDb) {
    let app = registered(db).await;
    for bad in [
        json!([ADA, "eve@example.com"]),
        json!({"0": ADA}),
        json!("ada@example.com,eve@example.com"),
        json!("ada@example.com;eve@example.com"),
        json!("ada@example.com eve@example.com"),
        json!("ada@example.com\r\nBcc: eve@example.com"),
        json!("ada@example.com\nBcc: eve@example.com"),
        json!("ada@example.com%0d%0aBcc: eve@example.com"),
        json!("Ada <ada@example.com>"),
        json!("ada@example.com\u{0}"),
        json!("ad\u{131}@example.com"),
        json!(null),
        json!(""),
    ] {
        app.post(PLACE).json(&json!({"email": bad})).send().await.expect_problem(422, "invalid_fields");
    }
    let both = json!({"email": ADA, "username": "ada"});
    app.post(PLACE).json(&both).send().await.expect_problem(422, "invalid_fields");
    forget(&app, "ADA@EXAMPLE.COM").await;
    app.portcullis.accounts().deliver_mail().await.unwrap();
    let to: Vec<_> = app.mailbox.all().iter().map(|mail| mail.to().as_str().to_owned()).collect();
    assert_eq!(to, [ADA, ADA], "one to confirm the address and one to reset");
}

async fn rs_7_known_and_unknown_look_and_cost_the_same(db: TestDb) {
    let app = registered(db).await;
    app.portcullis.accounts().deliver_mail().await.unwrap();
    app.portcullis.accounts().close_mail().await;
    let tables = ["outbox", "events", "attempts", "one_time_tokens"];
    let rows = async || {
        let mut counts = Vec::new();
        for table in tables {
            counts.push(app.db.count(table).await);
        }
        counts
    };
    forget(&app, "first@example.com").await;
    let mut looks = Vec::new();
    for body in [
        json!({"email": ADA, "extra": {"deep": [1]}}),
        json!({"email": "nobody@example.com", "extra": {"deep": [1]}}),
        json!({"username": "bob"}),
    ] {
        let (before, first) = (rows().await, app.portcullis.accounts().hashes_computed());
        let answer = app.post(PLACE).json(&body).send().await.expect(StatusCode::ACCEPTED);
        let more: Vec<_> = rows().await.iter().zip(before).map(|(after, before)| after - before).collect();
        let hashes = app.portcullis.accounts().hashes_computed() - first;
        looks.push((answer.bytes, comparable_headers(&answer.headers), more, hashes));
    }
    assert_eq!(looks[0].2, [1, 0, 1, 0], "one mail asked for and one more count");
    assert!(looks.iter().all(|look| *look == looks[0]), "{looks:?}");
}

async fn rs_9_a_hundred_requests_are_a_few_mails_and_do_not_hold_up_a_login(db: TestDb) {
    let app = registered(db).await;
    for n in 0_u8..100 {
        // By either name, from everywhere: it is one account.
        let body = if n % 2 == 0 { json!({"email": ADA}) } else { json!({"username": "ada"}) };
        let call = app.post(PLACE).from([203, 0, 113, n].into()).json(&body);
        call.send().await.expect(StatusCode::ACCEPTED);
    }
    assert_eq!(tokens(&app, ADA, ResetPassword).await.len(), 3);
    app.login("ada", PASSWORD).await.expect(StatusCode::OK);
    app.advance(Duration::from_mins(1));
    forget(&app, ADA).await;
    let token = token(&app, ADA, ResetPassword).await;
    spend(&app, "/auth/reset-password", &token).await.expect(StatusCode::NO_CONTENT);
}

async fn rs_9_one_network_cannot_ask_without_end(db: TestDb) {
    let app = registered(db).await;
    for n in 0..30 {
        forget(&app, &format!("user{n}@example.com")).await;
    }
    for email in [ADA, "nobody@example.com"] {
        let answer = app.post(PLACE).json(&json!({"email": email})).send().await;
        assert_eq!(answer.expect_problem(429, "too_many_attempts").header("retry-after"), "1");
    }
    let elsewhere = app.post(PLACE).from([203, 0, 113, 1].into()).json(&json!({"email": ADA}));
    elsewhere.send().await.expect(StatusCode::ACCEPTED);
}

async fn an_unknown_address_is_told_where_that_is_wanted(db: TestDb) {
    let app = TestApp::with(db, |config| config.mail_unknown = true).await;
    app.register("ada", ADA).await.expect(StatusCode::CREATED);
    for email in [ADA, "nobody@example.com"] {
        forget(&app, email).await;
    }
    app.post(PLACE).json(&json!({"username": "bob"})).send().await.expect(StatusCode::ACCEPTED);
    assert_eq!(kinds(&app, "nobody@example.com").await, [ResetUnknown]);
    assert_eq!(kinds(&app, ADA).await, [VerifyEmail, ResetPassword]);
}

async fn nobody_disabled_gets_a_link(db: TestDb) {
    let app = registered(db).await;
    forget(&app, ADA).await;
    let token = token(&app, ADA, ResetPassword).await;
    app.db.disable_user("ada").await;
    forget(&app, ADA).await;
    assert_eq!(tokens(&app, ADA, ResetPassword).await.len(), 1);
    let answer = spend(&app, "/auth/reset-password", &token).await.expect_problem(400, "token_invalid");
    assert_eq!(answer.body["errors"], Value::Null);
}
