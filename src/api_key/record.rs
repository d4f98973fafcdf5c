//! A key as the rooms pass it around.

use super::ApiKeyId;
use crate::{account::UserId, clock::Timestamp, principal::Scopes};

/// A key, without what opens anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// The id, which is a part of the key.
    pub id: ApiKeyId,
    /// Whose it is.
    pub owner: UserId,
    /// What its owner calls it.
    pub name: String,
    /// What it may do, as far as its owner may.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops being good.
    pub expires_at: Timestamp,
    /// When it was last used, to within an hour or so; `None` if it never was.
    pub last_used_at: Option<Timestamp>,
}
