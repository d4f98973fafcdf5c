//! PHC strings: what a stored hash says of how it was made.

use argon2::{
    Algorithm, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash as Fields, Salt},
};

use super::{HashError, PasswordHash, params::is_bounded};

/// A stored hash, read: everything that is needed to make it again.
pub(super) struct Phc {
    pub(super) algorithm: Algorithm,
    pub(super) version: Version,
    pub(super) params: Params,
    pub(super) salt: Salt,
    pub(super) tag: Output,
}

impl Phc {
    pub(super) fn read(stored: &str) -> Result<Self, HashError> {
        let fields = Fields::new(stored).map_err(|_| HashError::Unreadable)?;
        Self::from_fields(&fields).ok_or(HashError::Unreadable).and_then(|phc| {
            // Asked before anything is allocated.
            if is_bounded(&phc.params) { Ok(phc) } else { Err(HashError::TooCostly) }
        })
    }

    fn from_fields(fields: &Fields) -> Option<Self> {
        Some(Self {
            algorithm: fields.algorithm.as_str().parse().ok()?,
            // Strings from before versions were written are of the one before 0x13.
            version: fields.version.map_or(Ok(Version::V0x10), Version::try_from).ok()?,
            params: Params::try_from(fields).ok()?,
            salt: fields.salt?,
            tag: fields.hash?,
        })
    }

    /// The string to store. `None` only where salt or tag have lengths that a PHC string has no room for.
    pub(super) fn write(&self) -> Option<PasswordHash> {
        let fields = Fields {
            algorithm: self.algorithm.ident(),
            version: Some(self.version.into()),
            params: ParamsString::try_from(&self.params).ok()?,
            salt: Some(self.salt),
            hash: Some(self.tag),
        };
        Some(PasswordHash::from_stored(fields.to_string()))
    }
}
