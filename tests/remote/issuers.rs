//! Several issuers behind one guard.

use std::sync::Arc;

use portcullis::{
    jwt::{Issuers, IssuersError, JwtVerifier, KeyRing, RemoteKeys, SigningKey, TokenErrorKind},
    testing::ManualClock,
};

use crate::{
    server::Server,
    support::{AUDIENCE, ISSUER, OK, REFUSED, ask, clock, key, keys, set, token_of},
};

const OTHER: &str = "https://other.example";
const STRANGER: &str = "https://stranger.example";

fn verifier(keys: RemoteKeys, issuer: &str, clock: &Arc<ManualClock>) -> JwtVerifier {
    JwtVerifier::new(keys).issuer(issuer).audience(AUDIENCE).clock(clock.clone())
}

async fn publishing(key: &SigningKey) -> Server {
    Server::serving(set([key])).await
}

#[tokio::test]
async fn two_issuers_may_use_the_same_key_id_and_neither_speaks_for_the_other() {
    let (ours, theirs) = (key("1"), key("1"));
    let (our_server, their_server) = (publishing(&ours).await, publishing(&theirs).await);
    let clock = clock();
    let issuers = JwtVerifier::any_of([
        verifier(keys(our_server.keys_url(), &clock), ISSUER, &clock),
        verifier(keys(their_server.keys_url(), &clock), OTHER, &clock),
    ])
    .unwrap();
    assert_eq!(ask(&issuers, &token_of(&ours, ISSUER)).await, OK);
    assert_eq!(ask(&issuers, &token_of(&theirs, OTHER)).await, OK);
    assert_eq!(ask(&issuers, &token_of(&ours, OTHER)).await, REFUSED);
    assert_eq!(ask(&issuers, &token_of(&theirs, ISSUER)).await, REFUSED);
    assert_eq!((our_server.all_hits(), their_server.all_hits()), (1, 1));
}

#[tokio::test]
async fn a_token_of_an_unknown_issuer_is_refused_and_nothing_is_fetched_for_it() {
    let ours = key("1");
    let server = publishing(&ours).await;
    let clock = clock();
    let keys = keys(server.keys_url(), &clock);
    keys.refresh().await.unwrap();
    let issuers = JwtVerifier::any_of([verifier(keys, ISSUER, &clock)]).unwrap();
    for issuer in [STRANGER, "https://id.example/", "HTTPS://ID.EXAMPLE", "", "https://id.example\u{0}"] {
        for kid in ["1", "2"] {
            let token = token_of(&key(kid), issuer);
            assert_eq!(issuers.principal(&token).unwrap_err().kind(), TokenErrorKind::WrongIssuer, "{issuer}");
            assert_eq!(ask(&issuers, &token).await, REFUSED);
        }
    }
    assert_eq!(server.all_hits(), 1);
}

#[tokio::test]
async fn one_issuer_that_is_down_does_not_touch_the_others() {
    let (ours, theirs) = (key("1"), key("2"));
    let (our_server, their_server) = (publishing(&ours).await, Server::down().await);
    let clock = clock();
    let issuers = JwtVerifier::any_of([
        verifier(keys(our_server.keys_url(), &clock), ISSUER, &clock),
        verifier(keys(their_server.keys_url(), &clock), OTHER, &clock),
    ])
    .unwrap();
    assert_eq!(ask(&issuers, &token_of(&theirs, OTHER)).await.0, 503);
    assert_eq!(ask(&issuers, &token_of(&ours, ISSUER)).await, OK);
}

#[test]
fn what_is_no_token_is_refused_before_an_issuer_is_picked() {
    let issuers = local([ISSUER]).unwrap();
    let long = format!("a.{}.c", "A".repeat(8 * 1024));
    let cases = [
        ("", TokenErrorKind::Malformed),
        ("a.b.c", TokenErrorKind::Malformed),
        ("e30.e30.", TokenErrorKind::MissingClaim),
        ("e30.W10.", TokenErrorKind::BadClaims),
        // {"iss":"a","iss":"a"} and {"iss":7}
        ("e30.eyJpc3MiOiJhIiwiaXNzIjoiYSJ9.", TokenErrorKind::BadClaims),
        ("e30.eyJpc3MiOjd9.", TokenErrorKind::BadClaims),
        (&long, TokenErrorKind::TooLarge),
    ];
    for (token, kind) in cases {
        assert_eq!(issuers.principal(token).unwrap_err().kind(), kind, "{token:.40}");
    }
}

#[test]
fn an_issuer_has_one_verifier() {
    assert_eq!(local([ISSUER, OTHER, ISSUER]).unwrap_err(), IssuersError::Repeated(ISSUER.to_owned()));
    assert_eq!(local([]).unwrap_err(), IssuersError::Empty);
}

fn local<const N: usize>(issuers: [&str; N]) -> Result<Issuers, IssuersError> {
    let ring = KeyRing::hs256([7; 32]).unwrap();
    JwtVerifier::any_of(issuers.map(|issuer| JwtVerifier::new(ring.clone()).issuer(issuer).audience(AUDIENCE)))
}
