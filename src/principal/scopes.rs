//! Permission strings.

use std::fmt;

/// A set of scopes: permission strings such as `notes:read`.
///
/// They are compared whole and by case. No scope contains another: `notes` does not grant `notes:read`.
///
/// ```
/// use portcullis::Scopes;
///
/// let scopes = Scopes::parse("notes:read notes:write");
/// assert!(scopes.contains("notes:read"));
/// assert!(!scopes.contains("notes"));
/// assert_eq!(scopes.to_string(), "notes:read notes:write");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(Vec<String>);

impl Scopes {
    /// The scopes in a space-delimited list, as RFC 6749 section 3.3 writes them.
    #[must_use]
    pub fn parse(list: &str) -> Self {
        list.split(' ').filter(|scope| !scope.is_empty()).collect()
    }

    /// Whether this very scope is in the set.
    #[must_use]
    pub fn contains(&self, scope: &str) -> bool {
        self.0.iter().any(|held| held == scope)
    }

    /// The scopes, one by one.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<S: Into<String>> FromIterator<S> for Scopes {
    fn from_iter<I: IntoIterator<Item = S>>(scopes: I) -> Self {
        let mut set = Vec::new();
        for scope in scopes {
            let scope = scope.into();
            if !set.contains(&scope) {
                set.push(scope);
            }
        }
        Self(set)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}
