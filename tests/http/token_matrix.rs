//! Every kind of token there is, sent to every place that takes one. Only the right kind opens a place.

use std::time::Duration;

use axum::http::StatusCode;
use portcullis::{config::SecondFactorPolicy, mail::MailKind};
use serde_json::json;

use crate::{
    app::{Answer, PASSWORD, TestApp},
    both,
    db::TestDb,
    mailed::{change_email, forget, spend, token, verified},
};

both![jwt_10_every_token_opens_only_what_it_is_made_for];

/// The places that take a token: what each is called, the one kind it takes, and how that is sent there.
const PLACES: [(&str, &str, Place); 10] = [
    ("the guard", "access token", |app, token| Box::pin(app.get("/auth/me").bearer(token).send())),
    ("refresh", "refresh token", |app, token| {
        Box::pin(app.post("/auth/refresh").json(&json!({"refresh_token": token})).send())
    }),
    ("confirming an address", "verify token", |app, token| Box::pin(spend(app, "/auth/verify-email", token))),
    ("confirming another address", "confirm token", |app, token| Box::pin(spend(app, "/auth/confirm-email", token))),
    ("restoring an address", "undo token", |app, token| Box::pin(spend(app, "/auth/undo-email", token))),
    ("setting a password", "reset token", |app, token| Box::pin(spend(app, "/auth/reset-password", token))),
    ("the second factor", "flow to a second factor", |app, token| Box::pin(app.finish(token, "two_fa_code", WRONG))),
    ("a set-up", "flow to an enrolment", |app, token| {
        Box::pin(app.post("/auth/totp/setup").json(&json!({"flow": token})).send())
    }),
    ("a confirmation", "flow to an enrolment", |app, token| {
        Box::pin(app.post("/auth/totp/confirm").json(&json!({"flow": token, "code": WRONG})).send())
    }),
    ("the new password", "flow to a new password", |app, token| {
        let body = json!({"flow": token, "new_password": "another horse, another battery"});
        Box::pin(app.post("/auth/login/new-password").json(&body).send())
    }),
];

/// A code that is right once in a million times.
const WRONG: &str = "000000";

type Place = for<'a> fn(&'a TestApp, &'a str) -> std::pin::Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

/// One of each kind, by its name. A kind that no place takes is one that nothing is opened with.
async fn kinds(app: &TestApp) -> Vec<(&'static str, String)> {
    let expired = app.user("ada").await;
    app.advance(Duration::from_mins(16));
    let spent = app.login("ada", PASSWORD).await.expect(StatusCode::OK).body;
    app.post("/auth/refresh").json(&json!({"refresh_token": spent["refresh_token"]})).send().await;
    app.advance(Duration::from_secs(31));
    let ended = app.token("ada", PASSWORD).await;
    app.post("/auth/logout").bearer(&ended).send().await.expect(StatusCode::NO_CONTENT);

    // Each of its own account, since what opens one ends what others open.
    app.register("cat", "cat@example.com").await.expect(StatusCode::CREATED);
    let verify = token(app, "cat@example.com", MailKind::VerifyEmail).await;
    let dan = app.user("dan").await;
    change_email(app, &dan, "dan@other.example").await;
    let confirm = token(app, "dan@other.example", MailKind::ConfirmEmail).await;
    let eve = verified(app, "eve").await;
    change_email(app, &eve, "eve@other.example").await;
    spend(app, "/auth/confirm-email", &token(app, "eve@other.example", MailKind::ConfirmEmail).await).await;
    let undo = token(app, "eve@example.com", MailKind::EmailChanged).await;
    app.register("fay", "fay@example.com").await.expect(StatusCode::CREATED);
    forget(app, "fay@example.com").await;
    let reset = token(app, "fay@example.com", MailKind::ResetPassword).await;
    let enrolled = app.enrol(&app.user("bob").await).await;
    let second_factor = app.flow_of("bob").await;
    app.user("hal").await;
    app.db.must_change_password("hal").await;
    let new_password = flow(&app.login("hal", PASSWORD).await.expect_problem(403, "password_change_required"));
    app.user("grace").await;
    app.db.give_role("grace", "admin").await;
    let enrolment = app.login("grace", PASSWORD).await.expect_problem(403, "second_factor_enrolment_required");
    let enrolment = flow(&enrolment);

    let answer = app.login("ada", PASSWORD).await.expect(StatusCode::OK).body;
    let text = |name: &str| answer[name].as_str().unwrap().to_owned();
    let claims = app.portcullis.verifier().verify(&text("access_token")).unwrap();
    vec![
        ("access token", text("access_token")),
        ("refresh token", text("refresh_token")),
        ("access token that has expired", expired),
        ("access token of a session that has ended", ended),
        ("refresh token that was spent", spent["refresh_token"].as_str().unwrap().to_owned()),
        ("refresh token without its prefix", text("refresh_token").trim_start_matches("pcr_").to_owned()),
        ("access token with the prefix of another kind", format!("pcr_{}", text("access_token"))),
        ("verify token", verify.clone()),
        ("verify token without its prefix", verify.trim_start_matches("pco_").to_owned()),
        ("code", app.mailbox.code("cat@example.com").unwrap()),
        ("confirm token", confirm),
        ("undo token", undo),
        ("reset token", reset),
        ("flow to a second factor", second_factor),
        ("flow to an enrolment", enrolment),
        ("flow to a new password", new_password),
        ("recovery code", enrolled.recovery_codes[0].clone()),
        ("id of a session", claims.sid.unwrap()),
        ("id of a token", claims.jti.unwrap()),
        ("id of a user", claims.sub),
        ("password", PASSWORD.to_owned()),
    ]
}

fn flow(answer: &Answer) -> String {
    answer.body["flow"].as_str().unwrap().to_owned()
}

async fn jwt_10_every_token_opens_only_what_it_is_made_for(db: TestDb) {
    let app = TestApp::with(db, |config| config.second_factor = SecondFactorPolicy::Admins).await;
    let kinds = kinds(&app).await;
    for (place, takes, send) in PLACES {
        for (kind, token) in kinds.iter().filter(|(kind, _)| *kind != takes) {
            let answer = send(&app, token).await;
            assert!(matches!(answer.status.as_u16(), 400 | 401), "{kind} to {place}: {}", answer.body);
        }
    }
    // Last, since some are good for once.
    for (place, takes, send) in PLACES {
        let (_, token) = kinds.iter().find(|(kind, _)| *kind == takes).unwrap();
        let answer = send(&app, token).await;
        // A wrong code in the right flow is told so.
        let got_in = answer.status.is_success() || matches!(answer.code(), "invalid_second_factor" | "invalid_fields");
        assert!(got_in, "{place}: {}", answer.body);
    }
}
