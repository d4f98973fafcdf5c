//! Hashes as they are stored, and hashing without a pool.

use std::fmt;

use super::{Argon2Params, HashError, Password, Verdict, hasher::Hasher};

/// A password's hash as the store keeps it: a PHC string.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// A hash as it came out of the store. Any text is accepted: it is read when a password is checked against it.
    #[must_use]
    pub const fn from_stored(phc: String) -> Self {
        Self(phc)
    }

    /// The PHC string, for the store.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// Hashes a password with the default [`Argon2Params`] and a random salt, as a PHC string.
///
/// This blocks for about ten milliseconds and takes 19 MiB: in asynchronous code use a [`HashPool`](super::HashPool).
///
/// ```
/// use portcullis::password::{hash_password, verify_password};
///
/// let stored = hash_password("correct horse battery staple").unwrap();
/// assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
/// assert!(verify_password("correct horse battery staple", &stored));
/// assert!(!verify_password("Correct horse battery staple", &stored));
/// ```
///
/// # Errors
///
/// [`HashError::Password`] if the text is too long for a password; [`HashError::Random`] and
/// [`HashError::OutOfMemory`] if the machine has nothing left to give.
pub fn hash_password(password: &str) -> Result<String, HashError> {
    let password = Password::parse(password)?;
    Ok(Hasher::new(Argon2Params::default()).hash(&password)?.0)
}

/// Whether this is the password of this PHC string. `false` for whatever cannot be read or computed too.
///
/// This blocks and takes as much memory as the string says: in asynchronous code use a
/// [`HashPool`](super::HashPool), which also tells a wrong password from a broken hash.
#[must_use]
pub fn verify_password(password: &str, stored: &str) -> bool {
    let stored = PasswordHash::from_stored(stored.to_owned());
    Password::parse(password)
        .map_err(HashError::from)
        .and_then(|password| Hasher::new(Argon2Params::default()).verify(&password, Some(&stored)))
        .is_ok_and(|verdict| matches!(verdict, Verdict::Match { .. }))
}
