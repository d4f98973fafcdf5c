//! What a stored hash is: one of ours, or one that another program made.

#[cfg(feature = "import")]
use super::foreign::ForeignHash;
use super::{HashError, phc::Phc};

/// A stored hash, read.
pub(super) enum Stored {
    Argon2(Phc),
    #[cfg(feature = "import")]
    Foreign(ForeignHash),
}

impl Stored {
    pub(super) fn read(text: &str) -> Result<Self, HashError> {
        if text.starts_with("$argon2") {
            return Phc::read(text).map(Self::Argon2);
        }
        #[cfg(feature = "import")]
        return ForeignHash::read(text).map(Self::Foreign);
        #[cfg(not(feature = "import"))]
        Err(HashError::Unreadable)
    }
}
