//! Refresh tokens, and which one follows which.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::SessionId;
use crate::secret::{KeyedHash, PlainToken, RandomUnavailable, TokenHash};

/// What every refresh token begins with, so that it is known for what it is wherever it turns up.
const PREFIX: &str = "pcr_";

/// A refresh token: 256 bits that are good for one exchange. The store knows its hash only.
///
/// A session's first one is random. Every other is a keyed hash of the one before and of the session, so that two who
/// exchange the same token at once, without knowing of each other, get the same one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshToken(PlainToken);

impl RefreshToken {
    /// Reads what a client sent; `None` if no refresh token looks like that.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        PlainToken::parse(PREFIX, text).map(Self)
    }

    /// The first one of a session.
    pub(super) fn first() -> Result<Self, RandomUnavailable> {
        Ok(Self(PlainToken::generate()?.behind(PREFIX)))
    }

    /// The one that this one is exchanged for.
    pub(super) fn next(&self, session: SessionId, key: &KeyedHash) -> Self {
        let secret = key.of(&[session.0.as_bytes(), self.expose().as_bytes()]);
        Self(PlainToken::from_client(URL_SAFE_NO_PAD.encode(secret.as_slice())).behind(PREFIX))
    }

    /// The token, to give to the client.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// What the store knows of it.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        self.0.hash()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::Timestamp, secret::SealingKey};

    #[test]
    fn the_next_token_follows_from_the_token_the_session_and_the_key() {
        let key = |byte| SealingKey::from_bytes([byte; 32]).keyed_hash("test");
        let (one, other) = (SessionId::new(Timestamp::from_secs(1)), SessionId::new(Timestamp::from_secs(1)));
        let first = RefreshToken::first().unwrap();
        let next = first.next(one, &key(1));
        assert_eq!(next, first.next(one, &key(1)));
        assert_eq!(RefreshToken::parse(next.expose()), Some(next.clone()));
        for different in [
            first.clone(),
            first.next(other, &key(1)),
            first.next(one, &key(2)),
            next.next(one, &key(1)),
            RefreshToken::first().unwrap().next(one, &key(1)),
        ] {
            assert_ne!(different.expose(), next.expose());
        }
        assert!(!format!("{next:?}").contains(next.expose()));
    }

    #[test]
    fn se_1_a_token_has_256_bits_and_a_prefix_of_its_own() {
        let token = RefreshToken::first().unwrap();
        assert_eq!(token.expose().len(), PREFIX.len() + PlainToken::LEN);
        assert!(token.expose().starts_with("pcr_"));
        let secret = "A".repeat(43);
        for bad in ["", "pcr_", &secret, &format!("PCR_{secret}"), &format!("pcr_{secret}A"), &format!("pcr_{secret} ")]
        {
            assert_eq!(RefreshToken::parse(bad), None, "{bad}");
        }
        assert_eq!(RefreshToken::parse(&format!("pcr_{}=", &secret[1..])), None);
    }
}
