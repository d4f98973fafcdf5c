//! What can be wrong with a password, and how hashing one can fail.

use std::time::Duration;

use super::Pattern;
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
    /// One of the first that anyone would try: it is on a list of common passwords, or follows from the user's own words.
    #[error("the password is one that many would try first")]
    TooCommon,
    /// Known from a breach of some other service.
    #[error("the password is known from a breach elsewhere")]
    Breached,
    /// Too easily guessed.
    #[error("the password is too easy to guess: add another word or two")]
    TooWeak,
    /// Of too few kinds of character, where the policy asks for several.
    #[error("the password must mix three of: capital letters, small letters, digits, other characters")]
    TooUniform,
    /// What makes it easy to guess: told beside one of the others.
    #[error("the password follows a pattern that is tried early")]
    Follows(Pattern),
}

impl PasswordProblem {
    /// The stable code of this problem, as the HTTP contract names it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooLong => "password_too_long",
            Self::TooShort => "password_too_short",
            Self::TooCommon | Self::Breached => "password_too_common",
            Self::TooWeak | Self::TooUniform => "password_too_weak",
            Self::Follows(pattern) => match pattern {
                Pattern::OwnWords => "password_own_words",
                Pattern::CommonPassword => "password_like_common",
                Pattern::SingleWord => "password_single_word",
                Pattern::Names => "password_names",
                Pattern::Keyboard => "password_keyboard",
                Pattern::Repeats => "password_repeats",
                Pattern::Sequence => "password_sequence",
                Pattern::Date => "password_date",
            },
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
    /// A stored hash is of no form that is known here.
    #[error("a password hash is of no form that is known here")]
    Unreadable,
    /// A stored hash asks for more memory or passes than any hash here may cost: see
    /// [`Argon2Params`](super::Argon2Params) and [`PasswordHash::parse`](super::PasswordHash::parse).
    #[error("a password hash asks for more memory or passes than are allowed")]
    TooCostly,
    /// A stored hash was made with a pepper that is not among [`Peppers`](super::Peppers).
    #[error("a password hash was made with a pepper that is not here")]
    UnknownPepper,
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
