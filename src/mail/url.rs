//! Which way out a `mail_url` names.

use std::{fmt, net::IpAddr, path::PathBuf, str::FromStr, sync::Arc};

use super::{FileTransport, Transport};
use crate::config::ConfigError;

/// How mails leave: `file:` and the path of a folder, `smtp://…` or `smtps://…`.
///
/// | URL | means |
/// |---|---|
/// | `file:mail` | a file for each mail, in this folder |
/// | `smtps://user:password@host` | SMTP within TLS; port 465 |
/// | `smtp://user:password@host` | SMTP that turns to TLS by STARTTLS before anything else is said, or fails; port 587 |
///
/// User and password may be absent; what is special in a URL is percent-encoded in them. After a `?`, separated by `&`:
/// `ca=/path/of.pem` trusts the authorities in this file besides the public ones; `tls=insecure_off` sends everything,
/// the password included, in plain sight; `tls=required` asks for TLS also on this machine: for `smtp://` with a
/// loopback address or `localhost` it is off by default, because nothing leaves the machine.
///
/// ```
/// use portcullis::mail::MailUrl;
///
/// let url: MailUrl = "smtp://me:s%2Fecret@mail.example".parse().unwrap();
/// assert_eq!(url.to_string(), "smtp://me:***@mail.example:587");
/// assert!("mail.example".parse::<MailUrl>().is_err());
/// ```
#[derive(Clone, PartialEq, Eq)]
pub enum MailUrl {
    /// Files in this folder.
    File(PathBuf),
    /// A mail server.
    Smtp(SmtpServer),
}

/// A mail server, and how to talk to it.
#[derive(Clone, PartialEq, Eq)]
pub struct SmtpServer {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: SmtpTls,
    pub(super) credentials: Option<Credentials>,
    pub(super) authorities: Option<PathBuf>,
}

/// When the conversation turns to TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SmtpTls {
    Off,
    StartTls,
    Wrapped,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) user: String,
    pub(super) password: zeroize::Zeroizing<String>,
}

impl MailUrl {
    /// The transport that this URL names.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if this build has no SMTP, or its certificates cannot be read.
    pub fn transport(&self) -> Result<Arc<dyn Transport>, ConfigError> {
        match self {
            Self::File(folder) => Ok(Arc::new(FileTransport::new(folder))),
            #[cfg(feature = "smtp")]
            Self::Smtp(server) => Ok(Arc::new(super::SmtpTransport::new(server.clone())?)),
            #[cfg(not(feature = "smtp"))]
            Self::Smtp(_) => Err(wrong("needs the feature `smtp`, which this build has not")),
        }
    }
}

/// What was typed is not quoted: it may hold a password.
fn wrong(why: &str) -> ConfigError {
    ConfigError(format!("mail_url {why}"))
}

impl FromStr for MailUrl {
    type Err = ConfigError;

    fn from_str(url: &str) -> Result<Self, ConfigError> {
        match url.split_once(':') {
            Some(("file", folder)) => {
                let folder = folder.strip_prefix("//").unwrap_or(folder);
                if folder.is_empty() {
                    return Err(wrong("`file:` must be followed by the path of a folder"));
                }
                Ok(Self::File(folder.into()))
            }
            Some(("smtp", rest)) => Ok(Self::Smtp(SmtpServer::parse(rest, false)?)),
            Some(("smtps", rest)) => Ok(Self::Smtp(SmtpServer::parse(rest, true)?)),
            _ => Err(wrong("must begin with `file:`, `smtp://` or `smtps://`")),
        }
    }
}

impl SmtpServer {
    fn parse(rest: &str, wrapped: bool) -> Result<Self, ConfigError> {
        let rest = rest.strip_prefix("//").ok_or_else(|| wrong("must have `//` after its scheme"))?;
        let (authority, query) = rest.split_once('?').unwrap_or((rest, ""));
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        let (credentials, place) = match authority.rsplit_once('@') {
            Some((credentials, place)) => (Some(Credentials::parse(credentials)?), place),
            None => (None, authority),
        };
        let (host, port) = host_and_port(place, if wrapped { 465 } else { 587 })?;
        let mut server = Self {
            tls: match wrapped {
                true => SmtpTls::Wrapped,
                false if is_this_machine(&host) => SmtpTls::Off,
                false => SmtpTls::StartTls,
            },
            host,
            port,
            credentials,
            authorities: None,
        };
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            match parameter.split_once('=') {
                Some(("tls", "required")) if !wrapped => server.tls = SmtpTls::StartTls,
                Some(("tls", "insecure_off")) if !wrapped => server.tls = SmtpTls::Off,
                Some(("ca", path)) if !path.is_empty() => server.authorities = Some(path.into()),
                _ => return Err(wrong("has a parameter that it does not take")),
            }
        }
        Ok(server)
    }
}

fn host_and_port(place: &str, default_port: u16) -> Result<(String, u16), ConfigError> {
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => {
            (host, port.parse().map_err(|_| wrong("has a port that is none"))?)
        }
        _ => (place, default_port),
    };
    let is_v6 = host.starts_with('[') && host.ends_with(']');
    let bare = host.trim_matches(['[', ']']);
    let is_name = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-' | b'_');
    let fits = if is_v6 { bare.parse::<IpAddr>().is_ok() } else { !bare.is_empty() && bare.bytes().all(is_name) };
    if fits { Ok((bare.to_ascii_lowercase(), port)) } else { Err(wrong("names no host")) }
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl Credentials {
    fn parse(text: &str) -> Result<Self, ConfigError> {
        let decoded = |part| percent_decoded(part).ok_or_else(|| wrong("has a user or password that cannot be read"));
        let (user, password) = text.split_once(':').ok_or_else(|| wrong("has a user and no password"))?;
        Ok(Self { user: decoded(user)?, password: decoded(password)?.into() })
    }
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (code, rest) = part.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(code, 16).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

/// Shows everything but the password.
impl fmt::Display for MailUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(folder) => write!(f, "file:{}", folder.display()),
            Self::Smtp(server) => server.fmt(f),
        }
    }
}

impl fmt::Display for SmtpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.tls == SmtpTls::Wrapped { "smtps://" } else { "smtp://" })?;
        if let Some(credentials) = &self.credentials {
            write!(f, "{}:***@", credentials.user)?;
        }
        if self.host.contains(':') { write!(f, "[{}]", self.host) } else { f.write_str(&self.host) }?;
        write!(f, ":{}", self.port)?;
        let tls = match (self.tls, is_this_machine(&self.host)) {
            (SmtpTls::Off, false) => Some("tls=insecure_off".to_owned()),
            (SmtpTls::StartTls, true) => Some("tls=required".to_owned()),
            _ => None,
        };
        let authorities = self.authorities.as_ref().map(|path| format!("ca={}", path.display()));
        let parameters: Vec<_> = tls.into_iter().chain(authorities).collect();
        if parameters.is_empty() { Ok(()) } else { write!(f, "?{}", parameters.join("&")) }
    }
}

impl fmt::Debug for MailUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MailUrl({self})")
    }
}

impl fmt::Debug for SmtpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SmtpServer({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn smtp(url: &str) -> SmtpServer {
        match url.parse().unwrap() {
            MailUrl::Smtp(server) => server,
            MailUrl::File(_) => panic!("{url}"),
        }
    }

    #[test]
    fn tls_is_off_only_on_this_machine_or_where_it_is_said() {
        for (url, tls) in [
            ("smtp://mail.example", SmtpTls::StartTls),
            ("smtp://mail.example?tls=insecure_off", SmtpTls::Off),
            ("smtp://192.0.2.1:25", SmtpTls::StartTls),
            ("smtp://localhost", SmtpTls::Off),
            ("smtp://127.0.0.1:25/", SmtpTls::Off),
            ("smtp://[::1]:25", SmtpTls::Off),
            ("smtp://localhost?tls=required", SmtpTls::StartTls),
            ("smtps://localhost", SmtpTls::Wrapped),
        ] {
            assert_eq!(smtp(url).tls, tls, "{url}");
            assert_eq!(smtp(&smtp(url).to_string()), smtp(url), "what is shown can be typed: {url}");
        }
    }

    #[test]
    fn a_url_is_read_whole_and_shown_without_its_password() {
        let server = smtp("smtps://me%40b.example:s%3Acr%2Fet@Mail.Example?ca=/etc/ca.pem");
        let credentials = server.credentials.clone().unwrap();
        assert_eq!((credentials.user.as_str(), credentials.password.as_str()), ("me@b.example", "s:cr/et"));
        assert_eq!((server.host.as_str(), server.port), ("mail.example", 465));
        assert_eq!(server.authorities, Some("/etc/ca.pem".into()));
        assert_eq!(server.to_string(), "smtps://me@b.example:***@mail.example:465?ca=/etc/ca.pem");
        assert!(!format!("{server:?}").contains("cr/et"));
        assert_eq!(smtp("smtp://[2001:db8::1]").to_string(), "smtp://[2001:db8::1]:587");
        assert_eq!("file:/var/mail".parse::<MailUrl>().unwrap(), MailUrl::File("/var/mail".into()));
    }

    #[test]
    fn what_means_nothing_is_refused_and_not_quoted() {
        for bad in [
            "",
            "mail.example",
            "file:",
            "http://mail.example",
            "smtp:mail.example",
            "smtp://",
            "smtp://:25",
            "smtp://mail.example:port",
            "smtp://secret@mail.example",
            "smtp://me:secret%zz@mail.example",
            "smtp://me:secret%ff@mail.example",
            "smtp://me:secret@mail.example/path",
            "smtp://me:secret@mail.example?tls=off",
            "smtps://me:secret@mail.example?tls=insecure_off",
            "smtp://me:secret@mail.example?ca=",
            "smtp://me:secret@[mail]",
        ] {
            let error = bad.parse::<MailUrl>().unwrap_err().to_string();
            assert!(error.starts_with("mail_url ") && !error.contains("secret"), "{bad}: {error}");
        }
    }
}
