//! A session as the rooms pass it around.

use std::fmt;

use uuid::Uuid;

use crate::{
    account::{UserId, time_ordered_uuid},
    clock::Timestamp,
};

/// A session's id: the `sid` of its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SessionId(pub Uuid);

impl SessionId {
    /// A new id, made now. Knowing it opens nothing.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self(time_ordered_uuid(now))
    }

    /// Reads the id from a token's `sid`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(Self)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// One login of one user on one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The `sid`.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last used: opened, refreshed, or called from. Exact to a few minutes.
    pub last_seen_at: Timestamp,
    /// When it ends unless it is used again. Never after `expires_at`.
    pub idle_until: Timestamp,
    /// When it ends whatever happens.
    pub expires_at: Timestamp,
    /// When its user last proved who they are.
    pub auth_time: Timestamp,
    /// How they did: RFC 8176 values.
    pub amr: Vec<String>,
    /// Where it was opened from.
    pub device: Device,
}

/// What is known of the device at the other end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Device {
    /// The peer's address.
    pub address: Option<std::net::IpAddr>,
    /// The `User-Agent` it sent, cut to 256 characters.
    pub user_agent: Option<String>,
}
