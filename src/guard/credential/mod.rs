//! What a request carries to show who it is from, and where the guard finds it.
//!
//! It looks into headers and nowhere else: never into the query or the body, which end up in logs and histories
//! (RFC 6750 section 5.3, RFC 9700 section 4.3.2).

mod cookie;
mod header;
mod origin;
mod presented;
mod source;
mod sources;
mod subprotocol;

use std::fmt;

#[cfg(feature = "pages")]
use http::HeaderMap;

pub(super) use self::{
    origin::OwnOrigins,
    sources::{Found, Sources},
};
pub use self::{presented::Presented, source::Source};

/// A credential as it came in, not yet checked. `Debug` does not show it.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Credential<'a> {
    /// A token that whoever sent the request put there on purpose: after `Authorization: Bearer`, in another header, or
    /// among the subprotocols of a WebSocket. It is not empty, and holds visible ASCII without a comma.
    Bearer(&'a str),
    /// The value of a cookie, which a browser sends by itself. It is not empty, and holds visible ASCII without a
    /// quote, comma, semicolon or backslash. A request with one that changes something came from this site's own pages.
    Cookie {
        /// The name of the cookie.
        name: &'a str,
        /// Its value, without the quotes that may have stood around it.
        value: &'a str,
    },
}

impl fmt::Debug for Credential<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bearer(_) => f.write_str("Bearer(…)"),
            Self::Cookie { name, .. } => write!(f, "Cookie({name}=…)"),
        }
    }
}

/// The value of this cookie, if there is one and only one.
#[cfg(feature = "pages")]
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    cookie::read(headers, name).ok().flatten()
}

/// Why a credential that is there is not taken. Says what it is, for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unusable {
    /// The request carries something that is not one well-formed credential.
    Malformed(&'static str),
    /// The request carries a cookie, and may have been made by a page of another site.
    CrossOrigin(&'static str),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_does_not_show_the_secret() {
        assert_eq!(format!("{:?}", Credential::Bearer("s3cret")), "Bearer(…)");
        assert_eq!(format!("{:?}", Presented::explicit(b"s3cret")), "Bearer(…)");
        assert_eq!(format!("{:?}", Presented::of_cookie("sid", "s3cret")), "Cookie(sid=…)");
        assert_eq!(format!("{:?}", Credential::Cookie { name: "sid", value: "s3cret" }), "Cookie(sid=…)");
    }
}
