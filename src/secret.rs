//! Secrets: the only maker of random ones, the types that keep plain and hashed apart, and sealing at rest.
//!
//! Nothing in here shows what it holds in `Debug`, and plain values are wiped when they are dropped.

use std::fmt;

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    constant_time, digest, hmac, rand,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

/// The system's source of randomness did not answer. Nothing sensible can be done without it.
#[derive(Debug, thiserror::Error)]
#[error("the system's random source is unavailable")]
pub struct RandomUnavailable;

/// Fills `N` bytes from the system's random source.
///
/// # Errors
///
/// [`RandomUnavailable`] if the system has no randomness to give.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], RandomUnavailable> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| RandomUnavailable)?;
    Ok(bytes)
}

/// A 256-bit random token in the clear: it is given out once and never stored.
#[derive(Clone, PartialEq, Eq)]
pub struct PlainToken(Zeroizing<String>);

impl PlainToken {
    /// How many characters a new one has: 256 bits in base64url.
    pub(crate) const LEN: usize = 43;

    /// A new one, from the system's random source.
    ///
    /// # Errors
    ///
    /// [`RandomUnavailable`] if the system has no randomness to give.
    pub fn generate() -> Result<Self, RandomUnavailable> {
        let bytes = Zeroizing::new(random_bytes::<32>()?);
        Ok(Self(Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice()))))
    }

    /// This token behind a prefix that tells what it is for, wherever it turns up.
    #[must_use]
    pub fn behind(&self, prefix: &str) -> Self {
        Self(Zeroizing::new([prefix, self.expose()].concat()))
    }

    /// A token as a client sent it, if it looks like one that was put [`behind`](Self::behind) this prefix.
    #[must_use]
    pub fn parse(prefix: &str, text: &str) -> Option<Self> {
        let secret = text.strip_prefix(prefix)?;
        let is_base64url = secret.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        (secret.len() == Self::LEN && is_base64url).then(|| Self::from_client(text.to_owned()))
    }

    /// A token as a client sent it. Any text is accepted: whether it means anything is decided by its hash.
    #[must_use]
    pub fn from_client(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text to give to the client.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What may be stored. SHA-256 is enough: the token has 256 bits of its own.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(self.0.as_bytes())
    }
}

impl fmt::Debug for PlainToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainToken(…)")
    }
}

/// The SHA-256 of a token: what the store knows of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// The hash of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
        Self(hash)
    }

    /// A hash as it came out of the store; `None` if it is of another length.
    #[must_use]
    pub fn from_stored(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Whether this is the hash of the same token. How long that takes tells nothing of either.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(&self.0, &other.0).is_ok()
    }

    /// The 32 bytes, for the store.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

/// Something sealed could not be opened: another key sealed it, it belongs elsewhere, or it was changed.
#[derive(Debug, thiserror::Error)]
#[error("sealed data cannot be opened with this key")]
pub struct SealBroken;

/// A 256-bit key that seals secrets at rest with AES-256-GCM under random nonces.
///
/// Two are in use: the master key, which lives outside the database and wraps the data key, and the data key, which
/// lives wrapped inside the database and seals everything else. So changing the master key rewraps one row.
#[derive(Clone)]
pub struct SealingKey(Zeroizing<[u8; 32]>);

impl SealingKey {
    /// A new random key.
    ///
    /// # Errors
    ///
    /// [`RandomUnavailable`] if the system has no randomness to give.
    pub fn generate() -> Result<Self, RandomUnavailable> {
        Ok(Self(Zeroizing::new(random_bytes()?)))
    }

    /// The key with these bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The key's own bytes, to be wrapped by another key or written to a file only its owner can read.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// Seals `plain` for `place`: it can be opened only under the same place, so a row cannot be moved to another.
    ///
    /// # Errors
    ///
    /// [`RandomUnavailable`] if no nonce could be drawn.
    pub fn seal(&self, place: &str, plain: &[u8]) -> Result<Sealed, RandomUnavailable> {
        let mut body = plain.to_vec();
        let nonce = self
            .aead()
            .and_then(|key| key.seal_in_place_append_tag(Aad::from(place.as_bytes()), &mut body).ok())
            .ok_or(RandomUnavailable)?;
        let mut sealed = nonce.as_ref().to_vec();
        sealed.append(&mut body);
        Ok(Sealed(sealed))
    }

    /// Opens what [`seal`](Self::seal) made for the same `place`.
    ///
    /// # Errors
    ///
    /// [`SealBroken`] if it was sealed with another key, for another place, or changed since.
    pub fn open(&self, place: &str, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, SealBroken> {
        let (nonce, body) = sealed.0.split_at_checked(NONCE_LEN).ok_or(SealBroken)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealBroken)?;
        let mut body = Zeroizing::new(body.to_vec());
        let key = self.aead().ok_or(SealBroken)?;
        let plain = key.open_in_place(nonce, Aad::from(place.as_bytes()), &mut body).map_err(|_| SealBroken)?;
        Ok(Zeroizing::new(plain.to_vec()))
    }

    /// A key for hashing that is this one's own for `purpose`. It tells nothing of this key, nor of those for other
    /// purposes.
    #[must_use]
    pub fn keyed_hash(&self, purpose: &str) -> KeyedHash {
        let key = KeyedHash(hmac::Key::new(hmac::HMAC_SHA256, self.0.as_slice())).of(&[purpose.as_bytes()]);
        KeyedHash(hmac::Key::new(hmac::HMAC_SHA256, key.as_slice()))
    }

    fn aead(&self) -> Option<RandomizedNonceKey> {
        RandomizedNonceKey::new(&AES_256_GCM, self.0.as_slice()).ok()
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(…)")
    }
}

/// A hash that only who has the key can compute: HMAC-SHA256 (RFC 2104). [`SealingKey::keyed_hash`] makes one.
///
/// ```
/// use portcullis::secret::SealingKey;
///
/// let key = SealingKey::from_bytes([7; 32]);
/// let hash = key.keyed_hash("greeting").of(&[b"hello", b"world"]);
/// assert_eq!(hash, key.keyed_hash("greeting").of(&[b"hello", b"world"]));
/// assert_ne!(hash, key.keyed_hash("greeting").of(&[b"hellow", b"orld"]));
/// assert_ne!(hash, key.keyed_hash("farewell").of(&[b"hello", b"world"]));
/// ```
#[derive(Clone)]
pub struct KeyedHash(hmac::Key);

impl KeyedHash {
    /// The hash of these parts. Where one ends and the next begins counts too.
    #[must_use]
    pub fn of(&self, parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut hash = Zeroizing::new([0; 32]);
        hash.copy_from_slice(context.sign().as_ref());
        hash
    }
}

impl fmt::Debug for KeyedHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyedHash(…)")
    }
}

/// Bytes in hexadecimal, in small letters.
#[cfg(feature = "accounts")]
pub(crate) fn hex(bytes: &[u8]) -> Zeroizing<String> {
    // It gets all its room at once: a string that grew would leave copies behind that nobody wipes.
    let mut text = Zeroizing::new(String::with_capacity(2 * bytes.len()));
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xF]);
    text.extend(digits.filter_map(|digit| char::from_digit(digit.into(), 16)));
    text
}

/// Sealed bytes: safe to store, worthless without the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// Sealed bytes as they came out of the store.
    #[must_use]
    pub fn from_stored(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_only_with_its_key_and_place() {
        let key = SealingKey::generate().unwrap();
        let sealed = key.seal("signing-key/1", b"secret").unwrap();
        assert_eq!(key.open("signing-key/1", &sealed).unwrap().as_slice(), b"secret");
        assert!(key.open("signing-key/2", &sealed).is_err());
        assert!(SealingKey::generate().unwrap().open("signing-key/1", &sealed).is_err());
        for cut in 0..sealed.as_bytes().len() {
            let short = Sealed::from_stored(sealed.as_bytes()[..cut].to_vec());
            assert!(key.open("signing-key/1", &short).is_err());
        }
    }

    #[test]
    fn tokens_are_distinct_and_hidden_in_debug() {
        let (a, b) = (PlainToken::generate().unwrap(), PlainToken::generate().unwrap());
        assert_ne!(a.expose(), b.expose());
        assert_eq!(a.expose().len(), 43);
        assert_eq!(a.hash(), PlainToken::from_client(a.expose().to_owned()).hash());
        assert!(!format!("{a:?} {:?}", a.hash()).contains(a.expose()));
    }
}
