//! What an issuer mints.

use std::{collections::HashSet, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use portcullis::{
    JwtUser, Scopes,
    clock::Timestamp,
    jwt::{Algorithm, Claims, JwtIssuer, KeyRing, SignError, TokenErrorKind},
};
use serde_json::{Value, json};

use super::support::{ALL, AUDIENCE, ISSUER, NOW, clock_at, copy, key, kind, public_ring, ring, verifier};

fn issuer(keys: KeyRing) -> JwtIssuer {
    JwtIssuer::new(keys).issuer(ISSUER).audience(AUDIENCE).clock(clock_at(NOW))
}

fn ada() -> JwtUser {
    JwtUser { id: "u1".into(), name: Some("Ada".into()), email: Some("ada@example.org".into()) }
}

fn part(token: &str, position: usize) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(position).unwrap()).unwrap()).unwrap()
}

#[test]
fn jwt_17_a_minted_token_has_what_rfc_9068_asks_for() {
    for algorithm in ALL {
        let token = issuer(ring(algorithm)).create_jwt(&ada(), Duration::from_mins(15)).unwrap();
        let kid = key(algorithm).kid();
        assert_eq!(part(&token, 0), json!({ "typ": "at+jwt", "alg": algorithm.as_str(), "kid": kid }));
        let mut claims = part(&token, 1);
        let jti = claims.as_object_mut().unwrap().remove("jti").unwrap();
        assert_eq!(URL_SAFE_NO_PAD.decode(jti.as_str().unwrap()).unwrap().len() * 8, 128);
        let expected = json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": "u1", "iat": NOW, "exp": NOW + 900, "client_id": ISSUER,
            "name": "Ada", "email": "ada@example.org", "email_verified": true,
        });
        assert_eq!(claims, expected);
        assert_eq!(verifier(ring(algorithm)).verify_jwt(&token), Some(ada()));
    }
}

#[test]
fn jwt_17_no_two_tokens_have_the_same_id() {
    let issuer = issuer(ring(Algorithm::Hs256));
    let ids: HashSet<_> = (0..1000)
        .map(|_| part(&issuer.create_jwt(&ada(), Duration::from_secs(1)).unwrap(), 1)["jti"].to_string())
        .collect();
    assert_eq!(ids.len(), 1000);
}

#[test]
fn jwt_17_another_reader_understands_a_minted_token() {
    for algorithm in ALL {
        let token = issuer(ring(algorithm)).create_jwt(&ada(), Duration::from_mins(15)).unwrap();
        let name: jsonwebtoken::Algorithm = algorithm.as_str().parse().unwrap();
        let other = match key(algorithm).verifying_key().public_jwk() {
            Some(jwk) => jsonwebtoken::DecodingKey::from_jwk(&serde_json::from_value(jwk).unwrap()).unwrap(),
            None => jsonwebtoken::DecodingKey::from_secret(&key(algorithm).export()),
        };
        let mut rules = jsonwebtoken::Validation::new(name);
        rules.set_audience(&[AUDIENCE]);
        rules.set_issuer(&[ISSUER]);
        let read = jsonwebtoken::decode::<Value>(&token, &other, &rules).unwrap();
        assert_eq!(read.header.kid.as_deref(), Some(key(algorithm).kid()));
        assert_eq!(read.claims["sub"], "u1");
    }
}

#[test]
fn what_is_absent_is_not_written() {
    let user = JwtUser { id: "u1".into(), name: None, email: None };
    let token = issuer(ring(Algorithm::Hs256)).client_id("app").create_jwt(&user, Duration::from_secs(1)).unwrap();
    let claims = part(&token, 1);
    let mut names: Vec<_> = claims.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["aud", "client_id", "exp", "iat", "iss", "jti", "sub"]);
    assert_eq!(claims["client_id"], "app");
}

#[test]
fn claims_of_ones_own_are_signed_as_they_are() {
    let mut claims = Claims::new(ISSUER, AUDIENCE, "u1", Timestamp::from_secs(NOW), Duration::from_mins(1));
    claims.aud.push("other".into());
    claims.scope = Scopes::parse("notes:read");
    claims.sid = Some("s".into());
    claims.generation = Some(4);
    claims.extra.insert("tenant".into(), json!("t"));
    for algorithm in ALL {
        let token = JwtIssuer::new(ring(algorithm)).sign(&claims).unwrap();
        assert_eq!(verifier(ring(algorithm)).verify(&token).unwrap(), claims);
    }
}

#[test]
fn claims_that_no_verifier_would_accept_are_not_signed() {
    let issuer = JwtIssuer::new(ring(Algorithm::Hs256));
    let good = Claims::new(ISSUER, AUDIENCE, "u1", Timestamp::from_secs(NOW), Duration::from_mins(1));
    assert!(issuer.sign(&good).is_ok());
    let mut twice = good.clone();
    twice.extra.insert("sub".into(), json!("root"));
    let mut nobody = good.clone();
    nobody.sub = String::new();
    let endless = Claims::new(ISSUER, AUDIENCE, "u1", Timestamp::from_secs(NOW), Duration::MAX);
    for claims in [twice, nobody, endless] {
        assert!(matches!(issuer.sign(&claims), Err(SignError::Claims)));
    }
}

#[test]
fn an_issuer_that_lacks_something_says_so() {
    let user = ada();
    let span = Duration::from_secs(1);
    let unaddressed = JwtIssuer::new(ring(Algorithm::Hs256));
    assert!(matches!(unaddressed.create_jwt(&user, span), Err(SignError::Unaddressed)));
    assert!(matches!(unaddressed.issuer("i").create_jwt(&user, span), Err(SignError::Unaddressed)));
    let public = KeyRing::verify_only([key(Algorithm::Es256).verifying_key().clone()]).unwrap();
    assert!(matches!(issuer(public).create_jwt(&user, span), Err(SignError::NoSigningKey)));
}

#[test]
fn the_last_key_signs_and_the_others_still_verify() {
    let old = issuer(ring(Algorithm::EdDsa)).create_jwt(&ada(), Duration::from_mins(15)).unwrap();
    let new = issuer(public_ring()).create_jwt(&ada(), Duration::from_mins(15)).unwrap();
    assert_eq!(part(&new, 0)["kid"], key(Algorithm::Es256).kid());
    assert!(verifier(public_ring()).verify(&old).is_ok());
    assert!(verifier(public_ring()).verify(&new).is_ok());
    assert_eq!(kind(&verifier(ring(Algorithm::Es256)), &old), Some(TokenErrorKind::UnknownKey));
    let published = KeyRing::from_jwk_set(&public_ring().public_jwk_set().to_string()).unwrap();
    assert!(published.signer().is_none());
    assert!(verifier(published).verify(&new).is_ok());
    assert_eq!(ring(Algorithm::Hs256).public_jwk_set(), json!({ "keys": [] }));
    assert_eq!(copy(key(Algorithm::Hs256)).verifying_key().public_jwk(), None);
}
