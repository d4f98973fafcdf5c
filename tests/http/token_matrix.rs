//! Every kind of token there is, sent to every place that takes one. Only the right kind opens a place.

use std::{pin::Pin, time::Duration};

use axum::http::{Method, StatusCode};
use portcullis::{
    Scopes,
    access::{Role, RoleName},
    config::SecondFactorPolicy,
    mail::MailKind,
    session::Device,
};
use serde_json::{Value, json};

use crate::{
    app::{Answer, PASSWORD, TestApp},
    both,
    db::TestDb,
    mailed::{change_email, forget, token, verified},
};

both![jwt_10_every_token_opens_only_what_it_is_made_for];

type Sent<'a> = Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

type Place = for<'a> fn(&'a World, &'a str) -> Sent<'a>;

/// The places that take a token: what each is called, the kinds it takes, and how one is sent there.
const PLACES: [(&str, &[&str], Place); 19] = [
    ("the guard", &["access token", "API key"], |world, token| {
        Box::pin(world.app.get("/auth/me").bearer(token).send())
    }),
    // The guard reads one kind of credential from both headers, and tells by itself whether it is a token or a key.
    ("the guard by the other header", &["access token", "API key"], |world, token| {
        Box::pin(world.app.get("/auth/me").header("x-api-key", token).send())
    }),
    ("a route for people", &["access token"], |world, token| {
        Box::pin(world.app.get("/auth/sessions").bearer(token).send())
    }),
    ("refresh", &["refresh token"], |world, token| world.post("/auth/refresh", json!({"refresh_token": token}))),
    ("login", &["password"], |world, token| world.post("/auth/login", json!({"name": "ada", "password": token}))),
    ("looking at a link", &["verify token"], |world, token| {
        Box::pin(world.app.get(&format!("/auth/verify-email?token={}", token.replace(' ', "+"))).send())
    }),
    ("confirming an address", &["verify token"], |world, token| world.spend("/auth/verify-email", token)),
    ("confirming an address by code", &["code"], |world, token| {
        world.post("/auth/verify-email", json!({"email": "ivy@example.com", "code": token}))
    }),
    ("confirming another address", &["confirm token"], |world, token| world.spend("/auth/confirm-email", token)),
    ("restoring an address", &["undo token"], |world, token| world.spend("/auth/undo-email", token)),
    ("setting a password", &["reset token"], |world, token| world.spend("/auth/reset-password", token)),
    ("the flow of a second step", &["flow to a second factor"], |world, token| {
        world.post("/auth/login/second-factor", json!({"flow": token, "recovery_code": world.recovery_code}))
    }),
    ("the code of a second step", &["code of an app"], |world, token| {
        world.post("/auth/login/second-factor", json!({"flow": world.flows[0], "two_fa_code": token}))
    }),
    ("the recovery code of a second step", &["recovery code"], |world, token| {
        world.post("/auth/login/second-factor", json!({"flow": world.flows[1], "recovery_code": token}))
    }),
    ("a set-up", &["flow to an enrolment"], |world, token| world.post("/auth/totp/setup", json!({"flow": token}))),
    ("a confirmation", &["flow to an enrolment"], |world, token| {
        world.post("/auth/totp/confirm", json!({"flow": token, "code": "000000"}))
    }),
    ("the new password", &["flow to a new password"], |world, token| {
        world.post("/auth/login/new-password", json!({"flow": token, "new_password": "another horse, another battery"}))
    }),
    ("making a key", &["access token"], |world, token| {
        let body = json!({"name": "another", "scopes": ["notes:read"]});
        Box::pin(world.app.post("/auth/api-keys").bearer(token).json(&body).send())
    }),
    ("leaving", &["access token"], |world, token| {
        Box::pin(world.app.request(Method::DELETE, "/auth/me").bearer(token).send())
    }),
];

/// An app, and what places take beside the token: of bob, who has a second factor.
struct World {
    app: TestApp,
    flows: [String; 2],
    recovery_code: String,
}

impl World {
    fn post<'a>(&'a self, path: &'a str, body: Value) -> Sent<'a> {
        Box::pin(async move { self.app.post(path).json(&body).send().await })
    }

    fn spend<'a>(&'a self, path: &'a str, token: &'a str) -> Sent<'a> {
        Box::pin(crate::mailed::spend(&self.app, path, token))
    }
}

/// One of each kind, by its name. A kind that no place takes is one that nothing is opened with.
async fn world(db: TestDb) -> (World, Vec<(&'static str, String)>) {
    let app = TestApp::with(db, |config| {
        config.second_factor = SecondFactorPolicy::Admins;
        config.insecure_no_limits = true;
    })
    .await;
    let enrolled = app.enrol(&app.user("bob").await).await;
    let role = Role { name: RoleName::parse("author").unwrap(), scopes: Scopes::parse("notes:read") };
    app.portcullis.accounts().set_role(role, &Device::default()).await.unwrap();
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    app.db.give_role("ada", "author").await;
    let expired = app.token("ada", PASSWORD).await;
    app.advance(Duration::from_mins(16));
    let spent = app.login("ada", PASSWORD).await.expect(StatusCode::OK).body;
    app.post("/auth/refresh").json(&json!({"refresh_token": spent["refresh_token"]})).send().await;
    app.advance(Duration::from_secs(31));
    let ended = app.token("ada", PASSWORD).await;
    app.post("/auth/logout").bearer(&ended).send().await.expect(StatusCode::NO_CONTENT);

    // Each of its own account, since what opens one ends what others open.
    app.register("cat", "cat@example.com").await.expect(StatusCode::CREATED);
    let verify = token(&app, "cat@example.com", MailKind::VerifyEmail).await;
    app.register("ivy", "ivy@example.com").await.expect(StatusCode::CREATED);
    token(&app, "ivy@example.com", MailKind::VerifyEmail).await;
    let code = app.mailbox.code("ivy@example.com").unwrap();
    let dan = app.user("dan").await;
    change_email(&app, &dan, "dan@other.example").await;
    let confirm = token(&app, "dan@other.example", MailKind::ConfirmEmail).await;
    let eve = verified(&app, "eve").await;
    change_email(&app, &eve, "eve@other.example").await;
    let confirmed = token(&app, "eve@other.example", MailKind::ConfirmEmail).await;
    crate::mailed::spend(&app, "/auth/confirm-email", &confirmed).await.expect(StatusCode::OK);
    let undo = token(&app, "eve@example.com", MailKind::EmailChanged).await;
    app.register("fay", "fay@example.com").await.expect(StatusCode::CREATED);
    forget(&app, "fay@example.com").await;
    let reset = token(&app, "fay@example.com", MailKind::ResetPassword).await;
    app.user("hal").await;
    app.db.must_change_password("hal").await;
    let new_password = flow(&app.login("hal", PASSWORD).await.expect_problem(403, "password_change_required"));
    app.user("grace").await;
    app.db.give_role("grace", "admin").await;
    let enrolment = app.login("grace", PASSWORD).await.expect_problem(403, "second_factor_enrolment_required");

    let answer = app.login("ada", PASSWORD).await.expect(StatusCode::OK).body;
    let text = |name: &str| answer[name].as_str().unwrap().to_owned();
    let claims = app.portcullis.verifier().verify(&text("access_token")).unwrap();
    let (key, _) = api_key(&app, &text("access_token")).await;
    let (deleted_key, id) = api_key(&app, &text("access_token")).await;
    let deleted = app.request(Method::DELETE, &format!("/auth/api-keys/{id}")).bearer(&text("access_token"));
    deleted.send().await.expect(StatusCode::NO_CONTENT);
    let kinds = vec![
        ("access token", text("access_token")),
        ("refresh token", text("refresh_token")),
        ("access token that has expired", expired),
        ("access token of a session that has ended", ended),
        ("refresh token that was spent", spent["refresh_token"].as_str().unwrap().to_owned()),
        ("refresh token without its prefix", text("refresh_token").trim_start_matches("pcr_").to_owned()),
        ("refresh token with the prefix of a flow", text("refresh_token").replacen("pcr_", "pcf_", 1)),
        ("access token with the prefix of another kind", format!("pcr_{}", text("access_token"))),
        ("API key", key.clone()),
        ("API key that was deleted", deleted_key),
        ("secret of an API key", key.split('_').nth(2).unwrap().to_owned()),
        ("id of an API key", key.split('_').nth(1).unwrap().to_owned()),
        ("verify token", verify.clone()),
        ("verify token without its prefix", verify.trim_start_matches("pco_").to_owned()),
        ("confirm token that was spent", confirmed),
        ("code", code),
        ("confirm token", confirm),
        ("undo token", undo),
        ("reset token", reset),
        ("flow to a second factor", app.flow_of("bob").await),
        ("flow to an enrolment", flow(&enrolment)),
        ("flow to a new password", new_password),
        ("code of an app", enrolled.authenticator.code(&app)),
        ("recovery code", enrolled.recovery_codes[0].clone()),
        ("id of a session", claims.sid.unwrap()),
        ("id of a token", claims.jti.unwrap()),
        ("id of a user", claims.sub),
        ("password", PASSWORD.to_owned()),
    ];
    let flows = [app.flow_of("bob").await, app.flow_of("bob").await];
    (World { app, flows, recovery_code: enrolled.recovery_codes[1].clone() }, kinds)
}

async fn api_key(app: &TestApp, token: &str) -> (String, String) {
    let body = json!({"name": "backup", "scopes": ["notes:read"]});
    let made = app.post("/auth/api-keys").bearer(token).json(&body).send().await.expect(StatusCode::CREATED).body;
    (made["key"].as_str().unwrap().to_owned(), made["id"].as_str().unwrap().to_owned())
}

fn flow(answer: &Answer) -> String {
    answer.body["flow"].as_str().unwrap().to_owned()
}

async fn jwt_10_every_token_opens_only_what_it_is_made_for(db: TestDb) {
    let (world, kinds) = world(db).await;
    for (place, takes, send) in PLACES {
        for (kind, token) in kinds.iter().filter(|(kind, _)| !takes.contains(kind)) {
            let answer = send(&world, token).await;
            assert!(is_refused(&answer), "{kind} to {place}: {} {}", answer.status, answer.body);
        }
    }
    // Last, since some are good for once.
    for (place, takes, send) in PLACES {
        for (kind, token) in kinds.iter().filter(|(kind, _)| takes.contains(kind)) {
            let answer = send(&world, token).await;
            assert!(is_taken(&answer), "{kind} to {place}: {} {}", answer.status, answer.body);
        }
    }
}

fn is_refused(answer: &Answer) -> bool {
    matches!(answer.status.as_u16(), 400 | 401 | 422) || answer.body == json!({"valid": false})
}

fn is_taken(answer: &Answer) -> bool {
    // What comes with the flow is no code of the app that was just set up: the flow is what was taken.
    let is_wrong_code = answer.field_errors() == ["code: invalid_code"];
    (answer.status.is_success() || is_wrong_code) && answer.body != json!({"valid": false})
}
