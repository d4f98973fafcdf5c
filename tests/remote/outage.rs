//! Servers that are down, slow, or go away.

use std::{future::pending, time::Duration};

use futures_util::FutureExt;
use http::StatusCode;
use portcullis::jwt::{RemoteKeys, TokenError, TokenErrorKind, remote::RemoteError};

use crate::{
    server::Server,
    support::{OK, ask, build, clock, is_unavailable, key, keys, resolve, set, token, until, verifier},
};

#[tokio::test]
async fn while_the_server_has_never_answered_tokens_get_503() {
    let one = key("one");
    let server = Server::down().await;
    let clock = clock();
    let keys = keys(server.keys_url(), &clock);
    let verifier = verifier(&keys, &clock);
    assert!(!keys.is_ready());
    assert_eq!(ask(&verifier, &token(&one)).await, (StatusCode::SERVICE_UNAVAILABLE, Some(1)));
    // Nobody is asked again so soon.
    assert_eq!(ask(&verifier, &token(&one)).await, (StatusCode::SERVICE_UNAVAILABLE, Some(1)));
    assert!(is_unavailable(&verifier.verify(&token(&one)).map_err(TokenError::kind)));
    assert_eq!(server.hits("down"), 1);
    clock.advance(Duration::from_secs(1));
    assert_eq!(ask(&verifier, &token(&one)).await, (StatusCode::SERVICE_UNAVAILABLE, Some(2)));

    server.serve(set([&one]));
    clock.advance(Duration::from_secs(2));
    assert_eq!(ask(&verifier, &token(&one)).await, OK);
    assert!(keys.is_ready());
    assert_eq!(server.all_hits(), 3);
}

#[tokio::test]
async fn keys_outlive_their_server_for_a_day_and_no_longer() {
    let one = key("one");
    let server = Server::serving(set([&one])).await;
    let clock = clock();
    let keys = keys(server.keys_url(), &clock);
    keys.refresh().await.unwrap();
    server.go_down();
    let verifier = verifier(&keys, &clock).max_lifetime(Duration::from_hours(48)).leeway(Duration::from_mins(1));
    clock.advance(Duration::from_hours(24) - Duration::from_millis(1));
    assert_eq!(ask(&verifier, &token(&one)).await, OK);
    until(|| server.hits("down") == 1).await;
    clock.advance(Duration::from_millis(1));
    // Wait for the pause after the failure above, which began at some moment before.
    clock.advance(Duration::from_secs(1));
    let (status, retry_after) = ask(&verifier, &token(&one)).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(retry_after.is_some());
    assert_eq!(keys.generation(), None);

    server.serve(set([&one]));
    clock.advance(Duration::from_secs(30));
    assert_eq!(ask(&verifier, &token(&one)).await, OK);
    assert_eq!(keys.generation(), Some(1));
}

#[tokio::test]
async fn nobody_waits_for_a_refresh_while_keys_are_at_hand() {
    let one = key("one");
    let server = Server::serving(set([&one])).await;
    let clock = clock();
    let keys = keys(server.keys_url(), &clock);
    keys.refresh().await.unwrap();
    server.answer_later(|_| Box::pin(pending()));
    clock.advance(Duration::from_hours(2));
    let verifier = verifier(&keys, &clock);
    for _ in 0..100 {
        let found = verifier.resolve(&token(&one)).now_or_never();
        assert!(matches!(found, Some(Ok(_))), "it waits");
    }
    until(|| server.all_hits() == 2).await;
}

#[tokio::test]
async fn a_server_that_is_too_slow_counts_as_down() {
    let one = key("one");
    let server = Server::down().await;
    server.answer_later(|_| Box::pin(pending()));
    let clock = clock();
    let keys = build(RemoteKeys::jwks(server.keys_url()).timeout(Duration::from_secs(2)), &clock);
    assert_eq!(ask(&verifier(&keys, &clock), &token(&one)).await, (StatusCode::SERVICE_UNAVAILABLE, Some(1)));
    assert!(matches!(keys.refresh().await, Err(RemoteError::Timeout)));
    server.serve(set([&one]));
    keys.refresh().await.unwrap();
    assert_eq!(ask(&verifier(&keys, &clock), &token(&one)).await, OK);
}

#[tokio::test]
async fn a_bad_answer_keeps_the_keys_at_hand() {
    let one = key("one");
    let server = Server::serving(set([&one])).await;
    let clock = clock();
    let keys = keys(server.keys_url(), &clock);
    keys.refresh().await.unwrap();
    for document in ["", "{}", r#"{"keys":[]}"#] {
        server.serve(document.to_owned());
        keys.refresh().await.unwrap_err();
        assert_eq!(ask(&verifier(&keys, &clock), &token(&one)).await, OK);
        assert_eq!(keys.generation(), Some(1));
    }
}

#[tokio::test]
async fn a_fetcher_that_panics_counts_as_down() {
    use portcullis::jwt::remote::{Fetch, Fetching};

    struct Panics;

    impl Fetch for Panics {
        fn fetch(&self, _: http::Request<()>, _: usize) -> Fetching {
            panic!("a fetcher may do this")
        }
    }

    let clock = clock();
    let keys = build(RemoteKeys::jwks("https://id.example/keys").fetch(Panics), &clock);
    assert!(matches!(keys.refresh().await, Err(RemoteError::Abandoned)));
    assert!(matches!(keys.refresh().await, Err(RemoteError::Abandoned)));
    assert!(is_unavailable(&resolve(&verifier(&keys, &clock), &token(&key("one"))).await));
}

#[test]
fn a_runtime_that_is_gone_leaves_nobody_waiting() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let clock = clock();
    let first = runtime();
    let keys = first.block_on(async {
        let server = Server::down().await;
        keys(server.keys_url(), &clock)
    });
    drop(first);
    let found = runtime().block_on(async { resolve(&verifier(&keys, &clock), &token(&key("one"))).await });
    assert!(is_unavailable(&found), "{found:?}");
    // Without any runtime at all a verifier that never waits still answers.
    let error = verifier(&keys, &clock).verify(&token(&key("one"))).unwrap_err();
    assert!(matches!(error.kind(), TokenErrorKind::KeysUnavailable { .. }));
}

#[tokio::test]
async fn nothing_goes_on_once_nobody_holds_the_keys() {
    let server = Server::serving(set([&key("one")])).await;
    let clock = clock();
    let keys = keys(server.keys_url(), &clock);
    keys.refresh().await.unwrap();
    let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    drop(keys);
    until(|| tokio::runtime::Handle::current().metrics().num_alive_tasks() < tasks).await;
}
