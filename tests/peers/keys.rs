//! Keys, in the forms in which peers exchange them.

use std::{
    sync::{LazyLock, OnceLock},
    time::Duration,
};

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use portcullis::{
    clock::{Clock, SystemClock},
    jwt::{Algorithm, Claims, JwtVerifier, KeyRing, SigningKey, VerifyingKey},
};
use serde_json::{Value, json};

use crate::peer::Peer;

pub(crate) const ISSUER: &str = "https://id.example";
pub(crate) const AUDIENCE: &str = "notes";
/// Those with a key pair.
pub(crate) const PUBLIC: [Algorithm; 3] = [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256];
pub(crate) const ALL: [Algorithm; 4] = [Algorithm::Hs256, Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256];

/// A ring of one of our keys. Making one for RSA takes time, so it is made once.
pub(crate) fn our_ring(algorithm: Algorithm) -> KeyRing {
    static RINGS: LazyLock<[KeyRing; 4]> =
        LazyLock::new(|| ALL.map(|each| KeyRing::new([SigningKey::generate(each).unwrap()]).unwrap()));
    RINGS.iter().find(|ring| ring.signer().unwrap().algorithm() == algorithm).unwrap().clone()
}

/// Every form of our key that a peer can verify with.
pub(crate) fn our_public_forms(algorithm: Algorithm) -> Vec<Value> {
    let ring = our_ring(algorithm);
    let key = ring.signer().unwrap();
    let exported = key.export();
    let der = match algorithm {
        Algorithm::Hs256 => return vec![json!({ "secret": URL_SAFE_NO_PAD.encode(exported) })],
        Algorithm::Es256 => {
            x509(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &exported).unwrap().public_key())
        }
        Algorithm::EdDsa => x509(Ed25519KeyPair::from_pkcs8(&exported).unwrap().public_key()),
        Algorithm::Rs256 => x509(RsaKeyPair::from_pkcs8(&exported).unwrap().public_key()),
    };
    vec![json!({ "jwk": key.verifying_key().public_jwk().unwrap() }), json!({ "pem": pem("PUBLIC KEY", &der) })]
}

fn x509<'a>(key: &impl AsDer<PublicKeyX509Der<'a>>) -> Vec<u8> {
    key.as_der().unwrap().as_ref().to_vec()
}

/// The form of our key that a peer can sign with.
pub(crate) fn our_private_form(algorithm: Algorithm) -> Value {
    let exported = our_ring(algorithm).signer().unwrap().export();
    match algorithm {
        Algorithm::Hs256 => json!({ "secret": URL_SAFE_NO_PAD.encode(exported) }),
        _ => json!({ "pem": pem("PRIVATE KEY", &exported) }),
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// A key that a peer has made, in every form.
#[derive(Clone)]
pub(crate) struct TheirKey {
    pub(crate) private: Value,
    /// For peers to verify with.
    pub(crate) public: Vec<Value>,
    /// Read by us, from each of the public forms.
    pub(crate) verifying: Vec<VerifyingKey>,
}

pub(crate) fn their_key(peer: Peer, algorithm: Algorithm) -> TheirKey {
    static KEYS: [OnceLock<Vec<(Algorithm, TheirKey)>>; 3] = [const { OnceLock::new() }; 3];
    let keys = KEYS[peer as usize].get_or_init(|| {
        let questions = PUBLIC.map(|algorithm| json!({ "do": "generate", "alg": algorithm.as_str() }));
        let made = PUBLIC.into_iter().zip(peer.ask(&questions)).map(|(algorithm, made)| (algorithm, pair(&made)));
        made.chain([(Algorithm::Hs256, secret())]).collect()
    });
    keys.iter().find(|(of, _)| *of == algorithm).unwrap().1.clone()
}

fn pair(made: &Value) -> TheirKey {
    let jwk = VerifyingKey::from_jwk(&made["jwk"].to_string());
    let pem = VerifyingKey::from_pem(made["public"].as_str().unwrap_or_else(|| panic!("{made}")));
    TheirKey {
        private: json!({ "pem": made["private"] }),
        public: vec![json!({ "jwk": made["jwk"] }), json!({ "pem": made["public"] })],
        verifying: [jwk, pem].map(|key| key.unwrap().with_kid("theirs").unwrap()).to_vec(),
    }
}

fn secret() -> TheirKey {
    let secret = json!({ "secret": URL_SAFE_NO_PAD.encode([9; 32]) });
    let oct = json!({ "kty": "oct", "k": secret["secret"], "kid": "theirs" });
    let verifying = vec![VerifyingKey::from_jwk(&oct.to_string()).unwrap()];
    TheirKey { private: secret.clone(), public: vec![secret], verifying }
}

pub(crate) fn verifier(key: VerifyingKey) -> JwtVerifier {
    JwtVerifier::new(KeyRing::verify_only([key]).unwrap()).issuer(ISSUER).audience(AUDIENCE)
}

/// Every claim there is.
pub(crate) fn claims() -> Claims {
    let now = SystemClock.now();
    let mut claims = Claims::new(ISSUER, AUDIENCE, "u1", now, Duration::from_mins(15));
    claims.nbf = Some(now);
    claims.jti = Some("j".into());
    claims.sid = Some("s".into());
    claims.generation = Some(3);
    claims.client_id = Some("c".into());
    claims.scope = "notes:read notes:write".split(' ').collect();
    claims.roles = vec!["writer".into(), "notes-7-owner".into()];
    claims.amr = vec!["pwd".into(), "otp".into()];
    claims.acr = Some("aal2".into());
    claims.auth_time = Some(now - Duration::from_mins(1));
    claims.name = Some("Ada Löwe 🦁".into());
    claims.email = Some("ada@example.org".into());
    claims.email_verified = Some(true);
    claims.extra.insert("tenant".into(), json!({ "id": [1, -2, 2.5, null, true, "\u{0}\"\\"] }));
    claims
}
