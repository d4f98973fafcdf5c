//! portcullis in a build where both backends of jsonwebtoken are on, and no default for the process can be worked out.
#![cfg(test)]

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::crypto::rust_crypto;
use portcullis::{
    JwtUser,
    clock::{Clock, SystemClock},
    jwt::{Algorithm, Claims, JwtIssuer, JwtVerifier, KeyRing, SigningKey, VerifyingKey, jws},
};
use serde_json::json;

const ALL: [Algorithm; 4] = [Algorithm::Hs256, Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256];

#[test]
fn all_four_sign_and_verify_without_touching_the_default() {
    for algorithm in ALL {
        let key = SigningKey::generate(algorithm).unwrap();
        let key = SigningKey::import(algorithm, key.kid(), &key.export()).unwrap();
        let keys = KeyRing::new([key]).unwrap();
        let issuer = JwtIssuer::new(keys.clone()).issuer("https://id.example").audience("notes");
        let user = JwtUser { id: "u1".into(), name: Some("Ada".into()), email: None };
        let token = issuer.create_jwt(&user, Duration::from_secs(900)).unwrap();

        let published = keys.public_jwk_set();
        let others = match algorithm {
            Algorithm::Hs256 => keys.clone(),
            _ => KeyRing::from_jwk_set(&published.to_string()).unwrap(),
        };
        for keys in [keys, others] {
            assert!(jws::verify(&token, keys.find(None).unwrap()).is_ok());
            let verifier = JwtVerifier::new(keys).issuer("https://id.example").audience("notes");
            assert_eq!(verifier.verify_jwt(&token), Some(user.clone()), "{algorithm}");
            let cut = &token[..token.len() - 4];
            assert!(verifier.verify(cut).is_err());
        }
    }
    // Nothing has asked for the default so far, or it would be settled by now.
    rust_crypto::DEFAULT_PROVIDER.install_default().unwrap();
}

#[test]
fn a_thumbprint_does_not_depend_on_how_objects_are_held() {
    let key = json!({ "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kty": "OKP", "crv": "Ed25519" });
    let key = VerifyingKey::from_jwk(&key.to_string()).unwrap();
    assert_eq!(key.kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

#[test]
fn numbers_are_read_however_they_are_held() {
    let keys = KeyRing::hs256([7; 32]).unwrap();
    let now = SystemClock.now();
    let mut claims = Claims::new("i", "a", "u", now, Duration::from_secs(60));
    claims.auth_time = Some(now);
    claims.generation = Some(-1);
    claims.extra.insert("whole".into(), json!(7));
    claims.extra.insert("fraction".into(), json!(2.5));
    let token = JwtIssuer::new(keys.clone()).sign(&claims).unwrap();
    let read = JwtVerifier::new(keys).issuer("i").audience("a").verify(&token).unwrap();
    assert_eq!(read.auth_time.unwrap().as_secs(), now.as_secs());
    assert_eq!(read.extra, claims.extra);
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    assert!(String::from_utf8(payload).unwrap().contains("\"fraction\":2.5"));
}
