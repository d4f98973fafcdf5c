//! Claims out of JSON, in one pass, each of them once and of the type it has to be.

use std::fmt;

use serde::{
    Deserializer,
    de::{DeserializeSeed, MapAccess, Visitor},
};
use serde_json::{Map, Value};

use super::{
    Claims, plain,
    several::{NumericDate, OneOrMany},
};
use crate::{
    clock::Timestamp,
    jwt::{
        TokenError,
        TokenErrorKind::{BadClaims, MissingClaim},
        strict::{Strict, Text, duplicate, once},
    },
    principal::{CredentialKind, Identity, Scopes},
};

/// Claims as they stand in a token, with all that must be there. They are borrowed from it wherever that can be: what is
/// only compared need not be copied.
pub(in crate::jwt) struct Read<'a> {
    pub(in crate::jwt) iss: Text<'a>,
    pub(in crate::jwt) aud: OneOrMany<'a>,
    /// Not empty.
    pub(in crate::jwt) sub: Text<'a>,
    pub(in crate::jwt) exp: Timestamp,
    pub(in crate::jwt) iat: Timestamp,
    pub(in crate::jwt) optional: Optional<'a>,
}

/// The claims that may be absent, and those that are given no meaning here.
#[derive(Default)]
pub(in crate::jwt) struct Optional<'a> {
    pub(super) nbf: Option<NumericDate>,
    pub(super) jti: Option<Text<'a>>,
    pub(super) sid: Option<Text<'a>>,
    pub(in crate::jwt) generation: Option<i64>,
    pub(super) client_id: Option<Text<'a>>,
    pub(super) scope: Option<Text<'a>>,
    pub(super) roles: Option<Vec<String>>,
    pub(super) amr: Option<Vec<String>>,
    pub(super) acr: Option<Text<'a>>,
    pub(super) auth_time: Option<NumericDate>,
    pub(super) name: Option<Text<'a>>,
    pub(super) email: Option<Text<'a>>,
    pub(super) email_verified: Option<bool>,
    extra: Map<String, Value>,
}

impl<'a> Read<'a> {
    pub(in crate::jwt) fn from_json(json: &'a [u8]) -> Result<Self, TokenError> {
        // All of it at once, which is a good deal faster than string by string.
        let json = str::from_utf8(json).map_err(|_| BadClaims)?;
        // Filled where it lies, as it is large.
        let mut raw = Raw::default();
        match plain::fill(&mut raw, json) {
            Some(()) => raw.complete().ok_or_else(|| MissingClaim.into()),
            None => Self::of_any_json(json),
        }
    }

    pub(super) fn of_any_json(json: &'a str) -> Result<Self, TokenError> {
        let mut raw = Raw::default();
        let mut deserializer = serde_json::Deserializer::from_str(json);
        raw.deserialize(&mut deserializer).and_then(|()| deserializer.end()).map_err(|_| BadClaims)?;
        raw.complete().ok_or_else(|| MissingClaim.into())
    }

    pub(in crate::jwt) fn nbf(&self) -> Option<Timestamp> {
        self.optional.nbf.map(|time| time.0)
    }

    pub(in crate::jwt) fn sid(&self) -> Option<&str> {
        self.optional.sid.as_ref().map(Text::as_str)
    }

    pub(in crate::jwt) fn into_claims(self) -> Claims {
        let Self { iss, aud, sub, exp, iat, optional } = self;
        Claims {
            iss: iss.into_string(),
            aud: aud.into_strings(),
            sub: sub.into_string(),
            exp,
            iat,
            nbf: optional.nbf.map(|time| time.0),
            jti: optional.jti.map(Text::into_string),
            sid: optional.sid.map(Text::into_string),
            generation: optional.generation,
            client_id: optional.client_id.map(Text::into_string),
            scope: scopes(optional.scope.as_ref()),
            roles: optional.roles.unwrap_or_default(),
            amr: optional.amr.unwrap_or_default(),
            acr: optional.acr.map(Text::into_string),
            auth_time: optional.auth_time.map(|time| time.0),
            name: optional.name.map(Text::into_string),
            email: optional.email.map(Text::into_string),
            email_verified: optional.email_verified,
            extra: optional.extra,
        }
    }

    /// Who the token is from, and the claims that are given no meaning here.
    pub(in crate::jwt) fn into_identity(self) -> (Identity, Map<String, Value>) {
        let Self { sub, exp, optional, .. } = self;
        let identity = Identity {
            id: sub.into_string(),
            name: optional.name.map(Text::into_string),
            email: optional.email.filter(|_| optional.email_verified == Some(true)).map(Text::into_string),
            scopes: scopes(optional.scope.as_ref()),
            roles: optional.roles.unwrap_or_default(),
            session: optional.sid.map(Text::into_string),
            amr: optional.amr.unwrap_or_default(),
            acr: optional.acr.map(Text::into_string),
            auth_time: optional.auth_time.map(|time| time.0),
            expires_at: exp,
            credential: CredentialKind::AccessToken,
        };
        (identity, optional.extra)
    }
}

fn scopes(list: Option<&Text<'_>>) -> Scopes {
    list.map(|list| Scopes::parse(list.as_str())).unwrap_or_default()
}

/// Claims as they come, before it is known that those which must be there are.
#[derive(Default)]
pub(super) struct Raw<'a> {
    pub(super) iss: Option<Text<'a>>,
    pub(super) aud: Option<OneOrMany<'a>>,
    pub(super) sub: Option<Text<'a>>,
    pub(super) exp: Option<NumericDate>,
    pub(super) iat: Option<NumericDate>,
    pub(super) optional: Optional<'a>,
}

impl<'a> Raw<'a> {
    pub(super) fn complete(self) -> Option<Read<'a>> {
        Some(Read {
            iss: self.iss?,
            aud: self.aud?,
            sub: self.sub.filter(|sub| !sub.as_str().is_empty())?,
            exp: self.exp?.0,
            iat: self.iat?.0,
            optional: self.optional,
        })
    }
}

impl<'de> DeserializeSeed<'de> for &mut Raw<'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut Raw<'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a set of claims")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let optional = &mut self.optional;
        while let Some(name) = map.next_key::<Text<'de>>()? {
            match name.as_str() {
                "iss" => once(&mut self.iss, &mut map)?,
                "aud" => once(&mut self.aud, &mut map)?,
                "sub" => once(&mut self.sub, &mut map)?,
                "exp" => once(&mut self.exp, &mut map)?,
                "iat" => once(&mut self.iat, &mut map)?,
                "nbf" => once(&mut optional.nbf, &mut map)?,
                "jti" => once(&mut optional.jti, &mut map)?,
                "sid" => once(&mut optional.sid, &mut map)?,
                "gen" => once(&mut optional.generation, &mut map)?,
                "client_id" => once(&mut optional.client_id, &mut map)?,
                "scope" => once(&mut optional.scope, &mut map)?,
                "roles" => once(&mut optional.roles, &mut map)?,
                "amr" => once(&mut optional.amr, &mut map)?,
                "acr" => once(&mut optional.acr, &mut map)?,
                "auth_time" => once(&mut optional.auth_time, &mut map)?,
                "name" => once(&mut optional.name, &mut map)?,
                "email" => once(&mut optional.email, &mut map)?,
                "email_verified" => once(&mut optional.email_verified, &mut map)?,
                _ => {
                    let Strict(value) = map.next_value()?;
                    if optional.extra.insert(name.into_string(), value).is_some() {
                        return Err(duplicate());
                    }
                }
            }
        }
        Ok(())
    }
}
