//! Keys that rotate under those who use them. Two apps on one database stand for two processes.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    http::{Method, StatusCode},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use portcullis::{
    BuildError, Portcullis,
    clock::{Clock, SystemClock, Timestamp},
    config::Config,
    jwt::Algorithm,
    password::Argon2Params,
    secret::SealingKey,
    testing::ManualClock,
    vault::{DataKey, KEY_SET_MAX_AGE, KeyState, PUBLISHED_FOR, SigningKeys, VaultError},
};
use serde_json::{Value, json};

use crate::{
    app::{Call, PASSWORD, TestApp},
    both,
    db::TestDb,
};

both![
    jwt_14_a_new_key_is_published_before_it_signs_and_the_old_one_verifies_its_last_token,
    jwt_14_a_key_made_now_signs_at_once_in_every_process,
    jwt_14_a_retired_key_is_refused_in_every_process,
    jwt_14_the_key_that_signs_is_not_retired,
    jwt_14_an_algorithm_changes_without_a_gap,
    a_key_that_is_damaged_is_left_out_unless_it_is_the_one_that_signs,
];

const MOMENT: Duration = Duration::from_millis(1);

/// The life of a token, and what comes on top before its key is gone.
const TTL: Duration = Duration::from_mins(15);
const MARGIN: Duration = Duration::from_mins(1);

pub fn master_key() -> SealingKey {
    SealingKey::from_bytes([7; 32])
}

/// An app, and another one on the same database with the same clock.
pub async fn two_apps(db: TestDb, change: impl Fn(&mut Config)) -> (TestApp, Other) {
    let clock = Arc::new(ManualClock::at(Timestamp::from_secs(1_790_000_000)));
    let app = TestApp::at(db, clock.clone(), master_key(), &change).await;
    let mut config = Config::new("https://id.example".parse().unwrap());
    config.hashing.params = Argon2Params::insecure_for_tests(8, 1, 1).unwrap();
    change(&mut config);
    let store = app.db.another().await;
    let builder = Portcullis::builder().config(config).store(store).master_key(master_key()).clock(clock);
    let portcullis = builder.build().await.unwrap();
    (app, Other { router: portcullis.router(), portcullis })
}

pub struct Other {
    pub portcullis: Portcullis,
    pub router: Router,
}

impl Other {
    pub async fn status(&self, token: &str) -> StatusCode {
        Call::new(&self.router, Method::GET, "/auth/me").bearer(token).send().await.status
    }

    pub async fn login(&self) -> String {
        let body = json!({"name": "ada", "password": PASSWORD});
        let answer = Call::new(&self.router, Method::POST, "/auth/login").json(&body).send().await;
        answer.expect(StatusCode::OK).body["access_token"].as_str().unwrap().to_owned()
    }

    pub async fn kids(&self) -> Vec<String> {
        kids_of(&Call::new(&self.router, Method::GET, "/.well-known/jwks.json").send().await.body)
    }
}

pub async fn status(app: &TestApp, token: &str) -> StatusCode {
    app.get("/auth/me").bearer(token).send().await.status
}

pub async fn published(app: &TestApp) -> Vec<String> {
    kids_of(&app.get("/.well-known/jwks.json").send().await.body)
}

fn kids_of(set: &Value) -> Vec<String> {
    set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

pub fn header(token: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap()).unwrap()
}

pub fn kid(token: &str) -> String {
    header(token)["kid"].as_str().unwrap().to_owned()
}

pub fn keys(app: &TestApp) -> &SigningKeys {
    app.portcullis.signing_keys()
}

pub async fn states(app: &TestApp) -> Vec<KeyState> {
    keys(app).list().await.unwrap().into_iter().map(|key| key.state).collect()
}

/// Waits until something that happens by itself has happened.
pub async fn until(mut happened: impl AsyncFnMut() -> bool) {
    while !happened().await {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn jwt_14_a_new_key_is_published_before_it_signs_and_the_old_one_verifies_its_last_token(db: TestDb) {
    let (app, other) = two_apps(db, |_| ()).await;
    let first = app.user("ada").await;
    let rotation = keys(&app).rotate().await.unwrap();
    let (old, new) = (kid(&first), rotation.key.kid.clone());
    assert!(rotation.is_made && PUBLISHED_FOR > KEY_SET_MAX_AGE);
    assert_eq!(published(&app).await, [old.clone(), new.clone()], "at once, where it was rotated");
    until(async || other.kids().await == [old.clone(), new.clone()]).await;
    assert_eq!((kid(&app.token("ada", PASSWORD).await), kid(&other.login().await)), (old.clone(), old.clone()));
    assert_eq!(states(&app).await, [KeyState::Signing, KeyState::Published]);

    let begins = rotation.key.signs_from;
    app.advance((begins - MOMENT).since(app.clock.now()));
    let last = other.login().await;
    assert_eq!(kid(&last), old);
    app.advance(MOMENT);
    assert_eq!((kid(&app.token("ada", PASSWORD).await), kid(&other.login().await)), (new.clone(), new.clone()));
    assert_eq!(states(&app).await, [KeyState::Old, KeyState::Signing]);

    app.advance((begins + TTL - MOMENT).since(app.clock.now()));
    assert_eq!((status(&app, &last).await, other.status(&last).await), (StatusCode::OK, StatusCode::OK));
    assert_eq!(published(&app).await, [old.clone(), new.clone()]);
    app.advance((begins + TTL + MARGIN).since(app.clock.now()));
    assert_eq!(status(&app, &last).await, StatusCode::UNAUTHORIZED);
    assert_eq!((published(&app).await, other.kids().await), (vec![new.clone()], vec![new]));
    assert_eq!(states(&app).await, [KeyState::Expired, KeyState::Signing]);
    let app = app.reopened(|_| ()).await;
    assert_eq!(published(&app).await.len(), 1);
}

async fn jwt_14_a_key_made_now_signs_at_once_in_every_process(db: TestDb) {
    let (app, other) = two_apps(db, |_| ()).await;
    let first = app.user("ada").await;
    let rotation = keys(&app).rotate_now().await.unwrap();
    let second = app.token("ada", PASSWORD).await;
    assert_eq!(kid(&second), rotation.key.kid);
    assert_eq!(rotation.key.state, KeyState::Signing);
    // The other process has never heard of this key, and looks before it refuses.
    assert_eq!(other.status(&second).await, StatusCode::OK);
    assert_eq!(kid(&other.login().await), rotation.key.kid);
    for token in [&first, &second] {
        assert_eq!((status(&app, token).await, other.status(token).await), (StatusCode::OK, StatusCode::OK));
    }
}

async fn jwt_14_a_retired_key_is_refused_in_every_process(db: TestDb) {
    for algorithm in [Algorithm::Es256, Algorithm::Hs256] {
        let db = if db.url().starts_with("sqlite:") { TestDb::sqlite().await } else { TestDb::postgres().await };
        let (app, other) = two_apps(db, |config| config.signing_algorithm = algorithm).await;
        let token = app.user("ada").await;
        // So that both remember it.
        assert_eq!((status(&app, &token).await, other.status(&token).await), (StatusCode::OK, StatusCode::OK));
        keys(&app).rotate_now().await.unwrap();
        keys(&app).retire(&kid(&token)).await.unwrap();
        app.get("/auth/me").bearer(&token).send().await.expect_problem(401, "invalid_token");
        until(async || other.status(&token).await == StatusCode::UNAUTHORIZED).await;
        assert!(!published(&app).await.contains(&kid(&token)) && !other.kids().await.contains(&kid(&token)));
        let fresh = other.login().await;
        assert_eq!((status(&app, &fresh).await, other.status(&fresh).await), (StatusCode::OK, StatusCode::OK));

        // Saying so again changes nothing, and the key does not come back.
        keys(&app).retire(&kid(&token)).await.unwrap();
        let app = app.reopened(|_| ()).await;
        assert_eq!(status(&app, &token).await, StatusCode::UNAUTHORIZED);
        assert_eq!(states(&app).await, [KeyState::Retired, KeyState::Signing]);
    }
}

async fn jwt_14_the_key_that_signs_is_not_retired(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    let refused = keys(&app).retire(&kid(&token)).await.unwrap_err();
    assert!(matches!(&refused, VaultError::StillSigning { kid: named } if *named == kid(&token)));
    assert!(refused.to_string().contains("key rotate --now"), "{refused}");
    assert!(matches!(keys(&app).retire("nobody").await, Err(VaultError::UnknownKey { .. })));
    assert_eq!(status(&app, &token).await, StatusCode::OK);

    let waiting = keys(&app).rotate().await.unwrap().key.kid;
    assert!(keys(&app).retire(&kid(&token)).await.is_err());
    assert_eq!(keys(&app).retire(&waiting).await.unwrap().state, KeyState::Retired);
    app.advance(PUBLISHED_FOR * 2);
    assert_eq!(kid(&app.token("ada", PASSWORD).await), kid(&token));
}

async fn jwt_14_an_algorithm_changes_without_a_gap(db: TestDb) {
    let mut app = TestApp::with(db, |config| config.signing_algorithm = Algorithm::Hs256).await;
    let mut tokens = vec![app.user("ada").await];
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Hs256] {
        app = app.reopened(|config| config.signing_algorithm = algorithm).await;
        let before = app.token("ada", PASSWORD).await;
        assert_eq!(header(&before)["alg"], header(tokens.last().unwrap())["alg"], "only the next rotation changes it");
        keys(&app).rotate_now().await.unwrap();
        let after = app.token("ada", PASSWORD).await;
        assert_eq!(header(&after)["alg"], algorithm.as_str());
        tokens.extend([before, after]);
        for token in &tokens {
            assert_eq!(status(&app, token).await, StatusCode::OK, "{}", header(token));
        }
    }
    let kinds = app.get("/.well-known/jwks.json").send().await.body;
    let kinds: Vec<_> = kinds["keys"].as_array().unwrap().iter().map(|key| key["kty"].clone()).collect();
    assert_eq!(kinds, ["EC", "OKP"]);
}

async fn a_key_that_is_damaged_is_left_out_unless_it_is_the_one_that_signs(db: TestDb) {
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    let app = TestApp::at(db, clock, master_key(), |_| ()).await;
    let first = app.user("ada").await;
    let second = keys(&app).rotate_now().await.unwrap().key.kid;
    app.db.spoil_signing_key(&kid(&first)).await;
    assert_eq!(status(&app, &first).await, StatusCode::OK, "it is in use");

    let app = app.reopened(|_| ()).await;
    assert_eq!(status(&app, &first).await, StatusCode::UNAUTHORIZED);
    assert_eq!(kid(&app.token("ada", PASSWORD).await), second);

    app.db.spoil_signing_key(&second).await;
    let db = app.db.reopened().await;
    let config = Config::new("https://id.example".parse().unwrap());
    let builder = || Portcullis::builder().config(config.clone()).store(db.store.clone()).master_key(master_key());
    let refused = builder().build().await.unwrap_err();
    assert!(matches!(&refused, BuildError::Vault(VaultError::Damaged { kid }) if *kid == second), "{refused}");

    // What the command line does then.
    let data_key = DataKey::open(db.store.as_ref(), &master_key(), SystemClock.now()).await.unwrap();
    let keys = SigningKeys::open(db.store.clone(), data_key, &config, SystemClock::shared()).await.unwrap();
    keys.rotate_now().await.unwrap();
    builder().build().await.unwrap();
}
