//! What we mint, read by a peer.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use portcullis::{
    JwtUser,
    jwt::{Algorithm, JwtIssuer, KeyRing, SigningKey},
};
use serde_json::{Value, json};

use crate::{
    keys::{ALL, AUDIENCE, ISSUER, claims, our_private_form, our_public_forms, our_ring, their_key, verifier},
    peer::Peer,
};

fn verify(algorithm: Algorithm, key: &Value, token: &str) -> Value {
    let alg = algorithm.as_str();
    json!({ "do": "verify", "alg": alg, "key": key, "token": token, "issuer": ISSUER, "audience": AUDIENCE })
}

fn header(key: &SigningKey) -> Value {
    json!({ "typ": "at+jwt", "alg": key.algorithm().as_str(), "kid": key.kid() })
}

pub(crate) fn every_claim_is_read(peer: Peer) {
    for algorithm in ALL {
        let (ring, claims) = (our_ring(algorithm), claims());
        let token = JwtIssuer::new(ring.clone()).sign(&claims).unwrap();
        let expected = json!({ "header": header(ring.signer().unwrap()), "claims": claims });
        for key in our_public_forms(algorithm) {
            assert_eq!(peer.ask_one(verify(algorithm, &key, &token)), expected, "{algorithm} {key}");
        }
    }
}

pub(crate) fn what_is_minted_is_read(peer: Peer) {
    let user = JwtUser { id: "u1".into(), name: Some("Ada".into()), email: Some("ada@example.org".into()) };
    for algorithm in ALL {
        let ring = our_ring(algorithm);
        let issuer = JwtIssuer::new(ring.clone()).issuer(ISSUER).audience(AUDIENCE).client_id("app");
        let token = issuer.create_jwt(&user, Duration::from_mins(15)).unwrap();
        let mut read = peer.ask_one(verify(algorithm, &our_public_forms(algorithm)[0], &token));
        assert_eq!(read["header"], header(ring.signer().unwrap()), "{read}");
        let claims = read["claims"].as_object_mut().unwrap();
        let jti = claims.remove("jti").unwrap();
        assert_eq!(URL_SAFE_NO_PAD.decode(jti.as_str().unwrap()).unwrap().len() * 8, 128);
        let [start, end] = ["iat", "exp"].map(|name| claims.remove(name).unwrap().as_i64().unwrap());
        assert_eq!(end - start, 900);
        let expected = json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": "u1", "client_id": "app",
            "name": "Ada", "email": "ada@example.org", "email_verified": true,
        });
        assert_eq!(read["claims"], expected);
    }
}

pub(crate) fn private_keys_serve_both(peer: Peer) {
    for algorithm in ALL {
        let sign = json!({
            "do": "sign", "alg": algorithm.as_str(), "key": our_private_form(algorithm),
            "header": { "typ": "at+jwt" }, "claims": claims(),
        });
        let signed = peer.ask_one(sign);
        let key = our_ring(algorithm).signer().unwrap().verifying_key().clone();
        let token = signed["token"].as_str().unwrap_or_else(|| panic!("{signed}"));
        assert_eq!(verifier(key).verify(token).unwrap().sub, "u1", "{algorithm}");

        let theirs = their_key(peer, algorithm);
        if let Some(pem) = theirs.private["pem"].as_str() {
            let ring = KeyRing::new([SigningKey::from_pem(pem).unwrap()]).unwrap();
            let token = JwtIssuer::new(ring).sign(&claims()).unwrap();
            for key in &theirs.public {
                let read = peer.ask_one(verify(algorithm, key, &token));
                assert_eq!(read["claims"]["sub"], "u1", "{algorithm} {read}");
            }
        }
    }
}

/// What they accept they have checked, or the other tests would show little.
pub(crate) fn changed_ones_are_refused(peer: Peer) {
    let questions = ALL.map(|algorithm| {
        let token = JwtIssuer::new(our_ring(algorithm)).sign(&claims()).unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let (header, _) = signed.split_once('.').unwrap();
        let mut root = claims();
        root.sub = "root".into();
        let other = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&root).unwrap());
        verify(algorithm, &our_public_forms(algorithm)[0], &format!("{header}.{other}.{signature}"))
    });
    for answer in peer.ask(&questions) {
        assert!(answer["error"].is_string(), "{answer}");
    }
}
