//! What was typed becomes what is meant, once: the settings of the accounts, as types that cannot be wrong.
//!
//! The binary fills a [`Config`] from its file, environment and flags; a library user through
//! [`Portcullis::builder`](crate::Portcullis::builder). Every default is stated on its field.

use std::{fmt, num::NonZeroU32, path::PathBuf, str::FromStr, time::Duration};

use http::Uri;
use ipnet::IpNet;

use crate::{
    access::{self, Levels},
    jwt::Algorithm,
    mail::{Links, Sender},
    password::{HashPoolSettings, PasswordPolicy},
    revocation::OnStale,
    totp::TotpWindow,
};

/// The settings of the accounts.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own, and any of them goes with any other")]
pub struct Config {
    /// Where people reach this service: the tokens' issuer, and the base of every link. Required.
    pub public_url: PublicUrl,
    /// The one `aud` of the tokens made here. Default: `public_url`.
    pub audience: String,
    /// The algorithm of signing keys made from now on. Default: ES256.
    pub signing_algorithm: Algorithm,
    /// How long an access token lives; also the longest that a revocation has to be remembered. Default: 15 minutes.
    pub access_token_ttl: Duration,
    /// How long a session lives unless it is used. Default: 24 hours.
    pub session_idle: Duration,
    /// How long a session lives at most, however busy it is. Default: 7 days.
    pub session_max: Duration,
    /// How long a session lives at most whose user asked to be remembered. It may rest for as long. Default: 30 days.
    pub remember_max: Duration,
    /// How long a session of a user with the role `admin` lives at most, remembered or not. Default: 1 hour.
    pub admin_session_max: Duration,
    /// How many sessions a user may have at once: one more ends the one that was not used for longest. Default: 50.
    pub session_cap: NonZeroU32,
    /// What a password hash costs, and how many are computed at once. Its defaults are stated there.
    pub hashing: HashPoolSettings,
    /// What a new password must be like. Default: 10 characters, and neither common nor easy to guess.
    pub password_policy: PasswordPolicy,
    /// Who may register. Default: anyone.
    pub registration: RegistrationPolicy,
    /// Whether people may make an account with a passkey and no password, where anyone may register. Default: `false`.
    pub passkey_registration: bool,
    /// Where keys may be used besides `public_url`, whose host or a subdomain of it each has to be. Default: nowhere.
    pub webauthn_origins: Vec<PublicUrl>,
    /// Whether an account opens only once its address is confirmed. Registering then gives the same answer whether or not
    /// the address is known. Default: `false`.
    pub require_verified_email: bool,
    /// Whether an address that asks for a new password and belongs to no account gets a mail that says so. Default:
    /// `false`.
    pub mail_unknown: bool,
    /// Who has to have a second factor. Default: nobody; whoever has one is asked for it.
    pub second_factor: SecondFactorPolicy,
    /// How far a code of an authenticator app may be from the present one. Default: one either side.
    pub totp_window: TotpWindow,
    /// What becomes of tokens once the database could not be asked for 10 seconds what other processes have revoked.
    /// Default: [`OnStale::Allow`]. A database that is down for all takes no revocation from anyone, so nothing is
    /// missed, and guarded requests go on. [`OnStale::Refuse`] is for those who would rather answer 503 than accept, on
    /// a process that alone is cut off, a token that another one has revoked.
    pub stale_revocations: OnStale,
    /// The reverse proxies whose `X-Forwarded-For` is believed. Default: none.
    pub trusted_proxies: Vec<IpNet>,
    /// What people call the service, in mails. Default: the host of `public_url`.
    pub site_name: Option<SiteName>,
    /// Whom mails come from. Default: `portcullis@` the host of `public_url`.
    pub mail_from: Option<Sender>,
    /// Where the links in mails lead. Default: the pages of this service.
    pub links: Links,
    /// The folder with templates of one's own; those of mails are in its folder `mail`. Default: none.
    pub templates_dir: Option<PathBuf>,
    /// How many API keys a user may have. Default: 20.
    pub api_key_cap: NonZeroU32,
    /// The levels that members of a resource may have, the lowest first. Default: `public`, `invitee`, `member`, `manager`,
    /// `secret`.
    pub membership_levels: Levels,
    /// Turns the limits on attempts off. For load tests only. Default: `false`.
    pub insecure_no_limits: bool,
}

impl Config {
    /// The defaults, for a service at this address.
    #[must_use]
    pub fn new(public_url: PublicUrl) -> Self {
        Self {
            audience: public_url.to_string(),
            public_url,
            signing_algorithm: Algorithm::Es256,
            access_token_ttl: Duration::from_mins(15),
            session_idle: Duration::from_hours(24),
            session_max: Duration::from_hours(7 * 24),
            remember_max: Duration::from_hours(30 * 24),
            admin_session_max: Duration::from_hours(1),
            session_cap: const { NonZeroU32::MIN.saturating_add(49) },
            hashing: HashPoolSettings::default(),
            password_policy: PasswordPolicy::default(),
            registration: RegistrationPolicy::Open,
            passkey_registration: false,
            webauthn_origins: Vec::new(),
            require_verified_email: false,
            mail_unknown: false,
            second_factor: SecondFactorPolicy::Optional,
            totp_window: TotpWindow::One,
            stale_revocations: OnStale::Allow,
            trusted_proxies: Vec::new(),
            site_name: None,
            mail_from: None,
            links: Links::default(),
            templates_dir: None,
            api_key_cap: const { NonZeroU32::MIN.saturating_add(19) },
            membership_levels: Levels::default(),
            insecure_no_limits: false,
        }
    }

    /// Whether the settings go together.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let host = self.public_url.host();
        let is_below = |origin: &PublicUrl| origin.host().strip_suffix(host).is_some_and(|rest| rest.ends_with('.'));
        match self.webauthn_origins.iter().find(|origin| origin.host() != host && !is_below(origin)) {
            Some(stray) => Err(ConfigError(format!("webauthn_origins must be on {host} or below it, not {stray}"))),
            None => Ok(()),
        }
    }

    /// What people call the service.
    #[must_use]
    pub fn site_name(&self) -> &str {
        self.site_name.as_ref().map_or(self.public_url.host(), SiteName::as_str)
    }

    /// Whom mails come from.
    #[must_use]
    pub fn sender(&self) -> Sender {
        self.mail_from.clone().unwrap_or_else(|| Sender::of_host(&self.public_url))
    }
}

/// Who may make an account by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistrationPolicy {
    /// Anyone.
    Open,
    /// Nobody: accounts are made by the operator.
    Closed,
}

impl RegistrationPolicy {
    /// The policy's name in settings and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }
}

impl FromStr for RegistrationPolicy {
    type Err = ConfigError;

    fn from_str(name: &str) -> Result<Self, ConfigError> {
        match name {
            "open" => Ok(Self::Open),
            "closed" => Ok(Self::Closed),
            other => Err(ConfigError(format!("registration must be `open` or `closed`, not `{other}`"))),
        }
    }
}

/// Who has to have a second factor. Whoever must and has none sets one up before their login is finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecondFactorPolicy {
    /// Nobody has to.
    Optional,
    /// Users with the role `admin`.
    Admins,
    /// Everybody.
    All,
}

impl SecondFactorPolicy {
    /// The policy's name in settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Optional => "optional",
            Self::Admins => "admins",
            Self::All => "all",
        }
    }

    /// Whether a user with these roles has to have one.
    #[must_use]
    pub fn binds(self, roles: &[String]) -> bool {
        match self {
            Self::Optional => false,
            Self::Admins => access::is_admin(roles),
            Self::All => true,
        }
    }
}

impl FromStr for SecondFactorPolicy {
    type Err = ConfigError;

    fn from_str(name: &str) -> Result<Self, ConfigError> {
        match name {
            "optional" => Ok(Self::Optional),
            "admins" => Ok(Self::Admins),
            "all" => Ok(Self::All),
            other => Err(ConfigError(format!("second_factor must be `optional`, `admins` or `all`, not `{other}`"))),
        }
    }
}

/// What people call a service: 1 to 64 characters on one line.
///
/// ```
/// use portcullis::config::SiteName;
///
/// assert_eq!("Notes".parse::<SiteName>().unwrap().as_str(), "Notes");
/// assert!("Notes\nBcc: eve@example.com".parse::<SiteName>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteName(String);

impl SiteName {
    /// The name as it was typed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SiteName {
    type Err = ConfigError;

    fn from_str(name: &str) -> Result<Self, ConfigError> {
        let name = name.trim();
        if (1..=64).contains(&name.chars().count()) && !name.contains(char::is_control) {
            Ok(Self(name.to_owned()))
        } else {
            Err(ConfigError("site_name must be 1 to 64 characters on one line".into()))
        }
    }
}

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

/// A setting that means nothing. Its text names the setting.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub(crate) String);

#[cfg(test)]
mod tests {
    use super::*;

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
