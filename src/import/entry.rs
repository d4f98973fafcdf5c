//! What a record means: a user as they will be.

use serde_json::Value;

use super::{
    django,
    fields::Fields,
    records::Record,
    report::{SkipReason, Skipped},
};
use crate::{
    account::{DisplayName, Email, User, UserId, Username},
    clock::Timestamp,
    password::{HashError, PasswordHash},
    store::NewUser,
};

/// The longest name of a role, in characters.
const ROLE_MAX: usize = 128;

/// What a record turned out to be.
pub(super) enum Entry {
    User(Box<NewUser>),
    /// An object of a Django export that is no user.
    Other,
}

/// Reads a record.
pub(super) fn read(record: &Record, now: Timestamp) -> Result<Entry, Skipped> {
    let skipped = |username, reason| Skipped { line: record.line, number: record.number, username, reason };
    let fields = members(record).map_err(|reason| skipped(None, reason))?;
    let (entry, username) = match django::unwrap(fields) {
        django::Unwrapped::User(fields) => (django::user(&fields, now), name_in(&fields)),
        django::Unwrapped::Other => return Ok(Entry::Other),
        django::Unwrapped::NotDjango(fields) => (user(&fields, now), name_in(&fields)),
    };
    entry.map(|new| Entry::User(Box::new(new))).map_err(|reason| skipped(username, reason))
}

fn members(record: &Record) -> Result<Fields, SkipReason> {
    if record.is_too_long {
        return Err(SkipReason::TooLong);
    }
    let text = str::from_utf8(&record.text).map_err(|_| SkipReason::NotUtf8)?;
    Fields::of(serde_json::from_str::<Value>(text).map_err(|_| SkipReason::NotJson)?)
}

fn name_in(fields: &Fields) -> Option<Username> {
    fields.text("username").ok().flatten().and_then(Username::parse)
}

fn user(fields: &Fields, now: Timestamp) -> Result<NewUser, SkipReason> {
    let roles = fields.texts("roles")?;
    if !roles.iter().all(|role| is_role(role)) {
        return Err(SkipReason::Invalid("roles"));
    }
    let user = User {
        id: fields.parsed("id", user_id)?.unwrap_or_else(|| UserId::new(now)),
        username: fields.required("username", Username::parse)?,
        email: fields.required("email", Email::parse)?,
        email_verified_at: fields.since("email_verified_at", "email_verified", now)?,
        name: fields.parsed("name", DisplayName::parse)?.map(DisplayName::into_string).unwrap_or_default(),
        roles: roles.into_iter().map(str::to_owned).collect(),
        generation: 1,
        disabled_at: fields.since("disabled_at", "disabled", now)?,
        created_at: fields.moment("created_at")?.unwrap_or(now),
    };
    let password = fields.text("password_hash")?.map(hash).transpose()?;
    let must_change_password = fields.flag("must_change_password")?.unwrap_or_default();
    Ok(NewUser { user, password, must_change_password, pending: false })
}

/// A hash that can be checked here.
pub(super) fn hash(text: &str) -> Result<PasswordHash, SkipReason> {
    PasswordHash::parse(text).map_err(|error| match error {
        HashError::TooCostly => SkipReason::CostlyHash,
        _ => SkipReason::UnknownHash,
    })
}

fn user_id(text: &str) -> Option<UserId> {
    UserId::parse(text).filter(|id| !id.0.is_nil())
}

fn is_role(role: &str) -> bool {
    (1..=ROLE_MAX).contains(&role.chars().count()) && !role.chars().any(char::is_control)
}
