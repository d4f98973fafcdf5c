//! The header of a token, read before anything about the token is known to be true.

use std::{borrow::Cow, collections::BTreeSet, fmt};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};
use serde_json::json;

use super::{
    Algorithm, TokenError,
    TokenErrorKind::{BadHeader, ForbiddenHeader},
    strict::{Strict, Text, duplicate, once},
};

/// The longest `kid` that is looked up, in bytes.
pub(super) const MAX_KID: usize = 256;

/// The header of an access token that is signed with this key, encoded.
pub(super) fn write(algorithm: Algorithm, kid: &str) -> String {
    URL_SAFE_NO_PAD.encode(json!({ "typ": "at+jwt", "alg": algorithm.as_str(), "kid": kid }).to_string())
}

pub(super) struct Header<'a> {
    /// Only what it names: the algorithm in use is the key's.
    names: Option<Algorithm>,
    kid: Option<Text<'a>>,
    typ: Option<Text<'a>>,
    forbidden: bool,
}

impl<'a> Header<'a> {
    pub(super) fn read(json: &'a [u8]) -> Result<Self, TokenError> {
        let header: Self = serde_json::from_slice(json).map_err(|_| BadHeader)?;
        if header.forbidden {
            return Err(ForbiddenHeader.into());
        }
        if header.kid().is_some_and(|kid| kid.len() > MAX_KID) {
            return Err(BadHeader.into());
        }
        Ok(header)
    }

    pub(super) fn kid(&self) -> Option<&str> {
        self.kid.as_ref().map(|kid| kid.0.as_ref())
    }

    pub(super) fn names(&self, algorithm: Algorithm) -> bool {
        self.names == Some(algorithm)
    }

    /// RFC 9068 section 4. Media types do not mind case, and RFC 7515 lets `application/` be left out.
    pub(super) fn is_access_token(&self) -> bool {
        self.typ.as_ref().is_some_and(|Text(typ)| {
            ["at+jwt", "application/at+jwt"].iter().any(|accepted| typ.eq_ignore_ascii_case(accepted))
        })
    }
}

impl<'de> Deserialize<'de> for Header<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeaderVisitor)
    }
}

struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = Header<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JOSE header")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut alg, mut kid, mut typ) = (None::<Text<'de>>, None, None);
        let mut others = BTreeSet::<Cow<'de, str>>::new();
        let mut forbidden = false;
        while let Some(Text(name)) = map.next_key()? {
            match name.as_ref() {
                "alg" => once(&mut alg, &mut map)?,
                "kid" => once(&mut kid, &mut map)?,
                "typ" => once(&mut typ, &mut map)?,
                _ => {
                    forbidden |= is_forbidden(&name);
                    map.next_value::<Strict>()?;
                    if !others.insert(name) {
                        return Err(duplicate());
                    }
                }
            }
        }
        let Text(alg) = alg.ok_or_else(|| A::Error::missing_field("alg"))?;
        Ok(Header { names: Algorithm::parse(&alg), kid, typ, forbidden })
    }
}

/// Members that bring their own key, change what is signed, or announce something else than plain claims.
///
/// Of `crit` none can be understood, since nothing is defined here that could stand in it (RFC 7515 section 4.1.11).
fn is_forbidden(name: &str) -> bool {
    matches!(name, "crit" | "b64" | "jwk" | "jku" | "x5u" | "x5c" | "zip" | "enc" | "cty")
}
