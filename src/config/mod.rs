//! What was typed becomes what is meant, once: the settings of the accounts, as types that cannot be wrong.
//!
//! The binary fills a [`Config`] from its file, environment and flags; a library user through
//! [`Portcullis::builder`](crate::Portcullis::builder). Every default is stated on its field.

mod policy;
mod public_url;
mod site_name;

use std::{collections::BTreeMap, num::NonZeroU32, path::PathBuf, time::Duration};

use ipnet::IpNet;

pub use self::{
    policy::{RegistrationPolicy, SecondFactorPolicy},
    public_url::PublicUrl,
    site_name::SiteName,
};

use crate::{
    access::{Levels, RoleName},
    brand::Brand,
    jwt::Algorithm,
    mail::{Links, Sender},
    password::{HashPoolSettings, PasswordPolicy},
    revocation::OnStale,
    totp::TotpWindow,
};

/// The settings of the accounts.
///
/// ```
/// use std::time::Duration;
///
/// use portcullis::config::{Config, RegistrationPolicy, SecondFactorPolicy};
///
/// # fn main() -> Result<(), portcullis::config::ConfigError> {
/// let mut config = Config::new("https://notes.example".parse()?);
/// config.registration = RegistrationPolicy::Approval;
/// config.second_factor = SecondFactorPolicy::Admins;
/// config.session_max = Duration::from_hours(24);
///
/// assert_eq!(config.site_name(), "notes.example");
/// assert_eq!(config.session_cookie(), "__Host-portcullis");
/// # Ok(())
/// # }
/// ```
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
    /// The role of everyone who makes an account themselves; it is made if there is none of that name. Default: none.
    pub default_role: Option<RoleName>,
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
    /// The folder with templates of one's own; those of mails are in its folder `mail`, those of pages in `pages`.
    /// Default: none.
    pub templates_dir: Option<PathBuf>,
    /// The logo, the colours and the footer of pages. Default: the name of the service, a quiet blue, and none.
    pub brand: Brand,
    /// The origins beside this service's own that a login may lead to: those of services that send their users here.
    /// Default: none.
    pub next_origins: Vec<PublicUrl>,
    /// How many API keys a user may have. Default: 20.
    pub api_key_cap: NonZeroU32,
    /// How many requests a minute each API key may make, in each process. As many may come at once. At most 60,000.
    /// Default: 600.
    pub api_key_rate: NonZeroU32,
    /// The levels that members of a resource may have, the lowest first. Default: `public`, `invitee`, `member`, `manager`,
    /// `secret`.
    pub membership_levels: Levels,
    /// What clients are told at login of where else they can go: names and URLs. Default: none.
    pub resources: BTreeMap<String, String>,
    /// How old a row of the trail gets before it is forgotten; `None` keeps them all. Default: 365 days.
    pub event_retention: Option<Duration>,
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
            default_role: None,
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
            brand: Brand::default(),
            next_origins: Vec::new(),
            api_key_cap: const { NonZeroU32::MIN.saturating_add(19) },
            api_key_rate: const { NonZeroU32::MIN.saturating_add(599) },
            membership_levels: Levels::default(),
            resources: BTreeMap::new(),
            event_retention: Some(Duration::from_hours(365 * 24)),
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

    /// The name of the cookie that browsers keep a session in. Where people come over https it begins with `__Host-`, so
    /// that no neighbour under the same domain can set it (RFC 6265bis section 4.1.3.2).
    #[must_use]
    pub const fn session_cookie(&self) -> &'static str {
        if self.public_url.is_https() { "__Host-portcullis" } else { "portcullis" }
    }

    /// Whom mails come from.
    #[must_use]
    pub fn sender(&self) -> Sender {
        self.mail_from.clone().unwrap_or_else(|| Sender::of_host(&self.public_url))
    }
}

/// A setting that means nothing. Its text names the setting.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub(crate) String);
