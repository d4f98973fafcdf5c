//! What a user is called: ids, user names and e-mail addresses, each with the one form in which it is compared.
//!
//! Comparison is done here, on canonical keys, and never left to a database's collation.

use std::{fmt, sync::Mutex};

use unicode_normalization::UnicodeNormalization;
use uuid::{ContextV7, Timestamp as UuidTime, Uuid};

use crate::clock::Timestamp;

/// A user's id: a UUIDv7. It is never given to anyone else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(pub Uuid);

impl UserId {
    /// A new id, made now.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self(time_ordered_uuid(now))
    }

    /// Reads the id from a token's `sub`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(Self)
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// Keeps the ids that one process makes within a millisecond in the order it made them.
static ORDER: Mutex<ContextV7> = Mutex::new(ContextV7::new());

/// A UUIDv7 of this moment: sorts by time, with random bits for the rest.
#[must_use]
pub fn time_ordered_uuid(now: Timestamp) -> Uuid {
    let millis = u64::try_from(now.as_millis()).unwrap_or(0);
    let (secs, nanos) = (millis / 1000, (millis % 1000) * 1_000_000);
    Uuid::new_v7(UuidTime::from_unix(&ORDER, secs, u32::try_from(nanos).unwrap_or(0)))
}

/// The longest user name, in characters.
pub const USERNAME_MAX: usize = 32;

/// The shortest user name, in characters.
pub const USERNAME_MIN: usize = 3;

/// The longest e-mail address, in bytes (RFC 5321 section 4.5.3.1.3).
pub const EMAIL_MAX: usize = 254;

/// Names that nobody may register, because people would take them for the service itself.
const RESERVED: &[&str] = &[
    "abuse",
    "admin",
    "administrator",
    "anonymous",
    "everyone",
    "hostmaster",
    "info",
    "mail",
    "me",
    "moderator",
    "no-reply",
    "nobody",
    "noreply",
    "null",
    "official",
    "owner",
    "portcullis",
    "postmaster",
    "root",
    "security",
    "self",
    "staff",
    "support",
    "system",
    "undefined",
    "webmaster",
];

/// A user name: 3 to 32 ASCII letters, digits, `.`, `_` and `-`. Kept as typed, compared without case.
///
/// It never holds an `@`, so it can never be mistaken for an e-mail address.
///
/// ```
/// use portcullis::account::Username;
///
/// let name = Username::parse("Ada.Lovelace").unwrap();
/// assert_eq!(name.as_str(), "Ada.Lovelace");
/// assert_eq!(name.key(), "ada.lovelace");
/// assert!(Username::parse("ada@example.com").is_none());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Username {
    typed: String,
    key: String,
}

impl Username {
    /// Reads a user name; `None` if it breaks the rules above.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let length = USERNAME_MIN..=USERNAME_MAX;
        let allowed = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'-');
        (length.contains(&typed.len()) && typed.bytes().all(allowed))
            .then(|| Self { typed: typed.to_owned(), key: typed.to_ascii_lowercase() })
    }

    /// The name as its owner typed it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.typed
    }

    /// The form in which names are compared.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Whether the name is kept back from self-registration (`admin`, `support`, …).
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        RESERVED.contains(&self.key.as_str())
    }
}

/// An e-mail address. Kept as typed, compared by a canonical key.
///
/// The key is the local part in ASCII lower case and the domain as IDNA (UTS 46) lower-case A-labels, so
/// `Ada@BÜCHER.example` and `ada@xn--bcher-kva.example` are one address. Local parts outside ASCII are refused, so no
/// two addresses that merely look alike ever meet in one key. Display names, comments, quoted local parts, address
/// literals and lists are not addresses here.
///
/// ```
/// use portcullis::account::Email;
///
/// let email = Email::parse("Ada@Example.COM").unwrap();
/// assert_eq!(email.as_str(), "Ada@Example.COM");
/// assert_eq!(email.key(), "ada@example.com");
/// assert!(Email::parse("ada@example.com,eve@example.com").is_none());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    typed: String,
    key: String,
}

impl Email {
    /// Reads an address; `None` if it is not exactly one.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        // Asked first: what follows takes its time over a long text, and anyone may send one to a login.
        if typed.len() > EMAIL_MAX {
            return None;
        }
        let (local, domain) = typed.split_once('@')?;
        let domain = canonical_domain(domain)?;
        let key = format!("{}@{domain}", canonical_local(local)?);
        (key.len() <= EMAIL_MAX).then(|| Self { typed: typed.to_owned(), key })
    }

    /// The address as its owner typed it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.typed
    }

    /// The form in which addresses are compared.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The form in which mail servers take it: the local part as typed, since it is theirs to read, and the domain in
    /// A-labels.
    ///
    /// ```
    /// use portcullis::account::Email;
    ///
    /// assert_eq!(Email::parse("Ada@Bücher.example").unwrap().to_ascii(), "Ada@xn--bcher-kva.example");
    /// ```
    #[must_use]
    pub fn to_ascii(&self) -> String {
        let local = self.typed.split('@').next().unwrap_or_default();
        let domain = self.key.rsplit('@').next().unwrap_or_default();
        format!("{local}@{domain}")
    }
}

/// A dot-atom of RFC 5322 section 3.2.3, at most 64 bytes (RFC 5321 section 4.5.3.1.1), in lower case.
fn canonical_local(local: &str) -> Option<String> {
    let is_atext = |c: u8| c.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&c);
    let is_atom = |atom: &str| !atom.is_empty() && atom.bytes().all(is_atext);
    (local.len() <= 64 && local.split('.').all(is_atom)).then(|| local.to_ascii_lowercase())
}

/// A DNS name of at least two labels, as lower-case A-labels, without a final dot.
fn canonical_domain(domain: &str) -> Option<String> {
    // UTS 46 would fold look-alike dots and full-width letters into ASCII; whoever typed those meant something else.
    let has_only_letters_and_dots = |c: char| c == '.' || c == '-' || c.is_alphanumeric();
    let is_compatibility_form = |c: char| matches!(u32::from(c), 0xFF00..=0xFFEF);
    let domain: String = domain.nfc().collect();
    if !domain.chars().all(has_only_letters_and_dots) || domain.chars().any(is_compatibility_form) {
        return None;
    }
    let ascii = idna::domain_to_ascii_strict(&domain).ok()?;
    let is_label = |label: &str| (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-');
    let (_, top) = ascii.rsplit_once('.')?;
    let top_is_a_name = !top.bytes().all(|c| c.is_ascii_digit());
    (ascii.len() <= 253 && ascii.split('.').all(is_label) && top_is_a_name).then_some(ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_names_keep_their_rules() {
        for good in ["ada", "a.b", "A_b-9", &"x".repeat(32)] {
            assert!(Username::parse(good).is_some(), "{good}");
        }
        for bad in ["", "ab", "a b", "a@b", "ädä", "ada\n", "ada\0", &"x".repeat(33), "аda"] {
            assert!(Username::parse(bad).is_none(), "{bad}");
        }
        assert!(Username::parse("Admin").unwrap().is_reserved());
    }

    #[test]
    fn id_1_addresses_meet_in_one_key_or_are_refused() {
        let key = |typed: &str| Email::parse(typed).map(|email| email.key);
        for same in ["mike@example.com", "MIKE@example.com", "Mike@EXAMPLE.com"] {
            assert_eq!(key(same).as_deref(), Some("mike@example.com"), "{same}");
        }
        for same in [
            "a@bücher.example",
            "a@BÜCHER.example",
            "a@bu\u{308}cher.example",
            "a@xn--bcher-kva.example",
            "A@XN--BCHER-KVA.example",
        ] {
            assert_eq!(key(same).as_deref(), Some("a@xn--bcher-kva.example"), "{same}");
        }
        // Dotless i, Kelvin sign, decomposed letters: look-alikes of `mike@`, and none of them an address here.
        for bad in ["mıke@example.com", "mi\u{212A}e@example.com", "mi\u{301}ke@example.com", "mike＠example.com"] {
            assert_eq!(key(bad), None, "{bad}");
        }
    }

    #[test]
    fn only_single_plain_addresses_pass() {
        for bad in [
            "",
            "@",
            "a@",
            "@b.c",
            "a@b",
            "a@b.c.",
            "a@.c",
            "a@b..c",
            "a@-b.c",
            "a b@c.d",
            "a@b c.d",
            "a@b@c.d",
            "a@b.c,d@e.f",
            "a@b.c\r\nBcc: d@e.f",
            "\"a\"@b.c",
            "a@[127.0.0.1]",
            "a@127.0.0.1",
            ".a@b.c",
            "a.@b.c",
            "a..b@c.d",
            "<a@b.c>",
            "a@b.c ",
            " a@b.c",
            "a@b\u{3002}c",
            "a@ｂ.c",
            "a@b_c.d",
        ] {
            assert!(Email::parse(bad).is_none(), "{bad:?}");
        }
        let long = format!("a@{}.example", "b".repeat(300));
        assert!(Email::parse(&long).is_none());
        assert!(Email::parse(&format!("{}@b.c", "a".repeat(65))).is_none());
    }
}
