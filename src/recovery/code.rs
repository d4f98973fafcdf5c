//! A recovery code, plain and hashed.

use std::fmt;

use zeroize::Zeroizing;

use crate::{
    account::UserId,
    secret::{KeyedHash, RandomUnavailable, random_bytes},
};

/// How many codes a set has.
pub const RECOVERY_CODES: usize = 10;

/// The alphabet of base32 (RFC 4648): no digit in it looks like a letter.
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// How many characters a code has, five bits each.
const LENGTH: usize = 16;

/// How many characters are shown together.
const GROUP: usize = 4;

/// A recovery code in the clear: 80 bits as 16 characters of base32. It is given out once and never stored.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode(Zeroizing<String>);

impl RecoveryCode {
    /// Reads a code in upper or lower case, with blanks and hyphens anywhere between. `None` if no code looks like that.
    ///
    /// ```
    /// # use portcullis::recovery::RecoveryCode;
    /// let code = RecoveryCode::parse("abcd efgh-2345 6777").unwrap();
    /// assert_eq!(code.grouped().as_str(), "ABCD-EFGH-2345-6777");
    /// assert!(RecoveryCode::parse("ABCD-EFGH-0189-6777").is_none());
    /// ```
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let typed = typed.chars().filter(|char| !matches!(char, ' ' | '-')).take(LENGTH + 1);
        let code: Zeroizing<String> = Zeroizing::new(typed.map(|char| char.to_ascii_uppercase()).collect());
        let fits = code.len() == LENGTH && code.bytes().all(|byte| ALPHABET.contains(&byte));
        fits.then_some(Self(code))
    }

    fn generate() -> Result<Self, RandomUnavailable> {
        let random = Zeroizing::new(random_bytes::<LENGTH>()?);
        // The low five bits of a random byte are as random as any.
        let letters = random.iter().filter_map(|byte| ALPHABET.get(usize::from(byte % 32)));
        Ok(Self(Zeroizing::new(letters.copied().map(char::from).collect())))
    }

    /// The code as people read it: four groups of four, with hyphens between.
    #[must_use]
    pub fn grouped(&self) -> Zeroizing<String> {
        let separated = self.0.char_indices().flat_map(|(place, letter)| {
            let separator = (place > 0 && place % GROUP == 0).then_some('-');
            separator.into_iter().chain([letter])
        });
        Zeroizing::new(separated.collect())
    }

    /// What is stored of a code of this user.
    pub(crate) fn hash(&self, user: UserId, key: &KeyedHash) -> RecoveryHash {
        RecoveryHash(*key.of(&[user.0.as_bytes(), self.0.as_bytes()]))
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode(…)")
    }
}

/// A whole set of codes in the clear, about to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveryCodes(Vec<RecoveryCode>);

impl RecoveryCodes {
    pub(crate) fn generate() -> Result<Self, RandomUnavailable> {
        (0..RECOVERY_CODES).map(|_| RecoveryCode::generate()).collect::<Result<_, _>>().map(Self)
    }

    /// The codes.
    pub fn iter(&self) -> impl Iterator<Item = &RecoveryCode> {
        self.0.iter()
    }

    pub(crate) fn hashes(&self, user: UserId, key: &KeyedHash) -> Vec<RecoveryHash> {
        self.iter().map(|code| code.hash(user, key)).collect()
    }
}

/// The keyed hash of a recovery code: what the store knows of it.
///
/// Nobody can try out codes against it who has not also the master key, so it need not be slow.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RecoveryHash([u8; 32]);

impl RecoveryHash {
    /// The hash with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes, for the store.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for RecoveryHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::Timestamp, secret::SealingKey};

    #[test]
    fn rc_1_a_set_is_ten_codes_of_80_bits_that_debug_hides() {
        let codes = RecoveryCodes::generate().unwrap();
        let mut texts: Vec<_> = codes.iter().map(|code| code.grouped().to_string()).collect();
        for text in &texts {
            assert_eq!(text.split('-').map(str::len).collect::<Vec<_>>(), [4; 4], "{text}");
            assert!(!format!("{codes:?}").contains(text));
            assert_eq!(RecoveryCode::parse(text).unwrap().grouped().as_str(), text);
        }
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), 10);
    }

    #[test]
    fn rc_1_a_hash_says_nothing_without_the_key_and_belongs_to_one_user() {
        let user = || UserId::new(Timestamp::from_secs(1));
        let key = |byte| SealingKey::from_bytes([byte; 32]).keyed_hash("test");
        let (code, ada) = (RecoveryCode::parse("ABCDEFGHIJKLMNOP").unwrap(), user());
        assert_eq!(code.hash(ada, &key(1)), code.hash(ada, &key(1)));
        assert_ne!(code.hash(ada, &key(1)), code.hash(ada, &key(2)));
        assert_ne!(code.hash(ada, &key(1)), code.hash(user(), &key(1)));
    }

    #[test]
    fn what_is_no_code_is_not_read_as_one() {
        for bad in
            ["", "ABCDEFGHIJKLMNO", "ABCDEFGHIJKLMNOPQ", "ABCDEFGHIJKLMNO1", "ABCDEFGHIJKLMNOＰ", "ABCDEFGH\nIJKLMNOP"]
        {
            assert_eq!(RecoveryCode::parse(bad), None, "{bad:?}");
        }
    }
}
