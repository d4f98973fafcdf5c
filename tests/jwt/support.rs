//! Keys, a clock that stands still, and tokens that no issuer would sign.

use std::sync::{Arc, LazyLock};

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use portcullis::{
    clock::{Clock, SharedClock, Timestamp},
    jwt::{Algorithm, Claims, JwtVerifier, KeyRing, SigningKey, TokenError, TokenErrorKind},
};
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://id.example";
pub(crate) const AUDIENCE: &str = "notes";
/// When all tests take place.
pub(crate) const NOW: i64 = 1_800_000_000;
pub(crate) const ALL: [Algorithm; 4] = [Algorithm::Hs256, Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256];

struct StoppedClock(Timestamp);

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

pub(crate) fn clock_at(seconds: i64) -> SharedClock {
    Arc::new(StoppedClock(Timestamp::from_secs(seconds)))
}

/// One key of each algorithm for all tests, since making them takes time.
pub(crate) fn key(algorithm: Algorithm) -> &'static SigningKey {
    static KEYS: LazyLock<[SigningKey; 4]> = LazyLock::new(|| ALL.map(|each| SigningKey::generate(each).unwrap()));
    KEYS.iter().find(|key| key.algorithm() == algorithm).unwrap()
}

pub(crate) fn copy(key: &SigningKey) -> SigningKey {
    SigningKey::import(key.algorithm(), key.kid(), &key.export()).unwrap()
}

pub(crate) fn ring(algorithm: Algorithm) -> KeyRing {
    static RINGS: LazyLock<[KeyRing; 4]> = LazyLock::new(|| ALL.map(|each| KeyRing::new([copy(key(each))]).unwrap()));
    RINGS.iter().find(|ring| ring.signer().unwrap().algorithm() == algorithm).unwrap().clone()
}

/// The three kinds that can stand in one ring.
pub(crate) fn public_ring() -> KeyRing {
    KeyRing::new([Algorithm::EdDsa, Algorithm::Rs256, Algorithm::Es256].map(|algorithm| copy(key(algorithm)))).unwrap()
}

pub(crate) fn verifier(keys: KeyRing) -> JwtVerifier {
    JwtVerifier::new(keys).issuer(ISSUER).audience(AUDIENCE).clock(clock_at(NOW))
}

/// Claims that a verifier accepts.
pub(crate) fn claims() -> Value {
    json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": "u1", "exp": NOW + 900, "iat": NOW })
}

/// Those claims with one of them changed.
pub(crate) fn claims_with(name: &str, value: Value) -> String {
    let mut claims = claims();
    claims[name] = value;
    claims.to_string()
}

/// The header that an issuer writes.
pub(crate) fn header(key: &SigningKey) -> Value {
    json!({ "typ": "at+jwt", "alg": key.algorithm().as_str(), "kid": key.kid() })
}

/// That header with one member changed.
pub(crate) fn header_with(key: &SigningKey, name: &str, value: Value) -> String {
    let mut header = header(key);
    header[name] = value;
    header.to_string()
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A token of this header and these claims, correctly signed, whatever they are.
pub(crate) fn token(key: &SigningKey, header: &str, claims: &str) -> String {
    seal(key, &format!("{}.{}", encode(header), encode(claims)))
}

/// A token of these two segments, correctly signed, whatever they are.
pub(crate) fn seal(key: &SigningKey, segments: &str) -> String {
    format!("{segments}.{}", encode(signature(key, segments.as_bytes())))
}

/// The signature of this key, made without the crate under test.
pub(crate) fn signature(key: &SigningKey, message: &[u8]) -> Vec<u8> {
    let exported = key.export();
    let random = SystemRandom::new();
    match key.algorithm() {
        Algorithm::Hs256 => hmac_with(&exported, message),
        Algorithm::Es256 => {
            let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &exported).unwrap();
            pair.sign(&random, message).unwrap().as_ref().to_vec()
        }
        Algorithm::EdDsa => Ed25519KeyPair::from_pkcs8(&exported).unwrap().sign(message).as_ref().to_vec(),
        Algorithm::Rs256 => {
            let pair = RsaKeyPair::from_pkcs8(&exported).unwrap();
            let mut signature = vec![0; pair.public_modulus_len()];
            pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap();
            signature
        }
    }
}

pub(crate) fn hmac_with(secret: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message).as_ref().to_vec()
}

pub(crate) fn kind(verifier: &JwtVerifier, token: &str) -> Option<TokenErrorKind> {
    verifier.verify(token).err().map(TokenError::kind)
}

/// What becomes of a token with this header, correctly signed and otherwise good.
pub(crate) fn with_header(header: &str) -> Result<Claims, TokenErrorKind> {
    let key = key(Algorithm::Es256);
    let token = token(key, header, &claims().to_string());
    verifier(ring(Algorithm::Es256)).verify(&token).map_err(TokenError::kind)
}

/// What becomes of a token with these claims, correctly signed and otherwise good.
pub(crate) fn with_claims(claims: &str) -> Result<Claims, TokenErrorKind> {
    let key = key(Algorithm::Es256);
    let token = token(key, &header(key).to_string(), claims);
    verifier(ring(Algorithm::Es256)).verify(&token).map_err(TokenError::kind)
}
