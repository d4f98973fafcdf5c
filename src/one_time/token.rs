//! The token in a mailed link.

use crate::secret::{PlainToken, RandomUnavailable, TokenHash};

/// What every mailed token begins with, so that it is known for what it is wherever it turns up.
const PREFIX: &str = "pco_";

/// The token in a mailed link: 256 bits that are good once. The store knows its hash only.
///
/// ```
/// use portcullis::one_time::OneTimeToken;
///
/// let token = OneTimeToken::generate().unwrap();
/// assert_eq!(OneTimeToken::parse(token.expose()), Some(token));
/// assert_eq!(OneTimeToken::parse(""), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneTimeToken(PlainToken);

impl OneTimeToken {
    /// A new one.
    ///
    /// # Errors
    ///
    /// [`RandomUnavailable`] if the system has no randomness to give.
    pub fn generate() -> Result<Self, RandomUnavailable> {
        Ok(Self(PlainToken::generate()?.behind(PREFIX)))
    }

    /// Reads what a client sent; `None` if no mailed token looks like that.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        PlainToken::parse(PREFIX, text).map(Self)
    }

    /// The token, to put into a mail.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// What the store knows of it.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        self.0.hash()
    }

    /// The token as a letter takes it.
    pub(super) fn into_plain(self) -> PlainToken {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rs_2_a_token_has_256_bits_and_a_prefix_of_its_own() {
        let token = OneTimeToken::generate().unwrap();
        assert_eq!(token.expose().len(), PREFIX.len() + PlainToken::LEN);
        assert_ne!(token, OneTimeToken::generate().unwrap());
        assert!(!format!("{token:?}").contains(token.expose()));
    }

    #[test]
    fn ev_3_what_is_empty_or_cut_short_is_no_token() {
        let token = OneTimeToken::generate().unwrap();
        let whole = token.expose();
        for end in 0..whole.len() {
            assert_eq!(OneTimeToken::parse(&whole[..end]), None);
        }
        for bad in [" ", "null", "pcr_", &format!("{whole} "), &format!("{whole}A"), &whole.to_uppercase()] {
            assert_eq!(OneTimeToken::parse(bad), None, "{bad}");
        }
    }
}
