//! A user's account as the rooms pass it around.

use super::{Email, SecondFactors, UserId, Username};
use crate::{
    clock::Timestamp,
    password::{OwnWords, PasswordHash},
};

/// A person's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Never changes, never reused.
    pub id: UserId,
    /// What they log in with.
    pub username: Username,
    /// Where they are reached.
    pub email: Email,
    /// When the address was confirmed; `None` until then.
    pub email_verified_at: Option<Timestamp>,
    /// The name to show. May be empty.
    pub name: String,
    /// Their roles.
    pub roles: Vec<String>,
    /// Raised by every user-wide change; a token with a lower `gen` is stale.
    pub generation: i64,
    /// When an administrator disabled the account, if one did, or since when it waits to be let in.
    pub disabled_at: Option<Timestamp>,
    /// When the account was made.
    pub created_at: Timestamp,
}

impl User {
    /// Someone whose account is made now: without a name to show, roles, or a confirmed address.
    pub(crate) fn made(now: Timestamp, username: Username, email: Email) -> Self {
        Self {
            id: UserId::new(now),
            username,
            email,
            email_verified_at: None,
            name: String::new(),
            roles: Vec::new(),
            generation: 1,
            disabled_at: None,
            created_at: now,
        }
    }

    /// The words that someone who knows them tries first as their password.
    pub(crate) fn own_words(&self) -> OwnWords {
        OwnWords::of(&self.username, &self.email, &self.name)
    }
}

/// A user with what their password is checked against.
#[derive(Clone, Debug)]
pub struct UserRecord {
    /// The account.
    pub user: User,
    /// `None` where no password is set.
    pub password: Option<PasswordHash>,
    /// Raised by every new password (a rehash of the same one does not count). Whoever acts on a checked password
    /// states the version they checked, so that an act and a change of password cannot cross.
    pub password_version: i64,
    /// What they log in with besides.
    pub second_factors: SecondFactors,
    /// Whether the password has to be changed before it opens anything.
    pub must_change_password: bool,
    /// Whether its user asked for it and waits for an administrator to let them in. Until then it is disabled.
    pub pending: bool,
    /// What vouches for them at login in place of a password; `None` for those who can have one here.
    pub backend: Option<String>,
}
