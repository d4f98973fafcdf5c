//! Every kind of token there is, sent to every place that takes one. Only the right kind opens a place.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::json;

use crate::{
    app::{Answer, PASSWORD, TestApp},
    both,
    db::TestDb,
};

both![jwt_10_every_token_opens_only_what_it_is_made_for];

/// The places that take a token: what each is called, the one kind it takes, and how that is sent there.
const PLACES: [(&str, &str, Place); 2] = [
    ("the guard", "access token", |app, token| Box::pin(app.get("/auth/me").bearer(token).send())),
    ("refresh", "refresh token", |app, token| {
        Box::pin(app.post("/auth/refresh").json(&json!({"refresh_token": token})).send())
    }),
];

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
        ("id of a session", claims.sid.unwrap()),
        ("id of a token", claims.jti.unwrap()),
        ("id of a user", claims.sub),
        ("password", PASSWORD.to_owned()),
    ]
}

async fn jwt_10_every_token_opens_only_what_it_is_made_for(db: TestDb) {
    let app = TestApp::new(db).await;
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
        assert_eq!(send(&app, token).await.status, StatusCode::OK, "{place}");
    }
}
