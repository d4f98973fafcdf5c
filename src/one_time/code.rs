//! The code that may be typed instead of following a link.

use std::time::Duration;

use crate::{
    account::Email,
    secret::{KeyedHash, PlainToken, RandomUnavailable, TokenHash, random_bytes},
};

/// How many digits a code has.
pub const CODE_DIGITS: usize = 8;

/// How long a code is good.
pub const CODE_LIFETIME: Duration = Duration::from_mins(10);

/// How many codes may be typed for one mail. After that its link still works.
pub const CODE_TRIES: u32 = 5;

/// Eight digits that confirm an address together with it. Short enough to type, so few tries and little time are given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code(PlainToken);

impl Code {
    /// A new one.
    ///
    /// # Errors
    ///
    /// [`RandomUnavailable`] if the system has no randomness to give.
    pub fn generate() -> Result<Self, RandomUnavailable> {
        const CODES: u64 = 10_u64.pow(8);
        // Of 2^64 values so few are left over that no code is noticeably likelier than another.
        let number = u64::from_be_bytes(random_bytes()?) % CODES;
        Ok(Self(PlainToken::from_client(format!("{number:08}"))))
    }

    /// Reads what was typed, without blanks and hyphens; `None` if no code looks like that.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let digits: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').take(CODE_DIGITS + 1).collect();
        let is_code = digits.len() == CODE_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_code.then(|| Self(PlainToken::from_client(digits)))
    }

    /// What the store knows of it. A plain hash would tell so short a code to whoever sees the database.
    pub(crate) fn hash(&self, email: &Email, key: &KeyedHash) -> TokenHash {
        TokenHash::of(key.of(&[email.key().as_bytes(), self.0.expose().as_bytes()]).as_slice())
    }

    /// The code as a letter takes it.
    pub(super) fn into_plain(self) -> PlainToken {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::SealingKey;

    #[test]
    fn rs_2_a_code_is_eight_digits_however_they_are_grouped() {
        for _ in 0..100 {
            let code = Code::generate().unwrap();
            assert_eq!(Code::parse(code.0.expose()), Some(code));
        }
        let code = Code::parse("12345678");
        assert!(code.is_some() && Code::parse(" 1234-5678\n") == code);
        for bad in ["", "1234567", "123456789", "1234567x", "１２３４５６７８", "-12345678 9"] {
            assert_eq!(Code::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn rs_2_a_code_is_stored_for_one_address_under_a_key() {
        let key = |byte| SealingKey::from_bytes([byte; 32]).keyed_hash("code");
        let code = Code::parse("12345678").unwrap();
        let email = |text| Email::parse(text).unwrap();
        let hash = code.hash(&email("ada@example.com"), &key(1));
        assert_eq!(hash, code.hash(&email("ADA@example.com"), &key(1)));
        assert_ne!(hash, code.hash(&email("eve@example.com"), &key(1)));
        assert_ne!(hash, code.hash(&email("ada@example.com"), &key(2)));
    }
}
