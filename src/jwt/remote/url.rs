//! Where keys may come from.

use http::{
    Uri,
    uri::{PathAndQuery, Scheme},
};

use super::RemoteConfigError;

/// Which schemes will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Schemes {
    Https,
    HttpToo,
}

impl Schemes {
    /// An absolute URL that says where to go and nothing about who goes there.
    pub(crate) fn url(self, text: &str) -> Result<Uri, RemoteConfigError> {
        let refused = || {
            let may_hold_a_password = text.contains('@');
            if may_hold_a_password { RemoteConfigError::Login } else { RemoteConfigError::Url(text.to_owned()) }
        };
        let url: Uri = text.parse().map_err(|_| refused())?;
        // The parser drops a fragment without a word.
        let authority = url.authority().filter(|_| !text.contains('#')).ok_or_else(refused)?;
        if authority.host().is_empty() || authority.as_str().contains('@') {
            return Err(refused());
        }
        match (self, url.scheme()) {
            (_, Some(scheme)) if *scheme == Scheme::HTTPS => Ok(url),
            (Self::HttpToo, Some(scheme)) if *scheme == Scheme::HTTP => Ok(url),
            (_, Some(_)) => Err(RemoteConfigError::NotHttps(text.to_owned())),
            (_, None) => Err(refused()),
        }
    }

    /// Where an issuer publishes its metadata: as OpenID Connect Discovery has it, and as RFC 8414 section 3 has it.
    pub(super) fn metadata(self, issuer: &str) -> Result<[Uri; 2], RemoteConfigError> {
        let url = self.url(issuer)?;
        if url.query().is_some() {
            return Err(RemoteConfigError::Url(issuer.to_owned()));
        }
        let path = url.path().trim_end_matches('/');
        let at = |path: String| {
            let mut parts = url.clone().into_parts();
            parts.path_and_query = PathAndQuery::try_from(path).ok();
            Uri::from_parts(parts).map_err(|_| RemoteConfigError::Url(issuer.to_owned()))
        };
        Ok([
            at(format!("{path}/.well-known/openid-configuration"))?,
            at(format!("/.well-known/oauth-authorization-server{path}"))?,
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_https_urls_will_do() {
        let https = "https://id.example/keys?tenant=7";
        assert_eq!(Schemes::Https.url(https).unwrap(), https);
        let bad = ["", "id.example", "/keys", "https://", "https:///keys", "https://a.b/#c"];
        for text in bad {
            assert_eq!(Schemes::HttpToo.url(text), Err(RemoteConfigError::Url(text.to_owned())), "{text}");
        }
        for login in ["https://me:secret@id.example/", "http://me:secret@id.example/", "me:secret@id.example"] {
            assert_eq!(Schemes::Https.url(login), Err(RemoteConfigError::Login), "{login}");
        }
        let plain = "http://127.0.0.1:8400/keys";
        assert_eq!(Schemes::Https.url(plain), Err(RemoteConfigError::NotHttps(plain.to_owned())));
        assert_eq!(Schemes::HttpToo.url(plain).unwrap(), plain);
        assert!(matches!(Schemes::HttpToo.url("ftp://id.example/"), Err(RemoteConfigError::NotHttps(_))));
    }

    #[test]
    fn metadata_is_looked_for_where_the_two_standards_put_it() {
        let [openid, oauth] = Schemes::Https.metadata("https://id.example").unwrap();
        assert_eq!(openid, "https://id.example/.well-known/openid-configuration");
        assert_eq!(oauth, "https://id.example/.well-known/oauth-authorization-server");
        let [openid, oauth] = Schemes::Https.metadata("https://id.example/realms/a/").unwrap();
        assert_eq!(openid, "https://id.example/realms/a/.well-known/openid-configuration");
        assert_eq!(oauth, "https://id.example/.well-known/oauth-authorization-server/realms/a");
        assert!(Schemes::Https.metadata("https://id.example/?tenant=7").is_err());
    }
}
