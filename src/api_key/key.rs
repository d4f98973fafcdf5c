//! The text of a key.

use std::fmt;

use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    account::time_ordered_uuid,
    clock::Timestamp,
    secret::{PlainToken, RandomUnavailable, TokenHash, hex, random_bytes},
};

/// What every key begins with, so that it is known for what it is wherever it turns up.
pub(super) const PREFIX: &str = "pc_";

/// How many characters the id, the secret and the checksum have.
const LENGTHS: [usize; 3] = [32, 64, 8];

/// A key's id. Knowing it opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ApiKeyId(pub Uuid);

impl ApiKeyId {
    /// A new id, made now.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self(time_ordered_uuid(now))
    }

    /// Reads an id as it is shown.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(Self)
    }
}

impl fmt::Display for ApiKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// A key in the clear: it is given out once and never stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainApiKey {
    id: ApiKeyId,
    text: PlainToken,
}

impl PlainApiKey {
    /// A new one for this id.
    pub(super) fn generate(id: ApiKeyId) -> Result<Self, RandomUnavailable> {
        let secret = hex(&*Zeroizing::new(random_bytes::<32>()?));
        let start = Zeroizing::new(format!("{PREFIX}{}_{}", id.0.simple(), *secret));
        let text = format!("{}_{}", *start, *checksum(&start));
        Ok(Self { id, text: PlainToken::from_client(text) })
    }

    /// Reads what a client sent; `None` if no key looks like that.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix(PREFIX)?.split('_');
        let [id, secret, sum] = [parts.next()?, parts.next()?, parts.next()?];
        let is_hex = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let fits = parts.next().is_none()
            && [id, secret, sum].map(str::len) == LENGTHS
            && [id, secret, sum].into_iter().all(is_hex)
            && text.strip_suffix(sum)?.strip_suffix('_').is_some_and(|start| *checksum(start) == sum);
        let id = ApiKeyId::parse(id)?;
        fits.then(|| Self { id, text: PlainToken::from_client(text.to_owned()) })
    }

    /// Which one it is.
    #[must_use]
    pub fn id(&self) -> ApiKeyId {
        self.id
    }

    /// Which one a text names that is known to be a key.
    pub(super) fn id_in(text: &str) -> Option<ApiKeyId> {
        ApiKeyId::parse(text.strip_prefix(PREFIX)?.split('_').next()?)
    }

    /// The text, to give to the user.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text.expose()
    }

    /// What the store knows of it.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        self.text.hash()
    }
}

/// Thirty-two bits of the hash of what stands before.
fn checksum(start: &str) -> Zeroizing<String> {
    hex(TokenHash::of(start.as_bytes()).as_bytes().first_chunk::<4>().unwrap_or(&[0; 4]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generated() -> PlainApiKey {
        PlainApiKey::generate(ApiKeyId::new(Timestamp::from_secs(1))).unwrap()
    }

    #[test]
    fn ak_1_a_key_has_a_prefix_256_random_bits_and_a_checksum() {
        let (key, other) = (generated(), generated());
        let parts: Vec<_> = key.expose().split('_').collect();
        assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), [2, 32, 64, 8]);
        assert_eq!(parts[0], "pc");
        assert_eq!(PlainApiKey::parse(key.expose()), Some(key.clone()));
        assert_eq!(parts[1], key.id().0.simple().to_string());
        assert_ne!(parts[2], other.expose().split('_').nth(2).unwrap());
        assert!(!format!("{key:?}").contains(parts[2]));
        assert!(!key.hash().matches(&other.hash()) && key.hash().matches(&key.hash()));
    }

    #[test]
    fn ak_1_what_differs_in_one_character_is_no_key() {
        let key = generated();
        for place in 0..key.expose().len() {
            let mut bytes = key.expose().as_bytes().to_vec();
            bytes[place] = if bytes[place] == b'0' { b'1' } else { b'0' };
            assert_eq!(PlainApiKey::parse(std::str::from_utf8(&bytes).unwrap()), None, "{place}");
            assert_eq!(PlainApiKey::parse(&key.expose()[..place]), None, "{place}");
        }
        let text = key.expose();
        for bad in [text.to_uppercase(), format!("{text}_"), format!("{text}0"), format!(" {text}"), "pc___".into()] {
            assert_eq!(PlainApiKey::parse(&bad), None, "{bad}");
        }
    }
}
