//! What the verbs about mailed tokens take.

use uuid::Uuid;

use crate::{
    account::{Email, UserId},
    clock::Timestamp,
    one_time::Purpose,
    secret::TokenHash,
};

/// The right that a mailed token gives: to do one thing, for one account, about one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// That of the mail in which the token is sent.
    pub id: Uuid,
    /// What it opens.
    pub purpose: Purpose,
    /// Whose account.
    pub user: UserId,
    /// The address it is about.
    pub email: Email,
    /// Until when.
    pub expires_at: Timestamp,
}

/// A token about to be mailed.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// What it gives.
    pub grant: Grant,
    /// What is kept of it.
    pub hash: TokenHash,
    /// What is kept of the code that may be typed instead.
    pub code: Option<CodeHash>,
}

/// What is kept of a code.
#[derive(Clone, Copy, Debug)]
pub struct CodeHash {
    /// Its keyed hash.
    pub hash: TokenHash,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// What someone shows to confirm an address.
#[derive(Clone, Debug)]
pub enum VerifyBy {
    /// The token of the link.
    Token(TokenHash),
    /// The code, and the address it was mailed to.
    Code(Email, TokenHash),
}
