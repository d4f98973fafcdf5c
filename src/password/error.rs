//! What can be wrong with a password, and how hashing one can fail.

use std::time::Duration;

use crate::secret::RandomUnavailable;

/// Why a password cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordProblem {
    /// Longer than [`PASSWORD_MAX`](super::PASSWORD_MAX) bytes.
    #[error("the password is too long")]
    TooLong,
    /// Shorter than the policy asks for.
    #[error("the password is too short")]
    TooShort,
}

impl PasswordProblem {
    /// The stable code of this problem, as the HTTP contract names it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooLong => "password_too_long",
            Self::TooShort => "password_too_short",
        }
    }
}

/// Why no hash was computed, or none that can be answered for. No text of it holds a password or a hash.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// The queue is full: more passwords wait than the pool takes on.
    #[error("the hash queue is full")]
    Overloaded {
        /// How long to wait: about what the pool needs to work off a full queue, in whole seconds.
        retry_after: Duration,
    },
    /// The plain text cannot be a password.
    #[error(transparent)]
    Password(#[from] PasswordProblem),
    /// A stored hash is not an Argon2 PHC string.
    #[error("a stored password hash is not an Argon2 PHC string")]
    Unreadable,
    /// A stored hash asks for more memory or passes than any hash here may cost: see
    /// [`Argon2Params`](super::Argon2Params).
    #[error("a stored password hash asks for more memory or passes than are allowed")]
    TooCostly,
    /// The memory for one hash could not be had.
    #[error("there is no memory for a password hash")]
    OutOfMemory,
    /// No salt could be drawn.
    #[error(transparent)]
    Random(#[from] RandomUnavailable),
    /// The work was given up: it met a defect of this program.
    #[error("a password hash was given up")]
    Abandoned,
}
