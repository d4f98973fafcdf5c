//! Where people reach the service.

use std::{fmt, str::FromStr};

use http::Uri;

use super::ConfigError;

/// The origin at which people reach the service: `http` or `https`, a host, perhaps a port, and nothing after it.
///
/// ```
/// use portcullis::config::PublicUrl;
///
/// let url: PublicUrl = "https://Notes.example/".parse().unwrap();
/// assert_eq!(url.to_string(), "https://notes.example");
/// assert_eq!(url.host(), "notes.example");
/// assert!("notes.example".parse::<PublicUrl>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    https: bool,
    host: String,
    port: Option<u16>,
}

impl PublicUrl {
    /// Whether people reach it over TLS.
    #[must_use]
    pub const fn is_https(&self) -> bool {
        self.https
    }

    /// The host name, in lower case.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }
}

impl FromStr for PublicUrl {
    type Err = ConfigError;

    fn from_str(url: &str) -> Result<Self, ConfigError> {
        // Not quoted: whoever put a password into it should not find it in a log.
        let wrong = |why| ConfigError(format!("public_url {why}"));
        let uri = url.parse::<Uri>().map_err(|_| wrong("is not a URL"))?;
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(wrong("must begin with http:// or https://")),
        };
        let authority = uri.authority().ok_or_else(|| wrong("names no host"))?;
        if authority.as_str().contains('@') {
            return Err(wrong("must not hold a user or password"));
        }
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(wrong("must have no path"));
        }
        // `Uri` drops a fragment without a word.
        if authority.host().is_empty() || url.contains('#') {
            return Err(wrong("must be a host and nothing after it"));
        }
        let default_port = if https { 443 } else { 80 };
        let port = match (authority.as_str().strip_prefix(authority.host()), authority.port_u16()) {
            (Some(""), _) => None,
            (_, Some(port)) => Some(port).filter(|port| *port != default_port),
            (_, None) => return Err(wrong("has a port that is none")),
        };
        Ok(Self { https, host: authority.host().to_ascii_lowercase(), port })
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn keys_are_used_on_the_host_of_the_service_and_below() {
        let mut config = Config::new("https://id.example".parse().unwrap());
        for (origin, allowed) in [
            ("https://id.example:8443", true),
            ("https://app.id.example", true),
            ("https://example", false),
            ("https://evilid.example", false),
            ("https://id.example.evil", false),
        ] {
            config.webauthn_origins = vec![origin.parse().unwrap()];
            assert_eq!(config.check().is_ok(), allowed, "{origin}");
        }
    }

    #[test]
    fn a_public_url_is_an_origin() {
        for (typed, meant) in [
            ("http://localhost:8400", "http://localhost:8400"),
            ("https://A.example:443/", "https://a.example"),
            ("http://a.example:80", "http://a.example"),
            ("http://[::1]:8400", "http://[::1]:8400"),
        ] {
            assert_eq!(typed.parse::<PublicUrl>().unwrap().to_string(), meant);
        }
        for bad in [
            "",
            "a.example",
            "ftp://a.example",
            "https://",
            "https://a.example/x",
            "https://a.example/?x",
            "https://u:p@a.example",
            "https://a.example#x",
            "https://a.example:99999",
            "https://a.example:",
            "https://:8400",
            "/",
        ] {
            assert!(bad.parse::<PublicUrl>().is_err(), "{bad}");
        }
    }
}
