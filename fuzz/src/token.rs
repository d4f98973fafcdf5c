//! Credentials: whatever is sent, only what is genuine by a second reading passes, and all else is answered alike.

use std::sync::{Arc, LazyLock};

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderValue, Request, header::AUTHORIZATION};
use portcullis::{
    clock::Timestamp,
    guard::AuthLayer,
    jwt::{JwtVerifier, KeyRing},
    testing::{ManualClock, TestIssuer},
};
use serde_json::Value;

use super::ask::{Answer, ask};

const SECRET: [u8; 32] = [7; 32];
const NOW: i64 = 1_800_000_000;
const ISSUER: &str = "i";
const AUDIENCE: &str = "a";

struct Fixture {
    guard: AuthLayer<JwtVerifier>,
    kid: String,
    /// The answers to no credential, to two, and to a bad one.
    refusals: [Answer; 3],
}

static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| {
    let keys = KeyRing::hs256(SECRET).unwrap();
    let kid = keys.signer().unwrap().kid().to_owned();
    let clock = Arc::new(ManualClock::at(Timestamp::from_secs(NOW)));
    let issuer = TestIssuer::with_keys(keys).named(ISSUER, AUDIENCE).with_clock(clock);
    let guard = AuthLayer::new(issuer.verifier());
    let refusals = ["Other", "Bearer a b", "Bearer a"].map(|value| ask(&guard, request(value.as_bytes()).unwrap()));
    Fixture { guard, kid, refusals }
});

/// Judges a credential, and tells whether it was let in. The first byte says what the others are: the value of the whole
/// header; or of a token that is correctly signed, the header, the claims, both with a line feed between, or the two
/// segments as they are.
///
/// # Panics
///
/// If the guard lets in what it must not, or gives away why it does not.
pub fn judge(bytes: &[u8]) -> bool {
    let Some((form, bytes)) = bytes.split_first() else { return false };
    let header = format!(r#"{{"typ":"at+jwt","alg":"HS256","kid":"{}"}}"#, FIXTURE.kid);
    let value = match form {
        b'h' => bearer(&segments(bytes, br#"{"iss":"i","aud":"a","sub":"u","iat":1800000000,"exp":1800000900}"#)),
        b'c' => bearer(&segments(header.as_bytes(), bytes)),
        b'b' => {
            let middle = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
            let (header, claims) = bytes.split_at(middle);
            bearer(&segments(header, claims.get(1..).unwrap_or_default()))
        }
        b's' => bearer(bytes),
        _ => bytes.to_vec(),
    };
    let Some(request) = request(&value) else { return false };
    match ask(&FIXTURE.guard, request) {
        Answer::Reached(user) => {
            let user = user.expect("nobody passes as nobody");
            assert!(is_genuine(&value, &user).is_some(), "let in as {user}");
            true
        }
        refused @ Answer::Refused(..) => {
            assert!(FIXTURE.refusals.contains(&refused), "{refused:?}");
            false
        }
    }
}

fn request(value: &[u8]) -> Option<Request<()>> {
    Request::get("/").header(AUTHORIZATION, HeaderValue::from_bytes(value).ok()?).body(()).ok()
}

fn segments(header: &[u8], claims: &[u8]) -> Vec<u8> {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims)).into_bytes()
}

fn bearer(segments: &[u8]) -> Vec<u8> {
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &SECRET), segments);
    [b"Bearer ", segments, b".", URL_SAFE_NO_PAD.encode(signature).as_bytes()].concat()
}

/// Whether this is, to a reader of JSON who knows nothing of tokens, what the issuer could have said of this user.
fn is_genuine(value: &[u8], user: &str) -> Option<()> {
    let (scheme, token) = str::from_utf8(value).ok()?.split_once(' ')?;
    let (signed, signature) = token.trim_start_matches(' ').rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, &SECRET), signed.as_bytes(), &signature).ok()?;
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;

    let typ = header["typ"].as_str()?.to_lowercase();
    let names_us = |aud: &Value| *aud == AUDIENCE || aud.as_array().is_some_and(|all| all.contains(&AUDIENCE.into()));
    #[expect(clippy::cast_precision_loss, reason = "the year is 2027")]
    let (now, leeway) = (NOW as f64, 5.0);
    let (issued, end) = (claims["iat"].as_f64()?, claims["exp"].as_f64()?);
    let holds = scheme.eq_ignore_ascii_case("bearer")
        && header["alg"] == "HS256"
        && (typ == "at+jwt" || typ == "application/at+jwt")
        && (header["kid"] == FIXTURE.kid || header.get("kid").is_none())
        && ["crit", "b64", "jwk", "jku", "x5u", "x5c", "zip", "enc", "cty"]
            .iter()
            .all(|name| header.get(name).is_none())
        && claims["iss"] == ISSUER
        && names_us(&claims["aud"])
        && claims["sub"] == user
        && !user.is_empty()
        && end + leeway > now
        && issued <= now + leeway
        && end - issued <= 86_400.001
        && claims.get("nbf").is_none_or(|start| start.as_f64().is_some_and(|start| start <= now + leeway));
    holds.then_some(())
}
