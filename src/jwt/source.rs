//! Where a verifier finds the keys that are in use now.

use super::{KeyRing, SignError, SigningKey, TokenErrorKind, VerifyingKey};
#[cfg(feature = "accounts")]
use super::{LiveKeys, Shown};
#[cfg(feature = "remote-jwks")]
use super::{RemoteKeys, remote};
use crate::clock::Timestamp;

/// The keys of a [`JwtVerifier`](super::JwtVerifier): a [`KeyRing`] that stays as it is, or, with the feature
/// `remote-jwks`, `RemoteKeys` that follow what an issuer publishes. Cloning is cheap. Those of accounts follow what their
/// database holds.
#[derive(Clone, Debug)]
pub struct KeySource(Source);

#[derive(Clone, Debug)]
enum Source {
    Fixed(KeyRing),
    #[cfg(feature = "accounts")]
    Live(LiveKeys),
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
            #[cfg(feature = "accounts")]
            Source::Live(keys) => keys.generation(),
            #[cfg(feature = "remote-jwks")]
            Source::Remote(keys) => keys.generation(),
        }
    }

    /// The keys now. Never waits, and takes no lock unless there are none.
    #[cfg_attr(
        not(any(feature = "accounts", feature = "remote-jwks")),
        expect(clippy::unnecessary_wraps, reason = "a fixed ring is always there")
    )]
    pub(super) fn current(&self) -> Result<CurrentKeys<'_>, TokenErrorKind> {
        match &self.0 {
            Source::Fixed(ring) => Ok(CurrentKeys::Fixed(ring)),
            #[cfg(feature = "accounts")]
            Source::Live(keys) => keys.current().map(CurrentKeys::Live),
            #[cfg(feature = "remote-jwks")]
            Source::Remote(keys) => keys.current().map(CurrentKeys::Remote),
        }
    }

    /// A token with these claims, by the key that signs at this moment.
    #[cfg_attr(
        not(feature = "accounts"),
        expect(unused_variables, reason = "a fixed ring signs with the same key always")
    )]
    pub(super) fn sign(&self, claims: &[u8], now: Timestamp) -> Result<String, SignError> {
        let signed =
            |signer: Option<&SigningKey>| signer.ok_or(SignError::NoSigningKey)?.token(claims).ok_or(SignError::Failed);
        match &self.0 {
            Source::Fixed(ring) => signed(ring.signer()),
            #[cfg(feature = "accounts")]
            Source::Live(keys) => signed(keys.current().ok().as_ref().and_then(|keys| keys.signer(now))),
            #[cfg(feature = "remote-jwks")]
            Source::Remote(_) => signed(None),
        }
    }

    /// Whether there may be other keys elsewhere than those at hand.
    pub(super) const fn may_be_fetched(&self) -> bool {
        !matches!(self.0, Source::Fixed(_))
    }

    #[cfg(feature = "accounts")]
    pub(super) fn live(&self) -> Option<&LiveKeys> {
        if let Source::Live(keys) = &self.0 { Some(keys) } else { None }
    }

    #[cfg(feature = "remote-jwks")]
    pub(super) fn remote(&self) -> Option<&RemoteKeys> {
        if let Source::Remote(keys) = &self.0 { Some(keys) } else { None }
    }
}

/// The keys as they are now, whatever happens to their source meanwhile.
pub(super) enum CurrentKeys<'a> {
    Fixed(&'a KeyRing),
    #[cfg(feature = "accounts")]
    Live(Shown),
    #[cfg(feature = "remote-jwks")]
    Remote(remote::Snapshot),
}

impl CurrentKeys<'_> {
    pub(super) fn find(&self, kid: Option<&str>) -> Option<&VerifyingKey> {
        match self {
            Self::Fixed(ring) => ring.find(kid),
            #[cfg(feature = "accounts")]
            Self::Live(keys) => keys.find(kid),
            #[cfg(feature = "remote-jwks")]
            Self::Remote(snapshot) => snapshot.find(kid),
        }
    }

    pub(super) fn find_by_header(&self, is_its: impl Fn(&VerifyingKey) -> bool) -> Option<&VerifyingKey> {
        match self {
            Self::Fixed(ring) => ring.find_by_header(is_its),
            #[cfg(feature = "accounts")]
            Self::Live(keys) => keys.find_by_header(is_its),
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

#[cfg(feature = "accounts")]
impl From<LiveKeys> for KeySource {
    fn from(keys: LiveKeys) -> Self {
        Self(Source::Live(keys))
    }
}

#[cfg(feature = "remote-jwks")]
impl From<RemoteKeys> for KeySource {
    fn from(keys: RemoteKeys) -> Self {
        Self(Source::Remote(keys))
    }
}
