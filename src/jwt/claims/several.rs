//! The types of claims that JSON has several ways to write.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, SeqAccess, Visitor},
};

use crate::{clock::Timestamp, jwt::strict::Text};

/// The last second of the year 9999: no honest token names a later one, and arithmetic with it stays exact.
pub(super) const LAST_SECOND: i64 = 253_402_300_799;

/// Seconds since the Unix epoch, whole or with a fraction (RFC 7519 section 2).
#[derive(Clone, Copy)]
pub(super) struct NumericDate(pub(super) Timestamp);

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
pub(in crate::jwt) enum OneOrMany<'a> {
    One(Text<'a>),
    Many(Vec<Text<'a>>),
}

impl OneOrMany<'_> {
    pub(in crate::jwt) fn any(&self, accepts: impl Fn(&str) -> bool) -> bool {
        match self {
            Self::One(one) => accepts(one.as_str()),
            Self::Many(many) => many.iter().any(|one| accepts(one.as_str())),
        }
    }

    pub(super) fn into_strings(self) -> Vec<String> {
        match self {
            Self::One(one) => vec![one.into_string()],
            Self::Many(many) => many.into_iter().map(Text::into_string).collect(),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for OneOrMany<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrManyVisitor)
    }
}

struct OneOrManyVisitor;

impl<'de> Visitor<'de> for OneOrManyVisitor {
    type Value = OneOrMany<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or an array of strings")
    }

    fn visit_borrowed_str<E>(self, one: &'de str) -> Result<Self::Value, E> {
        Ok(OneOrMany::One(Text::from(one)))
    }

    fn visit_str<E>(self, one: &str) -> Result<Self::Value, E> {
        Ok(OneOrMany::One(Text::from(one.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut many = Vec::new();
        while let Some(one) = seq.next_element()? {
            many.push(one);
        }
        Ok(OneOrMany::Many(many))
    }
}
