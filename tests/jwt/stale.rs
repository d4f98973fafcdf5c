//! What a verifier does with tokens while it is not known what has been revoked.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use portcullis::{
    clock::{Clock, Timestamp},
    jwt::{Algorithm, JwtVerifier, TokenError, TokenErrorKind},
    revocation::{OnStale, Revocation, RevocationSet, Target},
};
use serde_json::json;

use super::support::{NOW, claims, claims_with, clock_at, header, key, ring, token, verifier};

const BOUND: Duration = Duration::from_secs(10);

fn signed(sid: &str) -> String {
    let key = key(Algorithm::Es256);
    token(key, &header(key).to_string(), &claims_with("sid", json!(sid)))
}

fn fed(on_stale: OnStale) -> (RevocationSet, JwtVerifier) {
    let set = RevocationSet::fed(BOUND, on_stale);
    set.insert(Revocation { target: Target::Session("ended".into()), until: Timestamp::from_secs(NOW + 10_000) });
    (set.clone(), verifier(ring(Algorithm::Es256)).clock(clock_at(NOW)).revocations(set))
}

fn judge(verifier: &JwtVerifier, token: &str) -> Option<TokenErrorKind> {
    let (principal, claims) = (verifier.principal(token), verifier.verify(token));
    let kinds = [principal.err(), claims.err()].map(|error| error.map(TokenError::kind));
    assert_eq!(kinds[0], kinds[1]);
    kinds[0]
}

#[test]
fn se_4_a_token_is_unavailable_and_not_refused_while_the_set_is_stale() {
    let (set, verifier) = fed(OnStale::Refuse);
    let (good, ended) = (signed("good"), signed("ended"));
    let unavailable = Some(TokenErrorKind::RevocationsUnavailable { retry_after: Duration::from_secs(1) });
    let now = Timestamp::from_secs(NOW);
    assert_eq!(judge(&verifier, &good), unavailable, "before it was confirmed");

    for (confirmed_at, expected) in [
        (now - BOUND, unavailable),
        (now - BOUND + Duration::from_millis(1), None),
        (now - BOUND - BOUND, None),
        (now, None),
    ] {
        set.confirm(confirmed_at);
        // The first time it is looked up, and when it has been seen before.
        assert_eq!([judge(&verifier, &good), judge(&verifier, &good)], [expected; 2], "{confirmed_at:?}");
        assert_eq!(judge(&verifier, &ended), Some(TokenErrorKind::Revoked));
        assert_eq!(judge(&verifier, "a.b.c"), Some(TokenErrorKind::Malformed));
    }
}

#[test]
fn se_4_a_token_seen_before_is_unavailable_once_the_set_is_stale() {
    let (set, verifier) = fed(OnStale::Refuse);
    let clock = Arc::new(Moved::default());
    let verifier = verifier.clock(clock.clone());
    set.confirm(clock.now());
    let good = signed("good");
    assert_eq!(judge(&verifier, &good), None);
    clock.0.store(9_999, Ordering::SeqCst);
    assert_eq!(judge(&verifier, &good), None);
    clock.0.store(10_000, Ordering::SeqCst);
    assert!(matches!(judge(&verifier, &good), Some(TokenErrorKind::RevocationsUnavailable { .. })));
    set.confirm(clock.now());
    assert_eq!(judge(&verifier, &good), None);
}

#[test]
fn tokens_pass_a_stale_set_that_allows_it_and_are_counted() {
    let (set, verifier) = fed(OnStale::Allow);
    let good = signed("good");
    assert_eq!([judge(&verifier, &good), judge(&verifier, &good)], [None; 2]);
    assert_eq!(set.judged_while_stale(), 4, "each is judged twice");
    assert_eq!(judge(&verifier, &signed("ended")), Some(TokenErrorKind::Revoked));
    set.confirm(Timestamp::from_secs(NOW));
    assert_eq!(judge(&verifier, &good), None);
    assert_eq!(set.judged_while_stale(), 4);
}

#[test]
fn a_set_that_nobody_feeds_is_never_stale() {
    let set = RevocationSet::default();
    assert!(set.is_current(Timestamp::from_millis(i64::MAX - 1)));
    let verifier = verifier(ring(Algorithm::Es256)).clock(clock_at(NOW)).revocations(set);
    let key = key(Algorithm::Es256);
    assert_eq!(judge(&verifier, &token(key, &header(key).to_string(), &claims().to_string())), None);
}

/// A clock so many milliseconds after the moment at which tests take place.
#[derive(Default)]
struct Moved(AtomicI64);

impl Clock for Moved {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(NOW * 1000 + self.0.load(Ordering::SeqCst))
    }
}
