//! Whom mails come from.

use std::{fmt, net::IpAddr, str::FromStr};

use crate::{
    account::Email,
    config::{ConfigError, PublicUrl},
};

/// The sender of every mail: an address, perhaps with a name before it, `Notes <no-reply@notes.example>`.
///
/// ```
/// use portcullis::mail::Sender;
///
/// let sender: Sender = "Notes <no-reply@notes.example>".parse().unwrap();
/// assert_eq!(sender.address(), "no-reply@notes.example");
/// assert_eq!(sender.name(), Some("Notes"));
/// assert!("Notes".parse::<Sender>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    name: Option<String>,
    address: String,
}

impl Sender {
    /// `portcullis@` the host of this URL; `portcullis@localhost` if that is not a name.
    #[must_use]
    pub fn of_host(public_url: &PublicUrl) -> Self {
        let host = public_url.host();
        let is_address = host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
        let address = (!is_address).then(|| address(&format!("portcullis@{host}"))).flatten();
        Self { name: None, address: address.unwrap_or_else(|| "portcullis@localhost".to_owned()) }
    }

    /// The address, in ASCII.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The name to show. Default: the name of the site.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The same, with this name if it has none.
    #[must_use]
    pub(super) fn or_named(mut self, name: &str) -> Self {
        self.name.get_or_insert_with(|| name.to_owned());
        self
    }

    pub(super) fn domain(&self) -> &str {
        self.address.rsplit_once('@').map_or("localhost", |(_, domain)| domain)
    }
}

impl FromStr for Sender {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let wrong = || ConfigError("mail_from must be an address, perhaps as in `Name <a@b.example>`".into());
        let (name, typed) = match text.strip_suffix('>').and_then(|text| text.rsplit_once('<')) {
            Some((name, typed)) => (name.trim().trim_matches('"'), typed),
            None => ("", text),
        };
        let is_name = name.chars().count() <= 64 && !name.contains(['<', '>']) && !name.contains(char::is_control);
        let name = Some(name).filter(|name| !name.is_empty()).map(str::to_owned);
        match address(typed) {
            Some(address) if is_name => Ok(Self { name, address }),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} <{}>", self.address),
            None => f.write_str(&self.address),
        }
    }
}

/// An address of this house, which may also be on a host without a domain.
fn address(typed: &str) -> Option<String> {
    let Some((local, host)) = typed.split_once('@').filter(|(_, host)| !host.contains('.')) else {
        return Email::parse(typed).map(|email| email.to_ascii());
    };
    let is_label = |c: u8| c.is_ascii_alphanumeric() || c == b'-';
    let is_host = !host.is_empty() && !host.starts_with('-') && !host.ends_with('-') && host.bytes().all(is_label);
    (is_host && Email::parse(&format!("{local}@{host}.example")).is_some()).then(|| typed.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_is_one_address() {
        for (typed, shown) in [
            ("a@b.example", "a@b.example"),
            ("no-reply@bücher.example", "no-reply@xn--bcher-kva.example"),
            ("portcullis@localhost", "portcullis@localhost"),
            ("\"Notes, Inc.\" <a@b.example>", "Notes, Inc. <a@b.example>"),
            ("Büro <a@b.example>", "Büro <a@b.example>"),
        ] {
            assert_eq!(typed.parse::<Sender>().unwrap().to_string(), shown);
        }
        for bad in
            ["", "a", "a@", "@b", "a@b@c", "N <a@b.example", "N\r\nBcc: x <a@b.example>", "a@b.example, c@d.example"]
        {
            assert!(bad.parse::<Sender>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_default_is_the_host_of_the_public_url() {
        for (url, sender) in [
            ("https://id.example", "portcullis@id.example"),
            ("http://localhost:8400", "portcullis@localhost"),
            ("http://127.0.0.1:8400", "portcullis@localhost"),
            ("http://[::1]:8400", "portcullis@localhost"),
        ] {
            assert_eq!(Sender::of_host(&url.parse().unwrap()).address(), sender);
        }
    }
}
