//! Tokens that name a key nobody has seen.

use std::{net::TcpListener, sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::FutureExt;
use http::StatusCode;
use portcullis::jwt::{RemoteKeys, SigningKey, TokenErrorKind};
use serde_json::json;
use tokio::{sync::Semaphore, task::JoinSet};

use crate::{
    server::{Server, ok},
    support::{OK, REFUSED, ask, build, clock, key, keys, resolve, set, token, verifier},
};

/// A token that nobody has signed.
fn forged(kid: &str) -> String {
    let header = json!({ "typ": "at+jwt", "alg": "ES256", "kid": kid }).to_string();
    format!("{}.e30.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode([0; 64]))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_unknown_ids_causes_two_fetches_at_most() {
    let one = key("one");
    let server = Server::serving(set([&one])).await;
    let clock = clock();
    let verifier = verifier(&keys(server.keys_url(), &clock), &clock);
    let mut flood = JoinSet::new();
    for number in 0..10_000 {
        let attacked = verifier.clone();
        flood.spawn(async move { ask(&attacked, &forged(&format!("random-{number}"))).await });
        if number % 100 == 0 {
            assert_eq!(ask(&verifier, &token(&one)).await, OK);
        }
    }
    for answer in flood.join_all().await {
        assert_eq!(answer, REFUSED);
    }
    assert!(server.all_hits() <= 2, "{} fetches", server.all_hits());
}

/// The fetches that each of these tokens causes, one after the other, so many seconds apart.
async fn fetches(tokens: &[(u64, &str)]) -> Vec<usize> {
    let server = Server::serving(set([&key("one")])).await;
    let clock = clock();
    let keys = keys(server.keys_url(), &clock);
    keys.refresh().await.unwrap();
    let verifier = verifier(&keys, &clock);
    let mut fetches = Vec::new();
    let mut before = server.all_hits();
    for (seconds, kid) in tokens {
        clock.advance(Duration::from_secs(*seconds));
        assert_eq!(resolve(&verifier, &forged(kid)).await, Err(TokenErrorKind::UnknownKey));
        fetches.push(server.all_hits() - before);
        before = server.all_hits();
    }
    fetches
}

#[tokio::test]
async fn an_unknown_id_causes_a_fetch_once_in_a_cool_down() {
    assert_eq!(fetches(&[(0, "a"), (0, "b"), (29, "c"), (1, "d")]).await, [1, 0, 0, 1]);
}

#[tokio::test]
async fn an_id_that_was_not_found_is_not_looked_for_again_soon() {
    assert_eq!(fetches(&[(0, "a"), (40, "a"), (0, "b"), (40, "b"), (40, "a"), (0, "c")]).await, [1, 0, 1, 0, 0, 1]);
}

#[tokio::test]
async fn an_id_that_was_not_found_is_found_once_it_is_published() {
    let (one, two) = (key("one"), key("two"));
    let server = Server::serving(set([&one])).await;
    let clock = clock();
    let keys = keys(server.keys_url(), &clock);
    let verifier = verifier(&keys, &clock);
    assert_eq!(ask(&verifier, &token(&one)).await, OK);
    assert_eq!(ask(&verifier, &token(&two)).await, REFUSED);
    server.serve(set([&one, &two]));
    keys.refresh().await.unwrap();
    assert_eq!(ask(&verifier, &token(&two)).await, OK);
}

#[tokio::test]
async fn a_token_without_an_id_causes_no_fetch() {
    let header = URL_SAFE_NO_PAD.encode(json!({ "typ": "at+jwt", "alg": "ES256" }).to_string());
    let server = Server::serving(set([&key("one"), &key("two")])).await;
    let clock = clock();
    let keys = keys(server.keys_url(), &clock);
    keys.refresh().await.unwrap();
    assert_eq!(ask(&verifier(&keys, &clock), &format!("{header}.e30.AAAA")).await, REFUSED);
    assert_eq!(server.all_hits(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_first_requests_that_race_share_one_fetch() {
    let one = key("one");
    let server = Server::down().await;
    let gate = Arc::new(Semaphore::new(0));
    let (document, at_gate) = (set([&one]), Arc::clone(&gate));
    server.answer_later(move |_| {
        let (document, gate) = (document.clone(), Arc::clone(&at_gate));
        Box::pin(async move {
            gate.acquire().await.unwrap().forget();
            ok(document)
        })
    });
    let clock = clock();
    let verifier = verifier(&keys(server.keys_url(), &clock), &clock);
    let token = token(&one);
    let mut requests = JoinSet::new();
    for _ in 0..100 {
        let (verifier, token) = (verifier.clone(), token.clone());
        requests.spawn(async move { ask(&verifier, &token).await });
    }
    // One for all of them; a second fetch would wait for ever.
    gate.add_permits(1);
    for answer in requests.join_all().await {
        assert_eq!(answer, OK);
    }
    assert_eq!(server.all_hits(), 1);
}

#[tokio::test]
async fn requests_that_go_away_disturb_nobody() {
    let (one, two) = (key("one"), key("two"));
    let server = Server::serving(set([&one])).await;
    let clock = clock();
    let keys = keys(server.keys_url(), &clock);
    keys.refresh().await.unwrap();
    let verifier = verifier(&keys, &clock);
    server.serve(set([&one, &two]));
    // Asked once, so that the fetch is under way, and then gone.
    let token = token(&two);
    assert!(verifier.resolve(&token).now_or_never().is_none(), "it should wait for a fetch");
    assert_eq!(resolve(&verifier, &token).await, Ok("u1".to_owned()));
    assert_eq!(server.all_hits(), 2);
}

#[tokio::test]
async fn a_fetch_that_fails_leaves_an_unknown_id_undecided() {
    let (one, two) = (key("one"), key("two"));
    let server = Server::serving(set([&one])).await;
    let clock = clock();
    let keys = keys(server.keys_url(), &clock);
    keys.refresh().await.unwrap();
    server.go_down();
    let verifier = verifier(&keys, &clock);
    assert_eq!(ask(&verifier, &token(&two)).await, (StatusCode::SERVICE_UNAVAILABLE, Some(1)));
    assert_eq!(ask(&verifier, &token(&one)).await, OK);
    server.serve(set([&one, &two]));
    clock.advance(Duration::from_secs(1));
    assert_eq!(ask(&verifier, &token(&two)).await, OK);
}

#[tokio::test]
async fn jwt_3_nothing_a_token_points_at_is_fetched() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    let one = key("one");
    let server = Server::serving(set([&one])).await;
    let clock = clock();
    let keys = build(RemoteKeys::jwks(server.keys_url()), &clock);
    keys.refresh().await.unwrap();
    let verifier = verifier(&keys, &clock);
    for (name, kid) in [("jku", "one"), ("x5u", "one"), ("jku", "unknown"), ("x5u", "unknown")] {
        let mut header = json!({ "typ": "at+jwt", "alg": "ES256", "kid": kid });
        header[name] = json!(url);
        let token = signed(&one, &header.to_string());
        assert_eq!(resolve(&verifier, &token).await, Err(TokenErrorKind::ForbiddenHeader), "{name}");
    }
    assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    assert_eq!(server.all_hits(), 1);
}

/// A good token of this key under another header. It is refused before anybody looks at the signature.
fn signed(key: &SigningKey, header: &str) -> String {
    let (_, rest) = token(key).split_once('.').map(|(header, rest)| (header.to_owned(), rest.to_owned())).unwrap();
    format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header))
}
