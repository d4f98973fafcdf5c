//! Claims out of JSON, in one pass, each of them once and of the type it has to be.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

use super::Claims;
use crate::{
    clock::Timestamp,
    jwt::{
        TokenError,
        TokenErrorKind::{BadClaims, MissingClaim},
        strict::{Strict, Text, duplicate, once},
    },
    principal::Scopes,
};

/// The last second of the year 9999: no honest token names a later one, and arithmetic with it stays exact.
const LAST_SECOND: i64 = 253_402_300_799;

pub(super) fn claims(json: &[u8]) -> Result<Claims, TokenError> {
    // All of it at once, which is a good deal faster than string by string.
    let json = str::from_utf8(json).map_err(|_| BadClaims)?;
    serde_json::from_str::<Raw>(json).map_err(|_| BadClaims)?.complete().ok_or_else(|| MissingClaim.into())
}

/// Claims as they come, before it is known that those which must be there are.
#[derive(Default)]
struct Raw {
    iss: Option<String>,
    aud: Option<OneOrMany>,
    sub: Option<String>,
    exp: Option<NumericDate>,
    iat: Option<NumericDate>,
    nbf: Option<NumericDate>,
    jti: Option<String>,
    sid: Option<String>,
    generation: Option<i64>,
    client_id: Option<String>,
    scope: Option<String>,
    roles: Option<Vec<String>>,
    amr: Option<Vec<String>>,
    acr: Option<String>,
    auth_time: Option<NumericDate>,
    name: Option<String>,
    email: Option<String>,
    email_verified: Option<bool>,
    extra: Map<String, Value>,
}

impl Raw {
    fn complete(self) -> Option<Claims> {
        Some(Claims {
            iss: self.iss?,
            aud: self.aud?.0,
            sub: self.sub.filter(|sub| !sub.is_empty())?,
            exp: self.exp?.0,
            iat: self.iat?.0,
            nbf: self.nbf.map(|time| time.0),
            jti: self.jti,
            sid: self.sid,
            generation: self.generation,
            client_id: self.client_id,
            scope: self.scope.as_deref().map(Scopes::parse).unwrap_or_default(),
            roles: self.roles.unwrap_or_default(),
            amr: self.amr.unwrap_or_default(),
            acr: self.acr,
            auth_time: self.auth_time.map(|time| time.0),
            name: self.name,
            email: self.email,
            email_verified: self.email_verified,
            extra: self.extra,
        })
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a set of claims")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut raw = Raw::default();
        while let Some(Text(name)) = map.next_key()? {
            match name.as_ref() {
                "iss" => once(&mut raw.iss, &mut map)?,
                "aud" => once(&mut raw.aud, &mut map)?,
                "sub" => once(&mut raw.sub, &mut map)?,
                "exp" => once(&mut raw.exp, &mut map)?,
                "iat" => once(&mut raw.iat, &mut map)?,
                "nbf" => once(&mut raw.nbf, &mut map)?,
                "jti" => once(&mut raw.jti, &mut map)?,
                "sid" => once(&mut raw.sid, &mut map)?,
                "gen" => once(&mut raw.generation, &mut map)?,
                "client_id" => once(&mut raw.client_id, &mut map)?,
                "scope" => once(&mut raw.scope, &mut map)?,
                "roles" => once(&mut raw.roles, &mut map)?,
                "amr" => once(&mut raw.amr, &mut map)?,
                "acr" => once(&mut raw.acr, &mut map)?,
                "auth_time" => once(&mut raw.auth_time, &mut map)?,
                "name" => once(&mut raw.name, &mut map)?,
                "email" => once(&mut raw.email, &mut map)?,
                "email_verified" => once(&mut raw.email_verified, &mut map)?,
                _ => {
                    let Strict(value) = map.next_value()?;
                    if raw.extra.insert(name.into_owned(), value).is_some() {
                        return Err(duplicate());
                    }
                }
            }
        }
        Ok(raw)
    }
}

/// Seconds since the Unix epoch, whole or with a fraction (RFC 7519 section 2).
struct NumericDate(Timestamp);

impl<'de> Deserialize<'de> for NumericDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_f64(NumericDateVisitor)
    }
}

struct NumericDateVisitor;

impl Visitor<'_> for NumericDateVisitor {
    type Value = NumericDate;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("seconds since the Unix epoch, before the year 10000")
    }

    fn visit_u64<E: Error>(self, seconds: u64) -> Result<NumericDate, E> {
        i64::try_from(seconds)
            .ok()
            .filter(|seconds| *seconds <= LAST_SECOND)
            .map(|seconds| NumericDate(Timestamp::from_secs(seconds)))
            .ok_or_else(|| E::custom("out of range"))
    }

    fn visit_f64<E: Error>(self, seconds: f64) -> Result<NumericDate, E> {
        #[expect(clippy::cast_possible_truncation, reason = "casts saturate, and parts of a millisecond are dropped")]
        let millis = (seconds * 1000.0) as i64;
        if seconds >= 0.0 && millis <= LAST_SECOND * 1000 {
            Ok(NumericDate(Timestamp::from_millis(millis)))
        } else {
            Err(E::custom("out of range"))
        }
    }
}

/// RFC 7519 section 4.1.3: a string, or an array of strings.
struct OneOrMany(Vec<String>);

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrManyVisitor)
    }
}

struct OneOrManyVisitor;

impl<'de> Visitor<'de> for OneOrManyVisitor {
    type Value = OneOrMany;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or an array of strings")
    }

    fn visit_str<E>(self, one: &str) -> Result<OneOrMany, E> {
        Ok(OneOrMany(vec![one.to_owned()]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<OneOrMany, A::Error> {
        let mut many = Vec::new();
        while let Some(one) = seq.next_element()? {
            many.push(one);
        }
        Ok(OneOrMany(many))
    }
}
