//! Where a verifier finds the keys that are in use now.

use super::{KeyRing, TokenErrorKind, VerifyingKey};
#[cfg(feature = "remote-jwks")]
use super::{RemoteKeys, remote};

/// The keys of a [`JwtVerifier`](super::JwtVerifier): a [`KeyRing`] that stays as it is, or, with the feature
/// `remote-jwks`, `RemoteKeys` that follow what an issuer publishes. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct KeySource(Source);

#[derive(Clone, Debug)]
enum Source {
    Fixed(KeyRing),
    #[cfg(feature = "remote-jwks")]
    Remote(RemoteKeys),
}

impl KeySource {
    /// A number that is another one after each change of the keys, for whoever remembers what they have verified. None
    /// while there are no keys to verify with, and then nothing remembered is good either.
    ///
    /// Never waits. For a [`KeyRing`] it stays the same.
    #[must_use]
    pub fn generation(&self) -> Option<u64> {
        match &self.0 {
            Source::Fixed(ring) => Some(ring.generation()),
            #[cfg(feature = "remote-jwks")]
            Source::Remote(keys) => keys.generation(),
        }
    }

    /// The keys now. Never waits, and takes no lock unless there are none.
    #[cfg_attr(
        not(feature = "remote-jwks"),
        expect(clippy::unnecessary_wraps, reason = "a fixed ring is always there")
    )]
    pub(super) fn current(&self) -> Result<CurrentKeys<'_>, TokenErrorKind> {
        match &self.0 {
            Source::Fixed(ring) => Ok(CurrentKeys::Fixed(ring)),
            #[cfg(feature = "remote-jwks")]
            Source::Remote(keys) => keys.current().map(CurrentKeys::Remote),
        }
    }

    #[cfg(feature = "remote-jwks")]
    pub(super) fn remote(&self) -> Option<&RemoteKeys> {
        match &self.0 {
            Source::Fixed(_) => None,
            Source::Remote(keys) => Some(keys),
        }
    }
}

/// The keys as they are now, whatever happens to their source meanwhile.
pub(super) enum CurrentKeys<'a> {
    Fixed(&'a KeyRing),
    #[cfg(feature = "remote-jwks")]
    Remote(remote::Snapshot),
}

impl CurrentKeys<'_> {
    pub(super) fn find(&self, kid: Option<&str>) -> Option<&VerifyingKey> {
        match self {
            Self::Fixed(ring) => ring.find(kid),
            #[cfg(feature = "remote-jwks")]
            Self::Remote(snapshot) => snapshot.find(kid),
        }
    }

    pub(super) fn find_by_header(&self, is_its: impl Fn(&VerifyingKey) -> bool) -> Option<&VerifyingKey> {
        match self {
            Self::Fixed(ring) => ring.find_by_header(is_its),
            #[cfg(feature = "remote-jwks")]
            Self::Remote(snapshot) => snapshot.find_by_header(is_its),
        }
    }
}

impl From<KeyRing> for KeySource {
    fn from(ring: KeyRing) -> Self {
        Self(Source::Fixed(ring))
    }
}

#[cfg(feature = "remote-jwks")]
impl From<RemoteKeys> for KeySource {
    fn from(keys: RemoteKeys) -> Self {
        Self(Source::Remote(keys))
    }
}
