//! Roles, and what their names and scopes may look like.

use std::fmt;

use crate::principal::Scopes;

/// The longest name of a role, in characters.
pub const ROLE_NAME_MAX: usize = 64;

/// The longest scope that a role may hold, in characters.
pub const SCOPE_MAX: usize = 128;

/// A role: a named set of scopes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its name, compared whole and by case.
    pub name: RoleName,
    /// What it may do. For `admin`, beside the service's own scopes, which it always has.
    pub scopes: Scopes,
}

/// The name of a role: 1 to 64 ASCII letters, digits, `.`, `_`, `-` or `:`.
///
/// ```
/// use portcullis::access::RoleName;
///
/// assert_eq!(RoleName::parse("notes:editor").unwrap().as_str(), "notes:editor");
/// assert!(RoleName::parse("two words").is_none());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleName(String);

impl RoleName {
    /// Reads a name; `None` if it breaks the rules above.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let fits = (1..=ROLE_NAME_MAX).contains(&typed.len());
        let plain = typed.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-:".contains(&byte));
        (fits && plain).then(|| Self(typed.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A name as it came out of the store.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(crate) const fn from_stored(name: String) -> Self {
        Self(name)
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether this is a scope as RFC 6749 section 3.3 has them, printable ASCII without a space, `"` or `\`, of at most 128
/// characters.
#[must_use]
pub fn is_scope(text: &str) -> bool {
    let fits = (1..=SCOPE_MAX).contains(&text.len());
    fits && text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_has_a_plain_name() {
        for good in ["a", "admin", "Notes.Editor_2-x:y", &"x".repeat(64)] {
            assert!(RoleName::parse(good).is_some(), "{good}");
        }
        for bad in ["", "a b", "a\n", "ä", "a/b", &"x".repeat(65)] {
            assert!(RoleName::parse(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn az_3_a_scope_is_one_word_that_can_stand_in_a_list() {
        for good in ["a", "notes:read", "https://api.example/x", "!#[]~", &"x".repeat(128)] {
            assert!(is_scope(good), "{good}");
        }
        for bad in ["", "a b", "a\t", "\"a\"", "a\\b", "ä", "\u{7f}", &"x".repeat(129)] {
            assert!(!is_scope(bad), "{bad:?}");
        }
    }
}
