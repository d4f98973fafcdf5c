//! A credential before anybody has looked at it closely.

use std::fmt;

use super::{Credential, Unusable, header};

/// A credential as it stands in a request: where it is, and not yet whether it is one. `Debug` does not show it.
///
/// Whoever remembers the very same bytes knows that they are a good credential, and need not look at them any closer. To
/// read half a kilobyte as the text of a token takes longer than to find it again.
#[derive(Clone, Copy)]
pub struct Presented<'a>(Place<'a>);

#[derive(Clone, Copy)]
enum Place<'a> {
    Explicit(&'a [u8]),
    Cookie { name: &'a str, value: &'a str },
}

impl<'a> Presented<'a> {
    pub(super) const fn explicit(token: &'a [u8]) -> Self {
        Self(Place::Explicit(token))
    }

    pub(super) const fn of_cookie(name: &'a str, value: &'a str) -> Self {
        Self(Place::Cookie { name, value })
    }

    /// The bytes of the token, or of the value of the cookie.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        match self.0 {
            Place::Explicit(token) => token,
            Place::Cookie { value, .. } => value.as_bytes(),
        }
    }

    /// The name and the value of the cookie, if it is one.
    #[must_use]
    pub const fn cookie(&self) -> Option<(&'a str, &'a str)> {
        match self.0 {
            Place::Explicit(_) => None,
            Place::Cookie { name, value } => Some((name, value)),
        }
    }

    /// The credential, if it is a well-formed one. The guard refuses others with 400 by itself.
    #[must_use]
    pub fn credential(&self) -> Option<Credential<'a>> {
        self.read().ok()
    }

    pub(in crate::guard) fn read(&self) -> Result<Credential<'a>, Unusable> {
        match self.0 {
            Place::Explicit(token) => header::token(token).map(Credential::Bearer),
            Place::Cookie { name, value } => Ok(Credential::Cookie { name, value }),
        }
    }
}

impl fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Place::Explicit(_) => f.write_str("Bearer(…)"),
            Place::Cookie { name, .. } => write!(f, "Cookie({name}=…)"),
        }
    }
}
