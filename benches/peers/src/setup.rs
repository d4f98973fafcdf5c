//! Keys and tokens, the same for all.

use std::time::Duration;

use portcullis::{
    clock::{Clock, SystemClock},
    jwt::{Algorithm, Claims, JwtIssuer, KeyRing, SigningKey},
};
use serde::Deserialize;
use serde_json::{Value, json};

pub const ALL: [Algorithm; 3] = [Algorithm::Hs256, Algorithm::Es256, Algorithm::EdDsa];
pub const ISSUER: &str = "https://id.example";
pub const AUDIENCE: &str = "https://notes.example";
/// The shared secret of HS256. Text, because one of them takes nothing else.
pub const SECRET: &str = "a secret of more than thirty-two bytes, for benches only";

/// What the handlers of the others are given.
#[derive(Clone, Deserialize)]
pub struct User {
    pub sub: String,
    #[allow(dead_code, reason = "a handler would look at it")]
    pub name: Option<String>,
    #[allow(dead_code, reason = "a handler would look at it")]
    pub scope: Option<String>,
}

pub struct Setup {
    pub algorithm: Algorithm,
    pub ring: KeyRing,
    /// The key that verifies, as JWK: the public one, or the secret.
    pub jwk: Value,
    pub tokens: Vec<String>,
}

impl Setup {
    pub fn new(algorithm: Algorithm) -> Self {
        let key = match algorithm {
            Algorithm::Hs256 => SigningKey::hs256(SECRET.as_bytes()),
            _ => SigningKey::generate(algorithm),
        };
        let ring = KeyRing::new([key.unwrap()]).unwrap();
        let key = ring.find(None).unwrap();
        let jwk = key.public_jwk().unwrap_or_else(|| {
            let secret = "YSBzZWNyZXQgb2YgbW9yZSB0aGFuIHRoaXJ0eS10d28gYnl0ZXMsIGZvciBiZW5jaGVzIG9ubHk";
            json!({ "kty": "oct", "alg": "HS256", "use": "sig", "kid": key.kid(), "k": secret })
        });
        let tokens = (0..16).map(|user| token(&ring, user)).collect();
        Self { algorithm, ring, jwk, tokens }
    }
}

/// Half a kilobyte, with what a login puts into it.
fn token(ring: &KeyRing, user: usize) -> String {
    let now = SystemClock.now();
    let mut claims = Claims::new(ISSUER, AUDIENCE, format!("user-{user:08}"), now, Duration::from_hours(1));
    claims.jti = Some(format!("{user:022}"));
    claims.sid = Some(format!("session-{user:014}"));
    claims.generation = Some(1);
    claims.client_id = Some(ISSUER.into());
    claims.scope = ["notes:read", "notes:write"].into_iter().collect();
    claims.amr = vec!["pwd".into()];
    claims.acr = Some("aal1".into());
    claims.auth_time = Some(now);
    claims.name = Some("Ada Lovelace".into());
    JwtIssuer::new(ring.clone()).sign(&claims).unwrap()
}
