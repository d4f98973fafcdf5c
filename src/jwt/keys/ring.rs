//! The keys that are in use together.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use serde_json::{Value, json};

use super::{KeyError, SigningKey, VerifyingKey, jwk, pem};

/// How many rings there have been.
static RINGS: AtomicU64 = AtomicU64::new(0);

/// The keys that tokens are signed and checked with. Cloning is cheap.
///
/// A ring holds either shared secrets or public keys, never both, and no id twice. Which key checks a token is decided
/// by the token's `kid`, looked up here and nowhere else.
///
/// ```
/// use portcullis::jwt::{Algorithm, KeyRing, SigningKey};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // Whoever signs has the private keys; the last one signs, and the others still verify.
/// let old = SigningKey::generate(Algorithm::Es256)?;
/// let new = SigningKey::generate(Algorithm::EdDsa)?;
/// let (old_id, new_id) = (old.kid().to_owned(), new.kid().to_owned());
/// let ring = KeyRing::new([old, new])?;
/// assert_eq!(ring.signer().map(SigningKey::kid), Some(&*new_id));
///
/// // Whoever verifies has what is published of them.
/// let published = KeyRing::from_jwk_set(&ring.public_jwk_set().to_string())?;
/// assert!(published.signer().is_none());
/// assert!(published.find(Some(&old_id)).is_some());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct KeyRing(Arc<Keys>);

#[derive(Debug)]
struct Keys {
    verifying: Vec<VerifyingKey>,
    signer: Option<SigningKey>,
    generation: u64,
}

impl KeyRing {
    /// A ring that signs with the last of these keys and still verifies with all: how keys are rotated.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if there is none, two have the same id, or secrets and key pairs are mixed.
    pub fn new(keys: impl IntoIterator<Item = SigningKey>) -> Result<Self, KeyError> {
        let mut keys: Vec<_> = keys.into_iter().collect();
        let verifying = keys.iter().map(|key| key.verifying_key().clone()).collect();
        Self::assemble(verifying, keys.pop())
    }

    /// A ring that only verifies.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if there is no key, two have the same id, or secrets and public keys are mixed.
    pub fn verify_only(keys: impl IntoIterator<Item = VerifyingKey>) -> Result<Self, KeyError> {
        Self::assemble(keys.into_iter().collect(), None)
    }

    /// A ring of one shared secret: at least 32 bytes, from a real random source. A password is not one.
    ///
    /// # Errors
    ///
    /// [`KeyError::ShortSecret`] if there are fewer than 32 bytes.
    pub fn hs256(secret: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        Self::new([SigningKey::hs256(secret.as_ref())?])
    }

    /// A ring of one key in PEM: one that signs if the key is private, one that only verifies if it is public.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if the key is neither P-256, Ed25519 nor RSA, or is weak.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        if pem::read(pem)?.label.ends_with("PRIVATE KEY") {
            Self::new([SigningKey::from_pem(pem)?])
        } else {
            Self::verify_only([VerifyingKey::from_pem(pem)?])
        }
    }

    /// A ring that only verifies, from a JWK set (RFC 7517) such as an issuer publishes.
    ///
    /// Keys of no use here (another algorithm, for encryption, weak, broken) are left out with a warning in the log.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if the text is no JWK set, none of its keys can be used, two of those have the same id, or secrets
    /// and public keys are mixed.
    pub fn from_jwk_set(json: &str) -> Result<Self, KeyError> {
        Self::of_usable(jwk::parse_set(json)?)
    }

    /// The same from a set that anybody can read, of this many keys at most. Whatever is wrong with a key spoils no other:
    /// shared secrets, and keys with the same id, are left out too.
    #[cfg(feature = "remote-jwks")]
    pub(in crate::jwt) fn from_published_jwk_set(json: &str, max_keys: usize) -> Result<Self, KeyError> {
        Self::of_usable(jwk::parse_published_set(json, max_keys)?)
    }

    fn of_usable(keys: Vec<Result<VerifyingKey, KeyError>>) -> Result<Self, KeyError> {
        let usable = keys.into_iter().enumerate().filter_map(|(position, key)| {
            key.inspect_err(|error| tracing::warn!(position, %error, "a key of the set is left out")).ok()
        });
        Self::verify_only(usable)
    }

    fn assemble(verifying: Vec<VerifyingKey>, signer: Option<SigningKey>) -> Result<Self, KeyError> {
        let Some(first) = verifying.first() else { return Err(KeyError::NoKeys) };
        if verifying.iter().any(|key| key.algorithm().is_symmetric() != first.algorithm().is_symmetric()) {
            return Err(KeyError::Mixed);
        }
        Self::of_distinct(verifying, signer)
    }

    /// A ring that only verifies, with keys that were all made by the one who keeps them. Secrets may stand beside public
    /// keys: none of them came from outside, and a service that changes from one to the other has both for a while.
    #[cfg(feature = "accounts")]
    pub(super) fn of_one_keeper(keys: impl IntoIterator<Item = VerifyingKey>) -> Result<Self, KeyError> {
        let keys: Vec<_> = keys.into_iter().collect();
        if keys.is_empty() { Err(KeyError::NoKeys) } else { Self::of_distinct(keys, None) }
    }

    fn of_distinct(verifying: Vec<VerifyingKey>, signer: Option<SigningKey>) -> Result<Self, KeyError> {
        let mut kids: Vec<_> = verifying.iter().map(VerifyingKey::kid).collect();
        kids.sort_unstable();
        kids.dedup();
        if kids.len() < verifying.len() {
            return Err(KeyError::DuplicateKid);
        }
        let generation = RINGS.fetch_add(1, Ordering::Relaxed);
        Ok(Self(Arc::new(Keys { verifying, signer, generation })))
    }

    /// A number that no other ring of this process has. What was verified under one ring and is remembered with this
    /// number is not taken for verified under another, even one with the same keys.
    pub(in crate::jwt) fn generation(&self) -> u64 {
        self.0.generation
    }

    /// The key that new tokens are signed with, if this ring can sign.
    #[must_use]
    pub fn signer(&self) -> Option<&SigningKey> {
        self.0.signer.as_ref()
    }

    /// The key that a token means by its `kid`; without one, the only key there is.
    #[must_use]
    pub fn find(&self, kid: Option<&str>) -> Option<&VerifyingKey> {
        match (kid, self.0.verifying.as_slice()) {
            (Some(kid), keys) => keys.iter().find(|key| key.kid() == kid),
            (None, [key]) => Some(key),
            (None, _) => None,
        }
    }

    /// The key whose own header satisfies this.
    pub(in crate::jwt) fn find_by_header(&self, is_its: impl Fn(&VerifyingKey) -> bool) -> Option<&VerifyingKey> {
        self.0.verifying.iter().find(|key| is_its(key))
    }

    /// The keys as others may see them: a JWK set without any shared secret.
    #[must_use]
    pub fn public_jwk_set(&self) -> Value {
        json!({ "keys": self.0.verifying.iter().filter_map(VerifyingKey::public_jwk).collect::<Vec<_>>() })
    }
}
