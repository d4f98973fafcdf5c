//! Keys that rotate while everything else goes on.

use std::{
    collections::HashSet,
    num::NonZeroU32,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    http::{Method, StatusCode},
    routing::get,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use portcullis::{
    Principal,
    clock::{Clock, SharedClock},
    jwt::{JwtVerifier, RemoteKeys},
    vault::{KEY_SET_MAX_AGE, KeyState},
};
use serde_json::json;
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    app::{Call, PASSWORD},
    both,
    db::TestDb,
    signing_keys::{keys, kid, states, two_apps, until},
};

both![
    jwt_14_no_valid_token_loses_the_race_with_rotations_under_load,
    jwt_14_one_key_waits_however_many_race_to_rotate,
    jwt_14_a_guard_that_follows_the_key_set_refuses_no_fresh_token,
    a_flood_of_unknown_keys_hides_no_new_one,
];

async fn jwt_14_no_valid_token_loses_the_race_with_rotations_under_load(db: TestDb) {
    let (app, other) = two_apps(db, |config| {
        config.insecure_no_limits = true;
        config.session_cap = NonZeroU32::MAX;
    })
    .await;
    let other = Arc::new(other);
    let guarded = app.guarding(Router::new().route("/whoami", get(async |_: Principal| "known")));
    let tokens = Arc::new(Mutex::new(vec![app.user("ada").await]));
    let over = Arc::new(AtomicBool::new(false));
    let checked = Arc::new(AtomicUsize::new(0));
    let mut load = JoinSet::new();
    for task in 0..8 {
        let (guarded, other, tokens) = (guarded.clone(), Arc::clone(&other), Arc::clone(&tokens));
        let (over, checked) = (Arc::clone(&over), Arc::clone(&checked));
        load.spawn(async move {
            for round in 0.. {
                if over.load(Ordering::SeqCst) {
                    break;
                }
                // Mostly the newest, but the old ones too.
                let token = {
                    let tokens = tokens.lock().unwrap();
                    tokens[if round % 4 == 0 { round % tokens.len() } else { tokens.len() - 1 }].clone()
                };
                let status = if task % 2 == 0 {
                    Call::new(&guarded, Method::GET, "/whoami").bearer(&token).send().await.status
                } else {
                    other.status(&token).await
                };
                assert_eq!(status, StatusCode::OK, "round {round} of task {task}");
                checked.fetch_add(1, Ordering::SeqCst);
                if round % 50 == task {
                    let fresh = other.login().await;
                    tokens.lock().unwrap().push(fresh);
                }
            }
        });
    }
    let mut used = HashSet::new();
    for round in 0..12 {
        // Both ways, and from both sides.
        let keys = if round % 3 == 0 { other.portcullis.signing_keys() } else { keys(&app) };
        if round % 2 == 0 {
            keys.rotate_now().await.unwrap();
        } else {
            keys.rotate().await.unwrap();
            app.advance(Duration::from_mins(1));
        }
        let fresh = app.token("ada", PASSWORD).await;
        used.insert(kid(&fresh));
        tokens.lock().unwrap().push(fresh);
        let before = checked.load(Ordering::SeqCst);
        until(async || {
            assert!(load.try_join_next().is_none(), "a token was refused");
            checked.load(Ordering::SeqCst) >= before + 100
        })
        .await;
    }
    over.store(true, Ordering::SeqCst);
    load.join_all().await;
    assert!(used.len() >= 6, "{used:?}");
}

async fn jwt_14_one_key_waits_however_many_race_to_rotate(db: TestDb) {
    let (app, other) = two_apps(db, |_| ()).await;
    let mut racers = JoinSet::new();
    for racer in 0..32 {
        let keys = if racer % 2 == 0 { keys(&app) } else { other.portcullis.signing_keys() }.clone();
        racers.spawn(async move { keys.rotate().await.unwrap() });
    }
    let rotations = racers.join_all().await;
    assert_eq!(rotations.iter().filter(|rotation| rotation.is_made).count(), 1);
    assert!(rotations.iter().all(|rotation| rotation.key == rotations[0].key));
    assert_eq!(states(&app).await, [KeyState::Signing, KeyState::Published]);

    let mut racers = JoinSet::new();
    for racer in 0..32 {
        let keys = if racer % 2 == 0 { keys(&app) } else { other.portcullis.signing_keys() }.clone();
        racers.spawn(async move { keys.rotate_now().await.unwrap() });
    }
    assert!(racers.join_all().await.iter().all(|rotation| rotation.is_made));
    let states = states(&app).await;
    assert_eq!(states.len(), 34);
    assert_eq!(states.iter().filter(|state| **state == KeyState::Signing).count(), 1);
    assert_eq!(states.last(), Some(&KeyState::Signing));
}

async fn jwt_14_a_guard_that_follows_the_key_set_refuses_no_fresh_token(db: TestDb) {
    let (app, other) = two_apps(db, |_| ()).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/.well-known/jwks.json", listener.local_addr().unwrap());
    let server = tokio::spawn({
        let router = other.router.clone();
        async move { axum::serve(listener, router).await }
    });
    let clock: SharedClock = app.clock.clone();
    let remote = RemoteKeys::jwks(url).insecure_http().clock(clock.clone()).build().unwrap();
    remote.refresh().await.unwrap();
    let guard = JwtVerifier::new(remote.clone()).issuer("https://id.example").audience("https://id.example");
    let guard = guard.clock(clock).max_lifetime(Duration::from_mins(15));

    app.user("ada").await;
    let mut used = HashSet::new();
    let mut fetched_at = app.clock.now();
    for round in 0..4 {
        keys(&app).rotate().await.unwrap();
        let known = keys(&app).list().await.unwrap().into_iter().filter(|key| key.state.is_in_use()).count();
        until(async || other.kids().await.len() == known).await;
        // A different time after the last fetch in each round. The copy is used for as long as it may be.
        for _ in 0..39 + round {
            if app.clock.now().since(fetched_at) >= KEY_SET_MAX_AGE {
                remote.refresh().await.unwrap();
                fetched_at = app.clock.now();
            }
            let token = app.token("ada", PASSWORD).await;
            used.insert(kid(&token));
            assert!(guard.verify(&token).is_ok(), "round {round}, signed by {}", kid(&token));
            app.advance(Duration::from_secs(10));
        }
    }
    assert!(used.len() >= 4, "{used:?}");
    server.abort();
}

async fn a_flood_of_unknown_keys_hides_no_new_one(db: TestDb) {
    let (app, other) = two_apps(db, |_| ()).await;
    let (other, over) = (Arc::new(other), Arc::new(AtomicBool::new(false)));
    app.user("ada").await;
    let mut flood = JoinSet::new();
    for task in 0..64 {
        let (other, over) = (Arc::clone(&other), Arc::clone(&over));
        flood.spawn(async move {
            for round in 0.. {
                let header = json!({"typ": "at+jwt", "alg": "ES256", "kid": format!("{task}-{round}")}).to_string();
                let forged = format!("{}.e30.AAAA", URL_SAFE_NO_PAD.encode(header));
                assert_eq!(other.status(&forged).await, StatusCode::UNAUTHORIZED);
                if over.load(Ordering::SeqCst) {
                    break;
                }
            }
        });
    }
    for _ in 0..5 {
        keys(&app).rotate_now().await.unwrap();
        let token = app.token("ada", PASSWORD).await;
        assert_eq!(other.status(&token).await, StatusCode::OK);
    }
    over.store(true, Ordering::SeqCst);
    flood.join_all().await;
}
