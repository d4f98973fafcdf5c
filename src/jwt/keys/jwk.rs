//! Keys as JSON (RFC 7517, RFC 7518 section 6, RFC 8037).

use std::collections::BTreeSet;
#[cfg(feature = "remote-jwks")]
use std::collections::HashMap;

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::{KeyError, VerifyingKey, public::PublicKey};
use crate::jwt::{
    Algorithm,
    strict::{self, Strict},
};

pub(super) fn parse(json: &str) -> Result<VerifyingKey, KeyError> {
    key(&read(json)?)
}

/// The keys of a set, each by itself: one that is of no use does not spoil the others. But its id counts, or a key that
/// happens to be broken would hide that the set is ambiguous.
pub(super) fn parse_set(json: &str) -> Result<Vec<Result<VerifyingKey, KeyError>>, KeyError> {
    let set = read(json)?;
    let keys = set.get("keys").and_then(Value::as_array).ok_or(KeyError::Unsupported)?;
    let mut kids = BTreeSet::new();
    if keys.iter().filter_map(|key| key.get("kid")?.as_str()).all(|kid| kids.insert(kid)) {
        Ok(keys.iter().map(key).collect())
    } else {
        Err(KeyError::DuplicateKid)
    }
}

/// The keys of a set that anybody can read, each by itself. None of those that share an id can be meant by it, and a
/// secret that everybody knows is none.
#[cfg(feature = "remote-jwks")]
pub(super) fn parse_published_set(
    json: &str,
    max_keys: usize,
) -> Result<Vec<Result<VerifyingKey, KeyError>>, KeyError> {
    let set = read(json)?;
    let keys = set.get("keys").and_then(Value::as_array).ok_or(KeyError::Unsupported)?;
    if keys.len() > max_keys {
        return Err(KeyError::TooManyKeys);
    }
    let parsed: Vec<_> = keys.iter().map(|jwk| (jwk.get("kid").and_then(Value::as_str), key(jwk))).collect();
    let mut holders = HashMap::<String, usize>::new();
    for kid in parsed.iter().filter_map(|(stated, key)| stated.or(key.as_ref().ok().map(VerifyingKey::kid))) {
        *holders.entry(kid.to_owned()).or_default() += 1;
    }
    let judged = |key: VerifyingKey| match holders.get(key.kid()) {
        _ if key.algorithm().is_symmetric() => Err(KeyError::Private),
        Some(1) => Ok(key),
        _ => Err(KeyError::DuplicateKid),
    };
    Ok(parsed.into_iter().map(|(_, key)| key.and_then(judged)).collect())
}

fn read(json: &str) -> Result<Value, KeyError> {
    serde_json::from_str(json).map(|Strict(value)| value).map_err(|_| KeyError::Unsupported)
}

fn key(jwk: &Value) -> Result<VerifyingKey, KeyError> {
    let jwk = Jwk(jwk.as_object().ok_or(KeyError::Unsupported)?);
    jwk.check_use()?;
    let key = match (jwk.text("kty")?, jwk.text("crv")?) {
        (Some("oct"), _) => VerifyingKey::hs256(&jwk.bytes("k")?)?,
        (Some("EC"), Some("P-256")) => VerifyingKey::from_public(PublicKey::p256(&jwk.bytes("x")?, &jwk.bytes("y")?)?)?,
        (Some("OKP"), Some("Ed25519")) => VerifyingKey::from_public(PublicKey::ed25519(&jwk.bytes("x")?)?)?,
        (Some("RSA"), _) => VerifyingKey::from_public(PublicKey::rsa(&jwk.bytes("n")?, &jwk.bytes("e")?)?)?,
        _ => return Err(KeyError::Unsupported),
    };
    if jwk.text("alg")?.is_some_and(|name| Algorithm::parse(name) != Some(key.algorithm())) {
        return Err(KeyError::WrongAlgorithm);
    }
    match jwk.text("kid")? {
        Some(kid) => key.with_kid(kid),
        None => Ok(key),
    }
}

struct Jwk<'a>(&'a Map<String, Value>);

impl<'a> Jwk<'a> {
    fn text(&self, name: &str) -> Result<Option<&'a str>, KeyError> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(KeyError::Unsupported),
        }
    }

    fn bytes(&self, name: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        self.text(name)?.and_then(strict::decode).map(Zeroizing::new).ok_or(KeyError::Unsupported)
    }

    /// A private key in what should be a public set has leaked: not a key to trust.
    fn check_use(&self) -> Result<(), KeyError> {
        if self.0.contains_key("d") {
            return Err(KeyError::Private);
        }
        let verifies = match self.0.get("key_ops") {
            None => true,
            Some(Value::Array(operations)) => operations.iter().any(|operation| operation == "verify"),
            Some(_) => false,
        };
        if verifies && self.text("use")?.is_none_or(|purpose| purpose == "sig") {
            Ok(())
        } else {
            Err(KeyError::WrongUse)
        }
    }
}
