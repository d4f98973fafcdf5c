//! The kinds of connections that a request can ask for.
//!
//! Whether a request is a WebSocket handshake shows in headers that any client can send, and nothing obliges the service
//! behind the guard to take them seriously. So a request counts as a handshake only where that gains it nothing:
//!
//! - Where handshakes are let through, a handshake has to have everything that RFC 6455 section 4.2.1 or RFC 8441
//!   section 5 asks of one, and its path has to be one that serves WebSockets.
//! - Where everything but handshakes is let through, whatever might be taken for one is held back: any request with an
//!   `Upgrade` header or a header of WebSocket's own, and any `CONNECT`.

use std::{
    fmt,
    ops::{BitOr, BitOrAssign},
};

use http::{
    Method, Request, Version,
    header::{CONNECTION, HeaderMap, HeaderName, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE},
};

/// A set of kinds of connections, never empty.
///
/// ```
/// use portcullis::guard::Protocols;
///
/// let both = Protocols::HTTP | Protocols::WEBSOCKET;
/// assert!(both.contains(Protocols::WEBSOCKET));
/// assert_eq!(both, Protocols::default());
/// assert!(!Protocols::HTTP.contains(both));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Protocols(u8);

impl Protocols {
    /// Requests that are answered.
    pub const HTTP: Self = Self(1);
    /// Requests to open a WebSocket: by `Upgrade` on HTTP/1.1, by extended `CONNECT` on HTTP/2 and later.
    pub const WEBSOCKET: Self = Self(2);

    /// Whether all of these are in the set.
    #[must_use]
    pub const fn contains(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }
}

impl Default for Protocols {
    fn default() -> Self {
        Self::HTTP | Self::WEBSOCKET
    }
}

impl BitOr for Protocols {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Protocols {
    fn bitor_assign(&mut self, other: Self) {
        *self = *self | other;
    }
}

impl fmt::Debug for Protocols {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.contains(Self::HTTP), self.contains(Self::WEBSOCKET)) {
            (true, true) => "HTTP | WEBSOCKET",
            (true, false) => "HTTP",
            (false, _) => "WEBSOCKET",
        })
    }
}

/// Whether this is a WebSocket handshake, by all that it has to have.
pub(super) fn is_handshake<B>(request: &Request<B>) -> bool {
    let headers = request.headers();
    single(headers, &SEC_WEBSOCKET_VERSION) == Some(b"13") && (is_upgrade(request) || is_extended_connect(request))
}

/// Whether somebody might take this for a handshake.
pub(super) fn may_be_handshake<B>(request: &Request<B>) -> bool {
    let is_own = |name: &HeaderName| name == UPGRADE || name.as_str().starts_with("sec-websocket-");
    request.method() == Method::CONNECT || request.headers().keys().any(is_own)
}

fn is_upgrade<B>(request: &Request<B>) -> bool {
    let headers = request.headers();
    let is_token = |token: &[u8]| token.trim_ascii().eq_ignore_ascii_case(b"upgrade");
    request.method() == Method::GET
        && request.version() == Version::HTTP_11
        && headers.contains_key(SEC_WEBSOCKET_KEY)
        && single(headers, &UPGRADE).is_some_and(|value| value.eq_ignore_ascii_case(b"websocket"))
        && headers.get_all(CONNECTION).iter().any(|value| value.as_bytes().split(|byte| *byte == b',').any(is_token))
}

/// The `:protocol` of an extended `CONNECT` is known to the HTTP library only. But no other `CONNECT` has a scheme and a
/// path: over HTTP/2 those are refused as malformed (RFC 9113 section 8.5).
fn is_extended_connect<B>(request: &Request<B>) -> bool {
    request.method() == Method::CONNECT
        && request.version() >= Version::HTTP_2
        && request.uri().scheme().is_some()
        && request.uri().path().starts_with('/')
}

fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a [u8]> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    values.next().is_none().then(|| value.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handshake() -> http::request::Builder {
        Request::get("/ws")
            .header("upgrade", "WebSocket")
            .header("connection", "keep-alive, Upgrade")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
    }

    fn extended(uri: &str) -> http::request::Builder {
        Request::connect(uri).version(Version::HTTP_2).header("sec-websocket-version", "13")
    }

    #[test]
    fn a_handshake_has_everything_it_needs() {
        assert!(is_handshake(&handshake().body(()).unwrap()));
        assert!(is_handshake(&extended("https://a.example/ws").body(()).unwrap()));
    }

    #[test]
    fn what_lacks_something_is_no_handshake_but_may_be_taken_for_one() {
        let without = |name: &str| {
            let mut request = handshake().body(()).unwrap();
            request.headers_mut().remove(name);
            request
        };
        let odd = [
            without("upgrade"),
            without("connection"),
            without("sec-websocket-version"),
            without("sec-websocket-key"),
            handshake().method("POST").body(()).unwrap(),
            handshake().version(Version::HTTP_10).body(()).unwrap(),
            handshake().version(Version::HTTP_2).body(()).unwrap(),
            handshake().header("upgrade", "h2c").body(()).unwrap(),
            handshake().header("sec-websocket-version", "8").body(()).unwrap(),
            extended("a.example:443").body(()).unwrap(),
            extended("https://a.example/ws").version(Version::HTTP_11).body(()).unwrap(),
            Request::connect("a.example:443").body(()).unwrap(),
            Request::get("/ws").header("upgrade", "foo").body(()).unwrap(),
        ];
        for request in odd {
            assert!(!is_handshake(&request), "{request:?}");
            assert!(may_be_handshake(&request), "{request:?}");
        }
    }

    #[test]
    fn a_plain_request_cannot_be_taken_for_a_handshake() {
        assert!(!may_be_handshake(&Request::get("/ws").header("connection", "upgrade").body(()).unwrap()));
    }
}
