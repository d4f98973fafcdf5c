//! Every kind of token there is, sent to every place that takes one. Only the right kind opens a place.

use std::{pin::Pin, time::Duration};

use axum::http::StatusCode;
use portcullis::config::SecondFactorPolicy;
use serde_json::{Value, json};

use crate::{
    app::{Answer, PASSWORD, TestApp},
    both,
    db::TestDb,
};

both![jwt_10_every_token_opens_only_what_it_is_made_for];

type Sent<'a> = Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

type Place = for<'a> fn(&'a World, &'a str) -> Sent<'a>;

/// The places that take a token: what each is called, the one kind it takes, and how that is sent there.
const PLACES: [(&str, &str, Place); 8] = [
    ("the guard", "access token", |world, token| Box::pin(world.app.get("/auth/me").bearer(token).send())),
    ("refresh", "refresh token", |world, token| world.post("/auth/refresh", json!({"refresh_token": token}))),
    ("login", "password", |world, token| world.post("/auth/login", json!({"name": "eve", "password": token}))),
    ("the flow of a second step", "flow that waits for a second factor", |world, token| {
        world.post("/auth/login/second-factor", json!({"flow": token, "recovery_code": world.recovery_code}))
    }),
    ("the code of a second step", "code of an app", |world, token| {
        world.post("/auth/login/second-factor", json!({"flow": world.flows[0], "two_fa_code": token}))
    }),
    ("the recovery code of a second step", "recovery code", |world, token| {
        world.post("/auth/login/second-factor", json!({"flow": world.flows[1], "recovery_code": token}))
    }),
    ("the flow that sets an app up", "flow that waits for an enrolment", |world, token| {
        world.post("/auth/totp/setup", json!({"flow": token}))
    }),
    ("the flow that confirms an app", "flow that waits for an enrolment", |world, token| {
        world.post("/auth/totp/confirm", json!({"flow": token, "code": "000000"}))
    }),
];

/// An app, and what places take beside the token: of ada, who has a second factor.
struct World {
    app: TestApp,
    flows: [String; 2],
    recovery_code: String,
}

impl World {
    fn post<'a>(&'a self, path: &'a str, body: Value) -> Sent<'a> {
        Box::pin(async move { self.app.post(path).json(&body).send().await })
    }
}

/// One of each kind, by its name. A kind that no place takes is one that nothing is opened with.
async fn world(db: TestDb) -> (World, Vec<(&'static str, String)>) {
    let app = TestApp::with(db, |config| {
        config.second_factor = SecondFactorPolicy::Admins;
        config.insecure_no_limits = true;
    })
    .await;
    let enrolled = app.enrol(&app.user("ada").await).await;
    let expired = app.user("eve").await;
    app.advance(Duration::from_mins(16));
    let spent = app.login("eve", PASSWORD).await.expect(StatusCode::OK).body;
    app.post("/auth/refresh").json(&json!({"refresh_token": spent["refresh_token"]})).send().await;
    app.advance(Duration::from_secs(31));
    let ended = app.token("eve", PASSWORD).await;
    app.post("/auth/logout").bearer(&ended).send().await.expect(StatusCode::NO_CONTENT);
    app.register("bob", "bob@example.com").await.expect(StatusCode::CREATED);
    app.db.make_admin("bob").await;
    let enrolment = app.login("bob", PASSWORD).await.expect_problem(403, "second_factor_enrolment_required").body;

    let answer = app.login("eve", PASSWORD).await.expect(StatusCode::OK).body;
    let text = |name: &str| answer[name].as_str().unwrap().to_owned();
    let claims = app.portcullis.verifier().verify(&text("access_token")).unwrap();
    let kinds = vec![
        ("access token", text("access_token")),
        ("refresh token", text("refresh_token")),
        ("flow that waits for a second factor", app.flow_of("ada").await),
        ("flow that waits for an enrolment", enrolment["flow"].as_str().unwrap().to_owned()),
        ("code of an app", enrolled.authenticator.code(&app)),
        ("recovery code", enrolled.recovery_codes[0].clone()),
        ("access token that has expired", expired),
        ("access token of a session that has ended", ended),
        ("refresh token that was spent", spent["refresh_token"].as_str().unwrap().to_owned()),
        ("refresh token without its prefix", text("refresh_token").trim_start_matches("pcr_").to_owned()),
        ("refresh token with the prefix of a flow", text("refresh_token").replacen("pcr_", "pcf_", 1)),
        ("access token with the prefix of another kind", format!("pcr_{}", text("access_token"))),
        ("id of a session", claims.sid.unwrap()),
        ("id of a token", claims.jti.unwrap()),
        ("id of a user", claims.sub),
        ("password", PASSWORD.to_owned()),
    ];
    let flows = [app.flow_of("ada").await, app.flow_of("ada").await];
    (World { app, flows, recovery_code: enrolled.recovery_codes[1].clone() }, kinds)
}

async fn jwt_10_every_token_opens_only_what_it_is_made_for(db: TestDb) {
    let (world, kinds) = world(db).await;
    for (place, takes, send) in PLACES {
        for (kind, token) in kinds.iter().filter(|(kind, _)| *kind != takes) {
            let answer = send(&world, token).await;
            assert!(matches!(answer.status.as_u16(), 400 | 401 | 422), "{kind} to {place}: {}", answer.body);
        }
    }
    // Last, since some are good for once.
    for (place, takes, send) in PLACES {
        let (_, token) = kinds.iter().find(|(kind, _)| *kind == takes).unwrap();
        let answer = send(&world, token).await;
        // What comes with the flow is no code of the app that was just set up: the flow is what was taken.
        let is_taken = answer.status.is_success() || answer.field_errors() == ["code: invalid_code"];
        assert!(is_taken, "{place}: {}", answer.body);
    }
}
