//! Claims are nothing before the signature has been found good.

use std::{
    fmt::Write,
    sync::{Arc, Mutex},
};

use portcullis::jwt::{Algorithm, KeyRing, TokenErrorKind};
use serde_json::json;
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use super::support::{ALL, claims, claims_with, encode, header, key, kind, ring, token, verifier};

/// Keeps everything that is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Writer(self));
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

struct Writer<'a>(&'a Log);

impl Visit for Writer<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        write!(self.0.0.lock().unwrap(), "{field}={value:?} ").unwrap();
    }
}

fn logged(act: impl FnOnce()) -> String {
    let log = Log::default();
    tracing::subscriber::with_default(log.clone(), act);
    log.0.lock().unwrap().clone()
}

#[test]
fn jwt_15_a_forged_claim_shows_nowhere() {
    for algorithm in ALL {
        let key = key(algorithm);
        let good = token(key, &header(key).to_string(), &claims().to_string());
        let [header, _, signature] = good.split('.').collect::<Vec<_>>()[..] else { unreachable!() };
        let forged = format!("{header}.{}.{signature}", encode(claims_with("sub", json!("mallory-the-admin"))));
        let log = logged(|| {
            let error = verifier(ring(algorithm)).verify(&forged).unwrap_err();
            assert_eq!(error.kind(), TokenErrorKind::BadSignature);
            let shown = format!("{error} {error:?} {:?}", verifier(ring(algorithm)));
            assert!(!shown.contains("mallory") && !shown.contains(&encode("mallory")) && !shown.contains(signature));
        });
        assert_eq!(log, "");
    }
}

#[test]
fn jwt_15_bad_claims_under_a_bad_signature_are_a_bad_signature() {
    let key = key(Algorithm::EdDsa);
    for claims in ["", "not json", "{\"exp\":1}", "{\"sub\":1,\"sub\":2}"] {
        let segments = format!("{}.{}", encode(header(key).to_string()), encode(claims));
        let forged = format!("{segments}.{}", encode([1; 64]));
        assert_eq!(kind(&verifier(ring(Algorithm::EdDsa)), &forged), Some(TokenErrorKind::BadSignature));
    }
}

#[test]
fn jwt_15_two_tokens_with_one_beginning_are_two_identities() {
    let key = key(Algorithm::Hs256);
    let verifier = verifier(ring(Algorithm::Hs256));
    for sub in ["u1", "u2", "u1"] {
        let token = token(key, &header(key).to_string(), &claims_with("sub", json!(sub)));
        assert_eq!(verifier.verify(&token).unwrap().sub, sub);
    }
}

#[test]
fn a_key_that_is_left_out_of_a_set_is_logged_without_its_parts() {
    let secret = encode([7; 31]);
    let good = key(Algorithm::Es256).verifying_key().public_jwk().unwrap();
    let set = json!({ "keys": [{ "kty": "oct", "k": secret }, good] });
    let log = logged(|| assert!(KeyRing::from_jwk_set(&set.to_string()).is_ok()));
    assert!(log.contains("left out") && log.contains("32 bytes"), "{log}");
    assert!(!log.contains(&secret));
}
