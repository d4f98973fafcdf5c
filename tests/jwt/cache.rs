//! Tokens that were seen before: a yes that is remembered is worth what a yes found out now is worth.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    thread,
    time::Duration,
};

use portcullis::{
    Principal,
    clock::{Clock, Timestamp},
    jwt::{Algorithm, JwtVerifier, KeyRing, TokenError, TokenErrorKind},
    revocation::{Revocation, RevocationSet, Target},
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::support::{
    ALL, AUDIENCE, ISSUER, NOW, claims, claims_with, clock_at, copy, encode, header, key, public_ring, ring, seal,
    token,
};

/// A clock that tests move. Clones are one clock.
#[derive(Clone)]
struct MovableClock(Arc<AtomicI64>);

impl MovableClock {
    fn new() -> Self {
        Self(Arc::new(AtomicI64::new(NOW)))
    }

    fn set(&self, seconds: i64) {
        self.0.store(seconds, Ordering::SeqCst);
    }
}

impl Clock for MovableClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(self.0.load(Ordering::SeqCst))
    }
}

fn verifier(keys: KeyRing, clock: &MovableClock) -> JwtVerifier {
    super::support::verifier(keys).clock(Arc::new(clock.clone()))
}

fn id(verifier: &JwtVerifier, token: &str) -> Result<String, TokenErrorKind> {
    verifier.principal(token).map(|principal| principal.id().to_owned()).map_err(TokenError::kind)
}

/// A token of HS256 with one claim changed.
fn hs256(name: &str, value: Value) -> String {
    let key = key(Algorithm::Hs256);
    token(key, &header(key).to_string(), &claims_with(name, value))
}

fn in_session(sid: &str) -> String {
    hs256("sid", json!(sid))
}

fn ended(sid: &str) -> Revocation {
    Revocation { target: Target::Session(sid.into()), until: Timestamp::from_secs(NOW + 10_000) }
}

fn raised(minimum: i64) -> Revocation {
    Revocation { target: Target::User { id: "u1".into(), minimum }, until: Timestamp::from_secs(NOW + 10_000) }
}

#[test]
fn jwt_15_a_token_seen_before_is_the_same_principal_without_a_second_check() {
    for algorithm in ALL {
        let key = key(algorithm);
        let verifier = verifier(ring(algorithm), &MovableClock::new());
        let token = token(key, &header(key).to_string(), &claims().to_string());
        let [first, again] = [(); 2].map(|()| verifier.principal(&token).unwrap());
        // Found out twice they would be two.
        assert!(std::ptr::eq(first.id(), again.id()), "{algorithm}");
        let verifier = verifier.cache_capacity(0);
        let [first, again] = [(); 2].map(|()| verifier.principal(&token).unwrap());
        assert!(!std::ptr::eq(first.id(), again.id()), "{algorithm}");
    }
}

#[test]
fn jwt_15_two_tokens_that_begin_alike_are_two_identities_when_seen_again() {
    let verifier = verifier(ring(Algorithm::Hs256), &MovableClock::new());
    let tokens = ["u1", "u2"].map(|sub| hs256("sub", json!(sub)));
    for _ in 0..3 {
        assert_eq!(tokens.each_ref().map(|token| id(&verifier, token).unwrap()), ["u1", "u2"]);
    }
}

#[test]
fn jwt_15_a_known_signature_under_other_claims_is_refused_and_the_known_token_stays_known() {
    for algorithm in ALL {
        let key = key(algorithm);
        let verifier = verifier(ring(algorithm), &MovableClock::new());
        let good = token(key, &header(key).to_string(), &claims().to_string());
        let before = verifier.principal(&good).unwrap();
        let [header, payload, signature] = good.split('.').collect::<Vec<_>>()[..] else { unreachable!() };
        let tail = &signature[signature.len() - 16..];
        for forged in [
            format!("{header}.{}.{signature}", encode(claims_with("sub", json!("mallory")))),
            format!("{header}.{payload}.{}{tail}", "A".repeat(signature.len() - 16)),
            format!("{header}.{payload}.{tail}"),
            good[1..].to_owned(),
            format!("{good}."),
            tail.to_owned(),
        ] {
            assert!(verifier.principal(&forged).is_err(), "{algorithm}: {forged}");
        }
        assert!(std::ptr::eq(before.id(), verifier.principal(&good).unwrap().id()));
    }
}

#[test]
fn jwt_15_a_token_seen_before_expires() {
    let clock = MovableClock::new();
    let verifier = verifier(ring(Algorithm::Hs256), &clock).leeway(Duration::from_secs(5));
    let token = hs256("sub", json!("u1"));
    assert_eq!(id(&verifier, &token), Ok("u1".into()));
    clock.set(NOW + 900 + 4);
    assert_eq!(id(&verifier, &token), Ok("u1".into()));
    clock.set(NOW + 900 + 5);
    assert_eq!(id(&verifier, &token), Err(TokenErrorKind::Expired));
    clock.set(NOW - 6);
    assert_eq!(id(&verifier, &token), Err(TokenErrorKind::IssuedInFuture));
    clock.set(NOW - 5);
    assert_eq!(id(&verifier, &token), Ok("u1".into()));
}

#[test]
fn jwt_15_a_token_seen_before_is_revoked_at_once() {
    let revoked = RevocationSet::default();
    let verifier = verifier(ring(Algorithm::Hs256), &MovableClock::new()).revocations(revoked.clone());
    let tokens = ["s1", "s2"].map(in_session);
    for token in &tokens {
        assert!(verifier.principal(token).is_ok());
    }
    revoked.insert(ended("s1"));
    assert_eq!(id(&verifier, &tokens[0]), Err(TokenErrorKind::Revoked));
    assert_eq!(id(&verifier, &tokens[1]), Ok("u1".into()));
    revoked.insert(raised(1));
    assert_eq!(id(&verifier, &tokens[1]), Err(TokenErrorKind::Revoked));
    assert_eq!(id(&verifier, &hs256("gen", json!(1))), Ok("u1".into()));
    assert_eq!(id(&verifier, &hs256("gen", json!(0))), Err(TokenErrorKind::Revoked));
}

#[test]
fn jwt_15_what_one_verifier_found_is_nothing_to_one_told_otherwise() {
    let token = hs256("sub", json!("u1"));
    let first = verifier(ring(Algorithm::Hs256), &MovableClock::new());
    let known = first.principal(&token).unwrap();
    assert!(std::ptr::eq(known.id(), first.clone().principal(&token).unwrap().id()), "clones remember together");

    let revoked = RevocationSet::default();
    revoked.insert(raised(1));
    let strange = |issuer, audience| {
        JwtVerifier::new(ring(Algorithm::Hs256)).issuer(issuer).audience(audience).clock(clock_at(NOW))
    };
    let refusing = [
        (first.clone().revocations(revoked), TokenErrorKind::Revoked),
        (first.clone().clock(clock_at(NOW + 10_000)), TokenErrorKind::Expired),
        (first.clone().max_lifetime(Duration::from_secs(1)), TokenErrorKind::LivesTooLong),
        (first.clone().max_size(10), TokenErrorKind::TooLarge),
        (strange(ISSUER, "others"), TokenErrorKind::WrongAudience),
        (strange("others", AUDIENCE), TokenErrorKind::WrongIssuer),
    ];
    for (verifier, kind) in refusing {
        assert_eq!(id(&verifier, &token), Err(kind));
    }
    for other in [first.clone().leeway(Duration::ZERO), first.clone().audience("also"), first.clone().cache_capacity(9)]
    {
        assert!(!std::ptr::eq(known.id(), other.principal(&token).unwrap().id()));
    }
}

#[test]
fn jwt_15_a_verifier_with_another_key_of_the_same_name_finds_its_own_verdict() {
    let key = key(Algorithm::Es256);
    let clock = MovableClock::new();
    let token = token(key, &header(key).to_string(), &claims().to_string());
    assert!(verifier(ring(Algorithm::Es256), &clock).principal(&token).is_ok());
    let impostor = portcullis::jwt::SigningKey::generate(Algorithm::Es256).unwrap().with_kid(key.kid()).unwrap();
    let others = verifier(KeyRing::new([impostor]).unwrap(), &clock);
    assert_eq!(id(&others, &token), Err(TokenErrorKind::BadSignature));
}

#[test]
fn a_token_in_use_outlives_any_number_that_are_used_once() {
    let verifier = verifier(ring(Algorithm::Hs256), &MovableClock::new()).cache_capacity(64);
    let busy = in_session("busy");
    let known = verifier.principal(&busy).unwrap();
    let idle = in_session("idle");
    let forgotten = verifier.principal(&idle).unwrap();
    for n in 0..1000 {
        verifier.principal(&in_session(&n.to_string())).unwrap();
        assert!(std::ptr::eq(known.id(), verifier.principal(&busy).unwrap().id()), "after {n}");
    }
    assert!(!std::ptr::eq(forgotten.id(), verifier.principal(&idle).unwrap().id()));
}

#[test]
fn a_header_in_any_order_and_with_the_only_key_unnamed_still_counts() {
    let key = key(Algorithm::Es256);
    let verifier = verifier(ring(Algorithm::Es256), &MovableClock::new());
    let kid = key.kid();
    for header in [
        format!(r#"{{"alg":"ES256","kid":"{kid}","typ":"at+jwt"}}"#),
        format!(r#"{{"typ":"at+jwt","alg":"ES256","kid":"{kid}"}}"#),
        r#"{"typ":"AT+JWT","alg":"ES256"}"#.to_owned(),
    ] {
        assert_eq!(id(&verifier, &token(key, &header, &claims().to_string())), Ok("u1".into()), "{header}");
    }
}

#[test]
fn a_known_header_names_no_key_of_another_ring_and_passes_for_no_other_algorithm() {
    let [es256, ed] = [Algorithm::Es256, Algorithm::EdDsa].map(key);
    let verifier = verifier(public_ring(), &MovableClock::new());
    let mixed = seal(ed, &format!("{}.{}", encode(header(es256).to_string()), encode(claims().to_string())));
    assert_eq!(id(&verifier, &mixed), Err(TokenErrorKind::BadSignature));
    let without = super::support::verifier(KeyRing::new([copy(ed)]).unwrap());
    let good = token(es256, &header(es256).to_string(), &claims().to_string());
    assert_eq!(id(&without, &good), Err(TokenErrorKind::UnknownKey));
}

#[test]
fn threads_that_race_find_the_same_and_no_revoked_token_passes() {
    let revoked = RevocationSet::default();
    let verifier =
        verifier(ring(Algorithm::Hs256), &MovableClock::new()).revocations(revoked.clone()).cache_capacity(16);
    let tokens: Vec<_> = (0..40).map(|n| hs256("sub", json!(format!("u{n}")))).collect();
    let doomed = in_session("doomed");
    thread::scope(|scope| {
        for start in 0..4 {
            let (verifier, tokens) = (&verifier, &tokens);
            scope.spawn(move || {
                for n in 0..2000 {
                    let n = (start * 7 + n * 3) % tokens.len();
                    assert_eq!(id(verifier, &tokens[n]), Ok(format!("u{n}")));
                }
            });
        }
        scope.spawn(|| {
            assert!(verifier.principal(&doomed).is_ok());
            revoked.insert(ended("doomed"));
            for _ in 0..500 {
                assert_eq!(id(&verifier, &doomed), Err(TokenErrorKind::Revoked));
                revoked.insert(ended("another"));
            }
        });
    });
}

#[derive(Clone, Debug)]
enum Step {
    At(i64),
    Revoke(Revocation),
    Forget,
    Ask(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..6_usize).prop_map(Step::Ask),
        2 => (-20..1000_i64).prop_map(|offset| Step::At(NOW + offset)),
        1 => (0..3).prop_map(|sid| Step::Revoke(ended(&format!("s{sid}")))),
        1 => (0..3_i64).prop_map(|minimum| Step::Revoke(raised(minimum))),
        1 => Just(Step::Forget),
    ]
}

proptest! {
    /// Whatever happens, remembering changes no verdict.
    #[test]
    fn jwt_15_remembering_changes_no_verdict(steps in prop::collection::vec(step(), 1..60)) {
        let (clock, revoked) = (MovableClock::new(), RevocationSet::default());
        let remembering =
            verifier(ring(Algorithm::Hs256), &clock).revocations(revoked.clone()).cache_capacity(3);
        let forgetful = remembering.clone().cache_capacity(0);
        let key = key(Algorithm::Hs256);
        let tokens: Vec<_> = (0..6).map(|n| {
            let mut claims = claims();
            claims["sid"] = json!(format!("s{}", n % 3));
            claims["gen"] = json!(n / 2);
            claims["nbf"] = json!(NOW + n);
            claims["exp"] = json!(NOW + 100 * (n + 1));
            token(key, &header(key).to_string(), &claims.to_string())
        }).collect();
        for step in steps {
            match step {
                Step::At(seconds) => clock.set(seconds),
                Step::Revoke(revocation) => revoked.insert(revocation),
                Step::Forget => revoked.forget_expired(clock.now()),
                Step::Ask(n) => {
                    let verdict = |verifier: &JwtVerifier| {
                        verifier.principal(&tokens[n]).map(|found: Principal| found.session().map(str::to_owned))
                    };
                    prop_assert_eq!(verdict(&remembering), verdict(&forgetful));
                }
            }
        }
    }
}
