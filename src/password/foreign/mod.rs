//! Hashes that other programs made: read and checked, never made.
//!
//! A login against one costs what its maker chose, up to a bound of about two seconds of one core for each kind, and is
//! followed by a hash of our own, which is kept instead.

mod bcrypt;
mod pbkdf2;
mod scrypt;

use aws_lc_rs::constant_time::verify_slices_are_equal;

use self::{bcrypt::Bcrypt, pbkdf2::Pbkdf2, scrypt::Scrypt};
use super::{HashError, Password};

/// The lengths that a salt and a tag may have, in bytes. A shorter tag would match too many passwords.
const SALT_MAX: usize = 128;
const TAG_MIN: usize = 16;
const TAG_MAX: usize = 64;

/// A stored hash that is not Argon2, read.
pub(super) enum ForeignHash {
    Bcrypt(Bcrypt),
    Pbkdf2(Pbkdf2),
    Scrypt(Scrypt),
}

impl ForeignHash {
    pub(super) fn read(text: &str) -> Result<Self, HashError> {
        let read = Bcrypt::read(text)
            .map(Self::Bcrypt)
            .or_else(|| Pbkdf2::read(text).map(Self::Pbkdf2))
            .or_else(|| Scrypt::read(text).map(Self::Scrypt))
            .ok_or(HashError::Unreadable)?;
        let is_bounded = match &read {
            Self::Bcrypt(hash) => hash.is_bounded(),
            Self::Pbkdf2(hash) => hash.is_bounded(),
            Self::Scrypt(hash) => hash.is_bounded(),
        };
        if is_bounded { Ok(read) } else { Err(HashError::TooCostly) }
    }

    /// Whether it is the hash of this password. Costs the whole hash either way.
    pub(super) fn matches(&self, password: &Password) -> bool {
        match self {
            Self::Bcrypt(hash) => hash.matches(password),
            Self::Pbkdf2(hash) => hash.matches(password),
            Self::Scrypt(hash) => hash.matches(password),
        }
    }
}

/// Salt and tag, if they have lengths that make sense.
fn sized(salt: Vec<u8>, tag: Vec<u8>) -> Option<(Vec<u8>, Vec<u8>)> {
    (salt.len() <= SALT_MAX && (TAG_MIN..=TAG_MAX).contains(&tag.len())).then_some((salt, tag))
}

fn are_equal(one: &[u8], other: &[u8]) -> bool {
    verify_slices_are_equal(one, other).is_ok()
}
