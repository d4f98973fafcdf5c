//! Keys that change while they are used.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::FutureExt;
use portcullis::jwt::{RemoteKeys, SigningKey, TokenErrorKind};
use tokio::{sync::Semaphore, task::JoinSet};

use crate::{
    server::{Server, ok},
    support::{OK, REFUSED, ask, clock, key, keys, resolve, set, token, until, verifier},
};

#[tokio::test(flavor = "multi_thread")]
async fn no_fresh_token_loses_the_race_with_a_rotation_under_load() {
    let mut published: Vec<SigningKey> = vec![key("0")];
    let server = Server::serving(set(&published)).await;
    let clock = clock();
    let keys = keys(server.keys_url(), &clock);
    keys.refresh().await.unwrap();
    let verifier = verifier(&keys, &clock);
    let fresh = Arc::new(Mutex::new(token(&published[0])));
    let over = Arc::new(AtomicBool::new(false));
    let checked = Arc::new(AtomicUsize::new(0));
    let mut load = JoinSet::new();
    for _ in 0..8 {
        let (verifier, fresh, over) = (verifier.clone(), Arc::clone(&fresh), Arc::clone(&over));
        let checked = Arc::clone(&checked);
        load.spawn(async move {
            while !over.load(Ordering::SeqCst) {
                let token = fresh.lock().unwrap().clone();
                assert_eq!(resolve(&verifier, &token).await, Ok("u1".to_owned()));
                checked.fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
            }
        });
    }
    for round in 1..=20 {
        published.push(key(&round.to_string()));
        server.serve(set(&published));
        clock.advance(Duration::from_secs(31));
        *fresh.lock().unwrap() = token(published.last().unwrap());
        let before = checked.load(Ordering::SeqCst);
        until(|| checked.load(Ordering::SeqCst) >= before + 50 || load.is_empty()).await;
    }
    over.store(true, Ordering::SeqCst);
    load.join_all().await;
    assert_eq!(keys.generation(), Some(21));
}

#[tokio::test]
async fn keys_are_fetched_again_in_time_where_nobody_asks_for_them() {
    let server = Server::serving(set([&key("one")])).await;
    let every_second = Duration::from_secs(1)..=Duration::from_secs(1);
    let keys = RemoteKeys::jwks(server.keys_url()).insecure_http().refresh_every(every_second).build().unwrap();
    until(|| server.all_hits() == 2).await;
    drop(keys);
}

#[tokio::test]
async fn a_key_that_is_withdrawn_is_believed_until_the_next_refresh() {
    let (old, new) = (key("old"), key("new"));
    let server = Server::serving(set([&old])).await;
    let clock = clock();
    let keys = keys(server.keys_url(), &clock);
    let verifier = verifier(&keys, &clock);
    assert_eq!(ask(&verifier, &token(&old)).await, OK);
    server.serve(set([&new]));
    keys.refresh().await.unwrap();
    assert_eq!(keys.generation(), Some(2));
    assert_eq!(ask(&verifier, &token(&old)).await, REFUSED);
    assert_eq!(ask(&verifier, &token(&new)).await, OK);
}

#[tokio::test]
async fn another_key_under_the_same_id_takes_its_place() {
    let (old, new) = (key("1"), key("1"));
    let server = Server::serving(set([&old])).await;
    let clock = clock();
    let keys = keys(server.keys_url(), &clock);
    let verifier = verifier(&keys, &clock);
    assert_eq!(ask(&verifier, &token(&old)).await, OK);
    server.serve(set([&new]));
    keys.refresh().await.unwrap();
    assert_eq!(resolve(&verifier, &token(&old)).await, Err(TokenErrorKind::BadSignature));
    assert_eq!(ask(&verifier, &token(&new)).await, OK);
}

#[tokio::test]
async fn a_fetch_that_began_before_a_key_was_published_is_not_the_last_word() {
    let (old, new) = (key("old"), key("new"));
    let server = Server::serving(set([&old])).await;
    let clock = clock();
    let keys = keys(server.keys_url(), &clock);
    keys.refresh().await.unwrap();
    let gate = Arc::new(Semaphore::new(0));
    let (stale, at_gate) = (set([&old]), Arc::clone(&gate));
    server.answer_later(move |_| {
        let (stale, gate) = (stale.clone(), Arc::clone(&at_gate));
        Box::pin(async move {
            gate.acquire().await.unwrap().forget();
            ok(stale)
        })
    });
    let slow = tokio::spawn({
        let keys = keys.clone();
        async move { keys.refresh().await }
    });
    until(|| server.all_hits() == 2).await;

    server.serve(set([&old, &new]));
    let verifier = verifier(&keys, &clock);
    let token = token(&new);
    let mut found = Box::pin(resolve(&verifier, &token));
    assert!(found.as_mut().now_or_never().is_none(), "it should wait for the fetch that is under way");
    gate.add_permits(1);
    assert_eq!(found.await, Ok("u1".to_owned()));
    slow.await.unwrap().unwrap();
    assert_eq!(server.all_hits(), 3);
}
