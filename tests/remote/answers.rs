//! What may be in an answer: key sets, good and bad, and things that are none.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{
    Response, StatusCode,
    header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH},
};
use portcullis::jwt::{
    Algorithm, KeyError, RemoteKeys, SigningKey, TokenErrorKind,
    remote::{Fetch, Fetching, RemoteConfigError, RemoteError},
};
use serde_json::{Value, json};

use crate::{
    server::{Server, ok, status},
    support::{build, clock, is_unavailable, jwk, key, keys, resolve, set, set_of, token, until, verifier},
};

/// What a first fetch of this document comes to.
async fn fetched(document: String) -> Result<(), RemoteError> {
    let server = Server::serving(document).await;
    keys(server.keys_url(), &clock()).refresh().await
}

#[tokio::test]
async fn a_token_by_a_published_key_passes() {
    let (one, two) = (key("one"), key("two"));
    let server = Server::serving(set([&one, &two])).await;
    let clock = clock();
    let keys = keys(server.keys_url(), &clock);
    assert_eq!(resolve(&verifier(&keys, &clock), &token(&two)).await, Ok("u1".to_owned()));
    assert_eq!(keys.generation(), Some(1));
    // What is at hand now needs no waiting.
    assert_eq!(verifier(&keys, &clock).verify(&token(&one)).unwrap().sub, "u1");
    assert_eq!(server.all_hits(), 1);
}

#[tokio::test]
async fn a_bad_key_does_not_spoil_the_set() {
    let good = key("good");
    let with = |name: &str, value: Value| {
        let mut jwk = jwk(&key(name));
        jwk[name] = value;
        jwk
    };
    let twice = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let bad = vec![
        json!(7),
        json!({}),
        json!({ "kty": "oct", "kid": "oct", "k": "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlY3JldCBzZWNyZXQ" }),
        json!({ "kty": "RSA", "kid": "small", "n": "AQAB", "e": "AQAB" }),
        json!({ "kty": "EC", "kid": "p384", "crv": "P-384", "x": "AA", "y": "AA" }),
        with("use", json!("enc")),
        with("alg", json!("ES384")),
        with("d", json!("AAAA")),
        with("x", json!("AAAA")),
        with("kid", json!("")),
        with("kid", json!("k".repeat(257))),
        jwk(&twice.with_kid("twice").unwrap()),
        jwk(&key("twice")),
    ];
    let bad_tokens = [token(&key("oct")), token(&key("twice"))];
    let server = Server::serving(set_of(&[bad, vec![jwk(&good)]].concat())).await;
    let clock = clock();
    let keys = keys(server.keys_url(), &clock);
    assert_eq!(resolve(&verifier(&keys, &clock), &token(&good)).await, Ok("u1".to_owned()));
    for token in bad_tokens {
        assert_eq!(resolve(&verifier(&keys, &clock), &token).await, Err(TokenErrorKind::UnknownKey));
    }
}

#[tokio::test]
async fn garbage_is_no_key_set() {
    let sets = ["", "null", "[]", "{}", "<html>", r#"{"keys":{}}"#, r#"{"keys":[],"keys":[]}"#, "{\"keys\":["];
    for document in sets {
        let error = fetched(document.to_owned()).await.unwrap_err();
        assert!(matches!(&error, RemoteError::Keys(error) if matches!(**error, KeyError::Unsupported)), "{document}");
    }
    let error = fetched(set_of(&[])).await.unwrap_err();
    assert!(matches!(error, RemoteError::Keys(error) if matches!(*error, KeyError::NoKeys)));
    let server = Server::answering(|_| ok(Bytes::from_static(b"\xff\xfe"))).await;
    assert!(matches!(keys(server.keys_url(), &clock()).refresh().await, Err(RemoteError::Keys(_))));
}

#[tokio::test]
async fn a_set_of_too_many_keys_is_refused() {
    let many = |count| set_of(&(0..count).map(|number| json!({ "kid": number.to_string() })).collect::<Vec<_>>());
    let error = fetched(many(101)).await.unwrap_err();
    assert!(matches!(error, RemoteError::Keys(error) if matches!(*error, KeyError::TooManyKeys)));
    let error = fetched(many(100)).await.unwrap_err();
    assert!(matches!(error, RemoteError::Keys(error) if matches!(*error, KeyError::NoKeys)));
}

#[tokio::test]
async fn a_huge_body_is_refused() {
    let document = set([&key("one")]);
    let padded = |length: usize| format!("{document}{}", " ".repeat(length - document.len()));
    assert!(fetched(padded(256 * 1024)).await.is_ok());
    assert!(matches!(fetched(padded(256 * 1024 + 1)).await, Err(RemoteError::TooLarge)));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Server::serving(set([&key("one")])).await;
    let target = elsewhere.keys_url();
    for code in [301, 302, 303, 307, 308] {
        let target = target.clone();
        let server = Server::answering(move |_| {
            let redirect = Response::builder().status(code).header("location", &target);
            redirect.body(ok("").into_body()).unwrap()
        })
        .await;
        let error = keys(server.keys_url(), &clock()).refresh().await.unwrap_err();
        assert!(matches!(error, RemoteError::Status(status) if status.as_u16() == code));
    }
    assert_eq!(elsewhere.all_hits(), 0);
}

#[tokio::test]
async fn only_200_is_an_answer() {
    let document = set([&key("one")]);
    for code in [201, 204, 206, 304, 400, 404, 500, 503] {
        let document = document.clone();
        let server = Server::answering(move |_| {
            let mut answer = ok(document.clone());
            *answer.status_mut() = StatusCode::from_u16(code).unwrap();
            answer
        })
        .await;
        let error = keys(server.keys_url(), &clock()).refresh().await.unwrap_err();
        assert!(matches!(error, RemoteError::Status(status) if status.as_u16() == code), "{code}: {error}");
    }
}

#[tokio::test]
async fn an_unchanged_set_is_confirmed_by_its_etag() {
    let one = key("one");
    let document = set([&one]);
    let confirmed = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&confirmed);
    let server = Server::answering(move |request| {
        if request.headers().get(IF_NONE_MATCH).is_some_and(|etag| etag == "\"v1\"") {
            flag.store(true, Ordering::SeqCst);
            return status(StatusCode::NOT_MODIFIED);
        }
        let mut answer = ok(document.clone());
        answer.headers_mut().insert(ETAG, "\"v1\"".parse().unwrap());
        answer
    })
    .await;
    let clock = clock();
    let keys = keys(server.keys_url(), &clock);
    keys.refresh().await.unwrap();
    clock.advance(Duration::from_hours(20));
    keys.refresh().await.unwrap();
    assert!(confirmed.load(Ordering::SeqCst));
    assert_eq!(keys.generation(), Some(1));
    // Confirmed keys are as good as new ones: a day from then on, not from the first fetch.
    server.go_down();
    clock.advance(Duration::from_hours(20));
    assert!(keys.is_ready());
}

#[tokio::test]
async fn the_same_document_again_changes_nothing() {
    let server = Server::serving(set([&key("one")])).await;
    let keys = keys(server.keys_url(), &clock());
    keys.refresh().await.unwrap();
    keys.refresh().await.unwrap();
    assert_eq!(keys.generation(), Some(1));
    server.serve(set([&key("one")]));
    keys.refresh().await.unwrap();
    assert_eq!(keys.generation(), Some(2));
}

#[tokio::test]
async fn max_age_decides_when_keys_are_fetched_again_within_bounds() {
    let cases = [("max-age=300", 300), ("max-age=1", 60), ("no-store", 60), ("max-age=86400", 3600), ("public", 600)];
    for (cache_control, due) in cases {
        let clock = clock();
        let one = key("one");
        let document = set([&one]);
        let server = Server::answering(move |_| {
            let mut answer = ok(document.clone());
            answer.headers_mut().insert(CACHE_CONTROL, cache_control.parse().unwrap());
            answer
        })
        .await;
        let keys = keys(server.keys_url(), &clock);
        keys.refresh().await.unwrap();
        let verifier = verifier(&keys, &clock);
        clock.advance(Duration::from_secs(due - 1));
        assert_eq!(resolve(&verifier, &token(&one)).await, Ok("u1".to_owned()));
        assert_eq!(server.all_hits(), 1, "{cache_control}");
        clock.advance(Duration::from_secs(1));
        assert_eq!(resolve(&verifier, &token(&one)).await, Ok("u1".to_owned()));
        until(|| server.all_hits() == 2).await;
    }
}

#[tokio::test]
async fn another_way_of_fetching_is_held_to_the_same_limits() {
    struct Embedded(String);

    impl Fetch for Embedded {
        fn fetch(&self, _: http::Request<()>, _: usize) -> Fetching {
            Box::pin(std::future::ready(Ok(Response::new(self.0.clone().into()))))
        }
    }

    let one = key("one");
    let clock = clock();
    let embedded = |document| build(RemoteKeys::jwks("https://id.example/keys").fetch(Embedded(document)), &clock);
    let keys = embedded(set([&one]));
    assert_eq!(resolve(&verifier(&keys, &clock), &token(&one)).await, Ok("u1".to_owned()));
    let keys = embedded(" ".repeat(256 * 1024 + 1));
    assert!(matches!(keys.refresh().await, Err(RemoteError::TooLarge)));
    assert!(is_unavailable(&resolve(&verifier(&keys, &clock), &token(&one)).await));
}

#[tokio::test]
async fn plain_http_has_to_be_asked_for() {
    let refused = |url: &str| RemoteKeys::jwks(url).build().unwrap_err();
    let plain = "http://127.0.0.1:1/keys";
    assert_eq!(refused(plain), RemoteConfigError::NotHttps(plain.to_owned()));
    assert!(RemoteKeys::jwks(plain).insecure_http().build().is_ok());
    assert_eq!(refused("/keys"), RemoteConfigError::Url("/keys".to_owned()));
    let issuer = RemoteKeys::discover("http://id.example").build().unwrap_err();
    assert_eq!(issuer, RemoteConfigError::NotHttps("http://id.example".to_owned()));
}

#[test]
fn without_a_runtime_there_are_no_remote_keys() {
    assert_eq!(RemoteKeys::jwks("https://id.example/keys").build().unwrap_err(), RemoteConfigError::NoRuntime);
}
