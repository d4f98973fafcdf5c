//! Passwords: hashing in a bounded pool, policy, change.

use std::time::Duration;

/// x
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

impl PasswordHash {
    /// x
    pub fn from_stored(phc: String) -> Self {
        Self(phc)
    }
    /// x
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why the pool did not hash.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// The queue is full.
    #[error("the hash queue is full")]
    Overloaded {
        /// How long to wait.
        retry_after: Duration,
    },
    /// x
    #[error("the hash failed: {0}")]
    Failed(String),
}
