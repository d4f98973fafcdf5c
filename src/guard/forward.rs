//! What the guard changes in what passes it: in the request on its way in, in the response on its way out.

use std::sync::Arc;

use http::{
    HeaderName, HeaderValue, Response,
    header::{HeaderMap, SEC_WEBSOCKET_PROTOCOL, VARY},
};

use super::credential::Sources;

/// The headers in which this crate, and much that understands the same ones, tells a service behind a proxy who a
/// request is from. Whoever takes them must know that no client can set them:
/// [`strip_headers`](super::AuthLayerBuilder::strip_headers) sees to it.
pub const IDENTITY_HEADERS: [HeaderName; 5] = [
    HeaderName::from_static("remote-user"),
    HeaderName::from_static("remote-name"),
    HeaderName::from_static("remote-email"),
    HeaderName::from_static("remote-groups"),
    HeaderName::from_static("x-auth-scopes"),
];

/// What is taken out of requests.
#[derive(Clone, Debug, Default)]
pub(super) struct Forwarding {
    pub(super) strips_credentials: bool,
    pub(super) stripped: Vec<HeaderName>,
}

impl Forwarding {
    /// Takes out the headers that no client may set.
    pub(super) fn strip_headers(&self, headers: &mut HeaderMap) {
        if self.stripped.is_empty() {
            return;
        }
        let is_stripped = |name: &&HeaderName| self.stripped.iter().any(|stripped| is_spelling_of(name, stripped));
        if !headers.keys().any(|name| is_stripped(&name)) {
            return;
        }
        let found: Vec<_> = headers.keys().filter(is_stripped).cloned().collect();
        for name in found {
            headers.remove(name);
        }
    }

    /// Takes out the credentials that an inner service is not to see.
    pub(super) fn strip_credentials(&self, sources: &Sources, headers: &mut HeaderMap) {
        if self.strips_credentials {
            sources.strip(headers);
        } else {
            sources.strip_subprotocols(headers);
        }
    }
}

/// Whether these are one name to whoever takes `-` and `_` for the same, as CGI and its heirs do.
fn is_spelling_of(name: &HeaderName, other: &HeaderName) -> bool {
    let plain = |byte: u8| if byte == b'_' { b'-' } else { byte };
    let (name, other) = (name.as_str(), other.as_str());
    name.len() == other.len() && name.bytes().map(plain).eq(other.bytes().map(plain))
}

/// What is added to a response. Behind pointers, as it travels with every request and is mostly empty.
#[derive(Clone, Debug, Default)]
pub(super) struct Returning {
    pub(super) vary: Option<Arc<HeaderValue>>,
    pub(super) subprotocol: Option<Box<HeaderValue>>,
}

impl Returning {
    pub(super) fn complete<B>(self, response: &mut Response<B>) {
        let opens = response.status().is_informational() || response.status().is_success();
        let headers = response.headers_mut();
        if let Some(vary) = self.vary {
            headers.append(VARY, HeaderValue::clone(&vary));
        }
        if let Some(subprotocol) = self.subprotocol.filter(|_| opens) {
            headers.entry(SEC_WEBSOCKET_PROTOCOL).or_insert(*subprotocol);
        }
    }
}
