//! The secret that an authenticator app shares with this service.

use std::fmt;

use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    secret::{RandomUnavailable, SealBroken, Sealed, random_bytes},
    vault::DataKey,
};

/// How many bytes a secret has: the 160 bits that RFC 4226 section 4 recommends.
const LENGTH: usize = 20;

/// A new secret, from the system's random source.
///
/// # Errors
///
/// [`RandomUnavailable`] if the system has no randomness to give.
pub fn generate_totp_secret() -> Result<TotpSecret, RandomUnavailable> {
    Ok(TotpSecret(Zeroizing::new(random_bytes()?)))
}

/// A TOTP secret of 160 bits. It is wiped when dropped, and hidden in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct TotpSecret(Zeroizing<[u8; LENGTH]>);

impl TotpSecret {
    /// The secret of these bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; LENGTH]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes themselves.
    #[must_use]
    pub fn expose(&self) -> &[u8; LENGTH] {
        &self.0
    }

    /// The secret as people type it into an app: 32 characters of base32 (RFC 4648) without padding.
    #[must_use]
    pub fn to_base32(&self) -> Zeroizing<String> {
        Zeroizing::new(totp_rs::Secret::from(*self.0).to_base32())
    }

    /// Reads what [`to_base32`](Self::to_base32) wrote; `None` if it is anything else.
    #[must_use]
    pub fn from_base32(text: &str) -> Option<Self> {
        let secret = totp_rs::Secret::try_from_base32(text).ok()?;
        secret.as_bytes().try_into().ok().map(Self::from_bytes)
    }

    /// The secret as it may be stored, for the authenticator with this id and no other.
    pub(crate) fn seal(&self, key: &DataKey, authenticator: Uuid) -> Result<Sealed, RandomUnavailable> {
        key.seal(&place_of(authenticator), self.0.as_slice())
    }

    pub(crate) fn open(key: &DataKey, authenticator: Uuid, sealed: &Sealed) -> Result<Self, SealBroken> {
        let bytes = key.unseal(&place_of(authenticator), sealed)?;
        bytes.as_slice().try_into().map(Self::from_bytes).map_err(|_| SealBroken)
    }
}

fn place_of(authenticator: Uuid) -> String {
    format!("totp/{authenticator}")
}

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tp_2_a_secret_is_160_random_bits_and_hidden_in_debug() {
        let (one, other) = (generate_totp_secret().unwrap(), generate_totp_secret().unwrap());
        assert_ne!(one, other);
        let text = one.to_base32();
        assert_eq!(text.len(), 32);
        assert!(text.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7')), "{}", *text);
        assert!(!format!("{one:?}").contains(text.as_str()));
    }
}
