//! A place in a request where a credential is looked for.

use std::fmt;

use http::{
    HeaderName,
    header::{AUTHORIZATION, HeaderMap, SEC_WEBSOCKET_PROTOCOL},
};

use super::{
    Presented, Unusable,
    header::{self, is_name},
    sources::Found,
    subprotocol,
};

/// A place in a request where the guard looks for a credential.
///
/// All but a cookie are explicit: whoever sent the request put the credential there on purpose. Two explicit
/// credentials in one request are refused with 400 `invalid_request`; one of them counts more than any cookie, and no
/// cookie helps if it is bad. Of several cookies the first that is there counts.
///
/// ```
/// # use portcullis::{jwt::JwtVerifier, guard::RuleError};
/// use portcullis::guard::{AuthLayer, Source};
///
/// # fn build(verifier: JwtVerifier) -> Result<(), RuleError> {
/// let guard = AuthLayer::builder(verifier)
///     .sources([Source::bearer(), Source::cookie("__Host-token"), Source::subprotocol("bearer")])
///     .own_origins(["https://notes.example"])
///     .build()?;
/// # Ok(())
/// # }
/// ```
///
/// There is none for the query or the body: what stands there ends up in logs and histories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source(pub(super) Place);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Explicit(Explicit),
    Cookie { name: String },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Explicit {
    Header { name: HeaderName, scheme: Option<String> },
    Subprotocol { name: String },
}

impl Source {
    /// The token of `Authorization: Bearer` (RFC 6750 section 2.1), the scheme in any case. This is the source of a
    /// guard that is told no other.
    #[must_use]
    pub fn bearer() -> Self {
        Self::header_with_scheme(AUTHORIZATION, "Bearer")
    }

    /// A header whose whole value is the token.
    ///
    /// ```
    /// use http::HeaderName;
    /// use portcullis::guard::Source;
    ///
    /// let source = Source::header(HeaderName::from_static("x-token"));
    /// ```
    #[must_use]
    pub fn header(name: HeaderName) -> Self {
        Self(Place::Explicit(Explicit::Header { name, scheme: None }))
    }

    /// A header with the token after this scheme, which is compared in any case. A value with another scheme counts as
    /// no credential.
    ///
    /// ```
    /// use http::HeaderName;
    /// use portcullis::guard::Source;
    ///
    /// let source = Source::header_with_scheme(HeaderName::from_static("authentication"), "Bearer");
    /// ```
    #[must_use]
    pub fn header_with_scheme(name: HeaderName, scheme: impl Into<String>) -> Self {
        Self(Place::Explicit(Explicit::Header { name, scheme: Some(scheme.into()) }))
    }

    /// A cookie with this name. It is a [`Credential::Cookie`](super::Credential::Cookie).
    ///
    /// Browsers send cookies with whatever any page makes them send, so a request that uses one and could change
    /// something (its method is not safe, or it opens a WebSocket) must come from a page of this site, or it is refused
    /// with 403 `cross_origin`: `Sec-Fetch-Site` must be `same-origin`; where it is not sent, `Origin` must be one of
    /// [`own_origins`](super::super::AuthLayerBuilder::own_origins).
    ///
    /// Two cookies of this name are refused, as a neighbour under the same domain may have set one. A name that begins
    /// with `__Host-` keeps neighbours out. An empty cookie counts as none.
    #[must_use]
    pub fn cookie(name: impl Into<String>) -> Self {
        Self(Place::Cookie { name: name.into() })
    }

    /// The token behind this name among the subprotocols that a WebSocket's client offers, which is the one header that
    /// a script can write there: `new WebSocket(url, ["bearer", token])`.
    ///
    /// The service behind the guard sees the name, and never the token. If it opens the WebSocket without choosing a
    /// subprotocol, the guard chooses the name for it, as browsers close a connection that chose none.
    #[must_use]
    pub fn subprotocol(name: impl Into<String>) -> Self {
        Self(Place::Explicit(Explicit::Subprotocol { name: name.into() }))
    }

    /// What is wrong with this source in itself.
    pub(super) fn fault(&self) -> Option<&'static str> {
        let (name, fault) = match &self.0 {
            Place::Explicit(Explicit::Header { scheme: None, .. }) => return None,
            Place::Explicit(Explicit::Header { scheme: Some(scheme), .. }) => (scheme, "its scheme cannot be one"),
            Place::Explicit(Explicit::Subprotocol { name }) => (name, "its name cannot be that of a subprotocol"),
            Place::Cookie { name } => (name, "its name cannot be that of a cookie"),
        };
        (!is_name(name.as_bytes())).then_some(fault)
    }

    /// Whether these two would read the same thing.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (
                Place::Explicit(Explicit::Header { name, scheme: Some(scheme) }),
                Place::Explicit(Explicit::Header { name: other, scheme: Some(others) }),
            ) => name == other && scheme.eq_ignore_ascii_case(others),
            (Place::Explicit(Explicit::Header { name, .. }), Place::Explicit(Explicit::Header { name: other, .. })) => {
                name == other
            }
            (one, other) => one == other,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Explicit(Explicit::Header { name, scheme: None }) => write!(f, "header {name:?}"),
            Place::Explicit(Explicit::Header { name, scheme: Some(scheme) }) => {
                write!(f, "header {name:?} with the scheme {scheme:?}")
            }
            Place::Explicit(Explicit::Subprotocol { name }) => write!(f, "subprotocol {name:?}"),
            Place::Cookie { name } => write!(f, "cookie {name:?}"),
        }
    }
}

impl Explicit {
    #[inline]
    pub(super) fn read<'a>(&'a self, headers: &'a HeaderMap) -> Result<Option<Found<'a>>, Unusable> {
        let (token, subprotocol) = match self {
            Self::Header { name, scheme } => (header::read(headers, name, scheme.as_deref())?, None),
            Self::Subprotocol { name } => (subprotocol::read(headers, name)?.map(str::as_bytes), Some(name.as_str())),
        };
        Ok(token.map(|token| Found { presented: Presented::explicit(token), subprotocol }))
    }

    pub(super) fn strip(&self, headers: &mut HeaderMap) {
        match self {
            Self::Header { name, scheme } => header::strip(headers, name, scheme.as_deref()),
            Self::Subprotocol { name } => subprotocol::strip(headers, name),
        }
    }

    /// Its scheme, if it is read from the header that challenges are about.
    pub(super) fn authorization_scheme(&self) -> Option<String> {
        match self {
            Self::Header { name, scheme } if *name == AUTHORIZATION => scheme.clone(),
            _ => None,
        }
    }

    /// The header it is read from.
    pub(super) fn header(&self) -> &HeaderName {
        match self {
            Self::Header { name, .. } => name,
            Self::Subprotocol { .. } => &SEC_WEBSOCKET_PROTOCOL,
        }
    }
}
