//! What came of an import, line by line.

use std::fmt;

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::records::RECORD_MAX;
use crate::{account::Username, store::Conflict};

/// What came of an import.
///
/// As JSON: `{dry_run, imported, passed_over, skipped: [{line, number, username, code, field, reason}]}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ImportReport {
    /// Nothing was written: the rest says what would have happened.
    pub dry_run: bool,
    /// How many users were made.
    pub imported: u64,
    /// How many objects of a Django export were of other models.
    pub passed_over: u64,
    /// Who was not, and why.
    pub skipped: Vec<Skipped>,
}

/// A record that did not become a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The line it begins in, from 1.
    pub line: u64,
    /// Which record of the file it is, from 1: a whole file may stand in one line.
    pub number: u64,
    /// The user name in it, if there is one that is valid.
    pub username: Option<Username>,
    /// Why.
    pub reason: SkipReason,
}

/// Why a record did not become a user. No text of it quotes the file, which holds hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SkipReason {
    /// Longer than 64 KiB.
    #[error("it is longer than {RECORD_MAX} bytes")]
    TooLong,
    /// Not UTF-8.
    #[error("it is not UTF-8")]
    NotUtf8,
    /// Not JSON.
    #[error("it is not JSON")]
    NotJson,
    /// JSON, but no object.
    #[error("it is not a JSON object")]
    NotAnObject,
    /// A member that must be there is not.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A member is of another type than it must be.
    #[error("`{0}` is of the wrong type")]
    WrongType(&'static str),
    /// A member is not as it must be.
    #[error("`{0}` is not valid")]
    Invalid(&'static str),
    /// The password's hash is of no form that is known here.
    #[error("the password hash is of no form that is known here")]
    UnknownHash,
    /// Checking the password would cost more than is allowed.
    #[error("checking the password would cost more than is allowed")]
    CostlyHash,
    /// The user name or address is that of an earlier record, which has this number.
    #[error("its user name or address is that of record {0}")]
    Repeats(u64),
    /// The user name is taken, now or by an account that was deleted.
    #[error("the user name is taken")]
    UsernameTaken,
    /// The address is taken.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// The id is taken.
    #[error("the id is taken")]
    IdTaken,
}

impl SkipReason {
    /// The stable code of this reason.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooLong => "too_long",
            Self::NotUtf8 => "not_utf8",
            Self::NotJson => "not_json",
            Self::NotAnObject => "not_an_object",
            Self::Missing(_) => "missing",
            Self::WrongType(_) => "wrong_type",
            Self::Invalid(_) => "invalid",
            Self::UnknownHash => "unknown_hash",
            Self::CostlyHash => "costly_hash",
            Self::Repeats(_) => "repeats",
            Self::UsernameTaken => "username_taken",
            Self::EmailTaken => "email_taken",
            Self::IdTaken => "id_taken",
        }
    }

    /// The member at fault, where it is one.
    #[must_use]
    pub const fn field(self) -> Option<&'static str> {
        match self {
            Self::Missing(field) | Self::WrongType(field) | Self::Invalid(field) => Some(field),
            _ => None,
        }
    }
}

impl From<Conflict> for SkipReason {
    fn from(taken: Conflict) -> Self {
        match taken {
            Conflict::Username => Self::UsernameTaken,
            Conflict::Email => Self::EmailTaken,
            Conflict::Id => Self::IdTaken,
        }
    }
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if self.number != self.line {
            write!(f, ", record {}", self.number)?;
        }
        if let Some(username) = &self.username {
            write!(f, " ({})", username.as_str())?;
        }
        write!(f, ": {}", self.reason)
    }
}

impl Serialize for Skipped {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("line", &self.line)?;
        map.serialize_entry("number", &self.number)?;
        map.serialize_entry("username", &self.username.as_ref().map(Username::as_str))?;
        map.serialize_entry("code", self.reason.code())?;
        map.serialize_entry("field", &self.reason.field())?;
        map.serialize_entry("reason", &self.reason.to_string())?;
        map.end()
    }
}
