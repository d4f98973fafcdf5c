//! Whether a request that a browser sent with its cookies was made by this site's own pages.
//!
//! A browser sends cookies with whatever any page makes it send, so a cookie alone does not show that the user meant
//! it. What a page cannot forge is where the browser says that the request comes from: `Sec-Fetch-Site`, and where a
//! browser or an insecure connection does without it, `Origin`.

use http::{
    HeaderName, Method,
    header::{HeaderMap, ORIGIN, UPGRADE},
};

use super::Unusable::{self, CrossOrigin};
use crate::guard::error::{RuleError, RuleErrorKind};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The origins whose pages may use cookies of this site to change something.
#[derive(Debug, Default)]
pub(crate) struct OwnOrigins(Vec<String>);

impl OwnOrigins {
    pub(crate) fn new(origins: Vec<String>) -> Result<Self, RuleError> {
        match origins.iter().find(|origin| !is_serialized(origin)) {
            Some(odd) => Err(RuleError::new(format!("the own origin {odd:?}"), RuleErrorKind::InvalidOrigin)),
            None => Ok(Self(origins)),
        }
    }

    /// Refuses a request that could change something, unless it is known to come from one of these origins.
    ///
    /// `Sec-Fetch-Site` decides where it is sent. `same-site` does not do: a neighbour under the same domain is someone
    /// else.
    pub(super) fn check(&self, method: &Method, headers: &HeaderMap) -> Result<(), Unusable> {
        if !could_change_something(method, headers) {
            return Ok(());
        }
        match only(headers, &SEC_FETCH_SITE)? {
            Some(b"same-origin") => return Ok(()),
            Some(_) => return Err(CrossOrigin("made by another site")),
            None => {}
        }
        match only(headers, &ORIGIN)? {
            Some(origin) if self.0.iter().any(|own| own.as_bytes() == origin) => Ok(()),
            Some(_) => Err(CrossOrigin("made by another origin")),
            None => Err(CrossOrigin("made by nobody knows whom")),
        }
    }
}

/// A method that is not safe, or a WebSocket, over which anything can be said once it is open. What might be taken for
/// one is taken for one.
fn could_change_something(method: &Method, headers: &HeaderMap) -> bool {
    let names_websocket = |value: &[u8]| value.windows(9).any(|part| part.eq_ignore_ascii_case(b"websocket"));
    !method.is_safe() || headers.get_all(UPGRADE).iter().any(|value| names_websocket(value.as_bytes()))
}

fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a [u8]>, Unusable> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().map(http::HeaderValue::as_bytes);
    if values.next().is_some() { Err(CrossOrigin("repeated header about the origin")) } else { Ok(value) }
}

/// Whether this is an origin as browsers write it: scheme and host in lower case, the port unless it is the scheme's
/// own, and nothing else.
fn is_serialized(origin: &str) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else { return false };
    let own_port = match scheme {
        "https" => ":443",
        "http" => ":80",
        _ => return false,
    };
    let is_authority = authority.parse::<http::uri::Authority>().is_ok() && !authority.contains('@');
    is_authority && !authority.ends_with(own_port) && !origin.bytes().any(|byte| byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_that_no_browser_sends_is_told() {
        for origin in ["https://notes.example", "http://localhost:8400", "https://[::1]:8443", "http://a.example:443"] {
            assert!(is_serialized(origin), "{origin}");
        }
        let odd = [
            "",
            "null",
            "*",
            "notes.example",
            "https://",
            "https://notes.example/",
            "https://notes.example/a",
            "https://notes.example:443",
            "http://notes.example:80",
            "https://Notes.example",
            "HTTPS://notes.example",
            "https://me@notes.example",
            "https://notes.example?x",
            "ws://notes.example",
        ];
        for origin in odd {
            assert!(!is_serialized(origin), "{origin}");
        }
    }
}
