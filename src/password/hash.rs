//! Hashes as they are stored, and hashing without a pool.

use std::fmt;

use super::{Argon2Params, HashError, Password, Verdict, hasher::Hasher, stored::Stored};

/// A password's hash as the store keeps it: a PHC string, or what another program wrote.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// A hash as it came out of the store. Any text is accepted: it is read when a password is checked against it.
    #[must_use]
    pub const fn from_stored(phc: String) -> Self {
        Self(phc)
    }

    /// A hash that another program made, as it was written there:
    ///
    /// | kind | written as | costs at most |
    /// |---|---|---|
    /// | Argon2 | `$argon2id$…`, `$argon2i$…`, `$argon2d$…`, Django's `argon2$argon2id$…` | 256 MiB, 32 passes, 16 lanes |
    /// | bcrypt | `$2a$…`, `$2b$…`, `$2y$…`, Django's `bcrypt$…` and `bcrypt_sha256$…` | cost 14 |
    /// | PBKDF2 | `$pbkdf2$…`, `$pbkdf2-sha256$…`, `$pbkdf2-sha512$…`, Django's `pbkdf2_sha256$…`, `pbkdf2_sha1$…` | 4,000,000 iterations |
    /// | scrypt | `$scrypt$ln=…`, Django's `scrypt$…` | 256 MiB, N·r·p of 2^22 |
    ///
    /// All but Argon2 need the feature `import`. A password is compared in the form NFC, as everywhere here; of bcrypt's
    /// only the first 72 bytes count, as when the hash was made.
    ///
    /// ```
    /// # #[cfg(feature = "import")] {
    /// use portcullis::password::{HashError, PasswordHash, verify_password};
    ///
    /// let bcrypt = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
    /// let hash = PasswordHash::parse(bcrypt).unwrap();
    /// assert!(verify_password("U*U", hash.as_str()));
    /// assert!(matches!(PasswordHash::parse(&bcrypt.replace("$05$", "$31$")), Err(HashError::TooCostly)));
    /// assert!(matches!(PasswordHash::parse("md5$salt$abc"), Err(HashError::Unreadable)));
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`HashError::Unreadable`] if it is none of these, [`HashError::TooCostly`] if it costs more.
    pub fn parse(text: &str) -> Result<Self, HashError> {
        let is_wrapped = |rest: &&str| rest.starts_with('$');
        let wrapped = ["argon2", "bcrypt$"].iter().find_map(|name| text.strip_prefix(name).filter(is_wrapped));
        let text = wrapped.unwrap_or(text);
        Stored::read(text).map(|_| Self(text.to_owned()))
    }

    /// The string itself, for the store.
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
