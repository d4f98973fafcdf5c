//! Where the links in mails lead: to the pages of this service, or to a front end of one's own.

use std::str::FromStr;

use crate::{
    config::{ConfigError, PublicUrl},
    secret::PlainToken,
};

/// What a link in a mail is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkKind {
    /// Confirms the address of a new account.
    Verify,
    /// Sets a new password.
    Reset,
    /// Confirms the address an account is to have.
    Confirm,
    /// Restores the address an account had.
    Undo,
}

impl LinkKind {
    const fn page(self) -> &'static str {
        match self {
            Self::Verify => "verify-email",
            Self::Reset => "reset-password",
            Self::Confirm => "confirm-email",
            Self::Undo => "undo-email",
        }
    }
}

/// The links of mails. They come from settings alone: no header of a request can change where they lead.
///
/// Default: the pages of this service, `<public_url>/verify-email?token=…`, `/reset-password`, `/confirm-email` and
/// `/undo-email`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    /// Instead of the page that confirms a new account's address.
    pub verify: Option<LinkTemplate>,
    /// Instead of the page that sets a new password.
    pub reset: Option<LinkTemplate>,
    /// Instead of the page that confirms a changed address.
    pub confirm: Option<LinkTemplate>,
    /// Instead of the page that restores an address.
    pub undo: Option<LinkTemplate>,
}

impl Links {
    /// The link of this kind with this token.
    #[must_use]
    pub fn link(&self, kind: LinkKind, public_url: &PublicUrl, token: &PlainToken) -> String {
        let own = match kind {
            LinkKind::Verify => &self.verify,
            LinkKind::Reset => &self.reset,
            LinkKind::Confirm => &self.confirm,
            LinkKind::Undo => &self.undo,
        };
        match own {
            Some(template) => template.0.replace(TOKEN, token.expose()),
            None => format!("{public_url}/{}?token={}", kind.page(), token.expose()),
        }
    }
}

const TOKEN: &str = "{token}";

/// The URL of a page of one's own, with `{token}` where the token goes: in its path, query or fragment.
///
/// ```
/// use portcullis::mail::LinkTemplate;
///
/// assert!("https://notes.example/#/reset/{token}".parse::<LinkTemplate>().is_ok());
/// assert!("https://notes.example/reset".parse::<LinkTemplate>().is_err());
/// assert!("https://{token}.example/".parse::<LinkTemplate>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkTemplate(String);

impl LinkTemplate {
    /// The template as it was typed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for LinkTemplate {
    type Err = ConfigError;

    fn from_str(template: &str) -> Result<Self, ConfigError> {
        let wrong = || {
            ConfigError("a link must be an http or https URL with `{token}` once, behind the name of the host".into())
        };
        let after_scheme = template.strip_prefix("https://").or_else(|| template.strip_prefix("http://"));
        let (host, rest) = after_scheme.and_then(|rest| rest.split_once(['/', '?', '#'])).ok_or_else(wrong)?;
        let is_host = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-' | b':' | b'[' | b']');
        let is_url = |c: u8| c.is_ascii_graphic() && !matches!(c, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'|');
        let fits = !host.is_empty()
            && host.bytes().all(is_host)
            && rest.bytes().all(is_url)
            && rest.matches(TOKEN).count() == 1
            && rest.matches(['{', '}']).count() == 2;
        if fits { Ok(Self(template.to_owned())) } else { Err(wrong()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_holds_its_token_once_and_not_in_the_host() {
        for good in
            ["https://a.example/{token}", "http://localhost:3000?t={token}", "https://a.example/#/r?t={token}&x=1"]
        {
            assert!(good.parse::<LinkTemplate>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "a.example/{token}",
            "https://a.example",
            "https://a.example/",
            "https:///{token}",
            "https://{token}/x",
            "https://u@a.example/{token}",
            "https://a.example/{token}/{token}",
            "https://a.example/{token}{x}",
            "https://a.example/ {token}",
            "https://a.example/\n{token}",
            "https://a.example/\"{token}",
            "javascript://a/{token}",
        ] {
            assert!(bad.parse::<LinkTemplate>().is_err(), "{bad}");
        }
    }

    #[test]
    fn rs_1_links_begin_with_the_public_url_or_the_template() {
        let public_url: PublicUrl = "https://id.example".parse().unwrap();
        let token = PlainToken::from_client("abc".into());
        let mut links = Links::default();
        let link = |links: &Links, kind| links.link(kind, &public_url, &token);
        assert_eq!(link(&links, LinkKind::Verify), "https://id.example/verify-email?token=abc");
        assert_eq!(link(&links, LinkKind::Reset), "https://id.example/reset-password?token=abc");
        assert_eq!(link(&links, LinkKind::Confirm), "https://id.example/confirm-email?token=abc");
        assert_eq!(link(&links, LinkKind::Undo), "https://id.example/undo-email?token=abc");
        links.reset = Some("https://app.example/#/reset/{token}".parse().unwrap());
        assert_eq!(link(&links, LinkKind::Reset), "https://app.example/#/reset/abc");
        assert_eq!(link(&links, LinkKind::Verify), "https://id.example/verify-email?token=abc");
    }
}
