//! Every setting there is: its key, what it is for, how it is read and how it is shown.
//!
//! The key is the name in the file; the variable and the flag follow from it.

use std::{num::NonZeroUsize, time::Duration};

use portcullis::{
    config::{PublicUrl, RegistrationPolicy, SecondFactorPolicy},
    jwt::Algorithm,
    password::{BreachFile, PasswordPreset},
    revocation::OnStale,
    totp::TotpWindow,
};

use super::{
    Settings, access, brand, mail,
    mask::masked,
    operation, passkey, pepper,
    reading::{
        SESSION_SPAN, TRUE_OR_FALSE, count, list, listed, network, number, path, put, session_span, span, switch,
    },
};

/// The longest life that an access token can be given.
pub(crate) const LONGEST_ACCESS_TOKEN: Duration = Duration::from_hours(24);

/// One setting.
#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) key: &'static str,
    pub(crate) help: &'static str,
    pub(crate) kind: Kind,
    /// Puts what was typed in force, or says what it must be.
    pub(super) put: fn(&mut Settings, &str) -> Result<(), &'static str>,
    /// The value in force. Never a password.
    pub(crate) show: fn(&Settings) -> String,
}

/// How a setting may be typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One value.
    Value,
    /// On or off; as a flag it may stand alone.
    Switch,
    /// Several values: a list in the file, elsewhere commas between them.
    List,
}

/// The setting with this key.
pub(super) fn setting(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

/// In the order in which they are put in force and shown.
pub(crate) static SETTINGS: [Setting; 52] = [
    Setting {
        key: "listen",
        help: "The address and port to listen on",
        kind: Kind::Value,
        put: |settings, text| {
            put(&mut settings.listen, text.parse().ok(), "must be an address and a port, such as 127.0.0.1:8400")
        },
        show: |settings| settings.listen.to_string(),
    },
    Setting {
        key: "public_url",
        help: "Where people reach this service: the tokens' issuer and the base of every link",
        kind: Kind::Value,
        put: |settings, text| {
            let url: PublicUrl = text.parse().map_err(|_| "must be an origin, such as https://id.example")?;
            // The default of `audience`, which comes later and may say otherwise.
            settings.config.audience = url.to_string();
            settings.config.public_url = url;
            Ok(())
        },
        show: |settings| settings.config.public_url.to_string(),
    },
    Setting {
        key: "data_dir",
        help: "The folder for what this server keeps itself; made, for its owner alone, if it is not there",
        kind: Kind::Value,
        put: |settings, text| put(&mut settings.data_dir, path(text), "must be the path of a folder"),
        show: |settings| settings.data_dir.display().to_string(),
    },
    Setting {
        key: "database_url",
        help: "The database: `sqlite:` and the path of a file, or `postgres://…`",
        kind: Kind::Value,
        put: |settings, text| {
            let known = ["sqlite:", "postgres:", "postgresql:"].iter().any(|scheme| text.starts_with(scheme));
            let url = known.then(|| Some(text.to_owned()));
            put(&mut settings.database_url, url, "must begin with `sqlite:` or `postgres://`")
        },
        show: |settings| masked(&settings.database_url()),
    },
    Setting {
        key: "master_key_file",
        help: "The file that holds the master key; made if it is not there",
        kind: Kind::Value,
        put: |settings, text| put(&mut settings.master_key_file, path(text).map(Some), "must be the path of a file"),
        show: |settings| settings.master_key_file().display().to_string(),
    },
    Setting {
        key: "audience",
        help: "The one `aud` of the tokens made here",
        kind: Kind::Value,
        put: |settings, text| {
            let audience = (!text.is_empty()).then(|| text.to_owned());
            put(&mut settings.config.audience, audience, "must not be empty")
        },
        show: |settings| settings.config.audience.clone(),
    },
    Setting {
        key: "signing_algorithm",
        help: "The algorithm of signing keys made from now on",
        kind: Kind::Value,
        put: |settings, text| {
            let expected = "must be `ES256`, `EdDSA`, `RS256` or `HS256`";
            put(&mut settings.config.signing_algorithm, Algorithm::parse(text), expected)
        },
        show: |settings| settings.config.signing_algorithm.as_str().to_owned(),
    },
    Setting {
        key: "access_token_ttl",
        help: "How long an access token lives; the same for every server on one database",
        kind: Kind::Value,
        put: |settings, text| {
            let ttl = span(text, Duration::from_mins(1)..=LONGEST_ACCESS_TOKEN);
            put(&mut settings.config.access_token_ttl, ttl, "must be a time from 1m to 24h, such as 15m")
        },
        show: |settings| humantime::format_duration(settings.config.access_token_ttl).to_string(),
    },
    Setting {
        key: "session_idle",
        help: "How long a session lives unless it is used",
        kind: Kind::Value,
        put: |settings, text| put(&mut settings.config.session_idle, session_span(text), SESSION_SPAN),
        show: |settings| humantime::format_duration(settings.config.session_idle).to_string(),
    },
    Setting {
        key: "session_max",
        help: "How long a session lives at most",
        kind: Kind::Value,
        put: |settings, text| put(&mut settings.config.session_max, session_span(text), SESSION_SPAN),
        show: |settings| humantime::format_duration(settings.config.session_max).to_string(),
    },
    Setting {
        key: "remember_max",
        help: "How long a session lives at most, and may rest, whose user asked to be remembered",
        kind: Kind::Value,
        put: |settings, text| put(&mut settings.config.remember_max, session_span(text), SESSION_SPAN),
        show: |settings| humantime::format_duration(settings.config.remember_max).to_string(),
    },
    Setting {
        key: "admin_session_max",
        help: "How long a session of an administrator lives at most",
        kind: Kind::Value,
        put: |settings, text| put(&mut settings.config.admin_session_max, session_span(text), SESSION_SPAN),
        show: |settings| humantime::format_duration(settings.config.admin_session_max).to_string(),
    },
    Setting {
        key: "session_cap",
        help: "How many sessions a user may have at once; one more ends the one that was not used for longest",
        kind: Kind::Value,
        put: |settings, text| {
            put(&mut settings.config.session_cap, count(text, 10_000), "must be a number from 1 to 10000")
        },
        show: |settings| settings.config.session_cap.to_string(),
    },
    Setting {
        key: "argon2",
        help: "The cost of a password hash",
        kind: Kind::Value,
        put: |settings, text| {
            let expected = "must be at least m=19456,t=2,p=1, or as costly";
            put(&mut settings.config.hashing.params, text.parse().ok(), expected)
        },
        show: |settings| settings.config.hashing.params.to_string(),
    },
    pepper::PEPPER_FILE,
    Setting {
        key: "hash_threads",
        help: "How many threads hash passwords, each with memory of its own",
        kind: Kind::Value,
        put: |settings, text| {
            let threads = number(text, 1..=1024).and_then(NonZeroUsize::new);
            put(&mut settings.config.hashing.threads, threads, "must be a number from 1 to 1024")
        },
        show: |settings| settings.config.hashing.threads.to_string(),
    },
    Setting {
        key: "hash_queue",
        help: "How many hashes may wait for each of those threads before logins are turned away",
        kind: Kind::Value,
        put: |settings, text| {
            let queue = number(text, 1..=65_536).and_then(NonZeroUsize::new);
            put(&mut settings.config.hashing.queue_per_thread, queue, "must be a number from 1 to 65536")
        },
        show: |settings| settings.config.hashing.queue_per_thread.to_string(),
    },
    Setting {
        key: "hash_niceness",
        help: "How far those threads give way to whatever else wants a core: what `nice` adds",
        kind: Kind::Value,
        put: |settings, text| {
            let niceness = number(text, 0..=19).and_then(|niceness| u8::try_from(niceness).ok());
            put(&mut settings.config.hashing.niceness, niceness, "must be a number from 0 to 19")
        },
        show: |settings| settings.config.hashing.niceness.to_string(),
    },
    Setting {
        key: "password_preset",
        help: "What a new password must be: `default`, `nist` (15 characters) or `composition` (three kinds of character)",
        kind: Kind::Value,
        put: |settings, text| {
            let policy = &mut settings.config.password_policy;
            let preset = PasswordPreset::parse(text).map(|preset| policy.clone().with_preset(preset));
            put(policy, preset, "must be `default`, `nist` or `composition`")
        },
        show: |settings| settings.config.password_policy.preset().as_str().to_owned(),
    },
    Setting {
        // Behind the preset, whose own minimum it replaces.
        key: "password_min_length",
        help: "How many characters a new password has at least",
        kind: Kind::Value,
        put: |settings, text| {
            let policy = &mut settings.config.password_policy;
            let longer = number(text, 8..=128).and_then(|length| policy.clone().with_min_length(length).ok());
            put(policy, longer, "must be a number from 8 to 128")
        },
        show: |settings| settings.config.password_policy.min_length().to_string(),
    },
    Setting {
        key: "breach_file",
        help: "A file of `SHA-1:COUNT` lines, sorted: passwords known from breaches, which are refused",
        kind: Kind::Value,
        put: |settings, text| {
            if text.is_empty() {
                return Ok(());
            }
            let expected = "must be the path of a file of sorted `SHA-1:COUNT` lines";
            let file = BreachFile::open(text).map_err(|_| expected)?;
            let policy = &mut settings.config.password_policy;
            *policy = policy.clone().with_breaches(file);
            settings.breach_file = Some(text.into());
            Ok(())
        },
        show: |settings| {
            let path = settings.breach_file.as_ref();
            path.map(|path| path.display().to_string()).unwrap_or_default()
        },
    },
    Setting {
        key: "registration",
        help: "Who may register: `open` for anyone, `closed` for nobody, `approval` once an administrator lets them in",
        kind: Kind::Value,
        put: |settings, text| {
            let policy = text.parse::<RegistrationPolicy>().ok();
            put(&mut settings.config.registration, policy, "must be `open`, `closed` or `approval`")
        },
        show: |settings| settings.config.registration.as_str().to_owned(),
    },
    access::DEFAULT_ROLE,
    access::API_KEY_CAP,
    access::API_KEY_RATE,
    access::MEMBERSHIP_LEVELS,
    access::RESOURCES,
    Setting {
        key: "require_verified_email",
        help: "Whether an account opens only once its address is confirmed",
        kind: Kind::Switch,
        put: |settings, text| put(&mut settings.config.require_verified_email, switch(text), TRUE_OR_FALSE),
        show: |settings| settings.config.require_verified_email.to_string(),
    },
    Setting {
        key: "mail_unknown",
        help: "Whether an address that asks for a new password and belongs to nobody is told so",
        kind: Kind::Switch,
        put: |settings, text| put(&mut settings.config.mail_unknown, switch(text), TRUE_OR_FALSE),
        show: |settings| settings.config.mail_unknown.to_string(),
    },
    passkey::PASSKEY_REGISTRATION,
    passkey::WEBAUTHN_ORIGINS,
    Setting {
        key: "second_factor",
        help: "Who has to have a second factor: `optional` for nobody, `admins`, or `all`",
        kind: Kind::Value,
        put: |settings, text| {
            let policy = text.parse::<SecondFactorPolicy>().ok();
            put(&mut settings.config.second_factor, policy, "must be `optional`, `admins` or `all`")
        },
        show: |settings| settings.config.second_factor.as_str().to_owned(),
    },
    Setting {
        key: "totp_window",
        help: "How many codes of an authenticator app either side of the present one are accepted",
        kind: Kind::Value,
        put: |settings, text| {
            put(&mut settings.config.totp_window, text.parse::<TotpWindow>().ok(), "must be `0` or `1`")
        },
        show: |settings| settings.config.totp_window.steps().to_string(),
    },
    Setting {
        key: "stale_revocations",
        help: "While the database cannot be asked what others have revoked: `allow` tokens, or `refuse` them with 503",
        kind: Kind::Value,
        put: |settings, text| {
            put(&mut settings.config.stale_revocations, OnStale::parse(text), "must be `allow` or `refuse`")
        },
        show: |settings| settings.config.stale_revocations.as_str().to_owned(),
    },
    Setting {
        key: "trusted_proxies",
        help: "The reverse proxies whose `X-Forwarded-For` is believed: addresses or networks",
        kind: Kind::List,
        put: |settings, text| {
            let expected = "must list addresses or networks, such as 10.0.0.0/8";
            put(&mut settings.config.trusted_proxies, list(text, network), expected)
        },
        show: |settings| listed(&settings.config.trusted_proxies),
    },
    access::CORS_ORIGINS,
    mail::SITE_NAME,
    mail::MAIL_URL,
    mail::MAIL_FROM,
    mail::VERIFY_LINK,
    mail::RESET_LINK,
    mail::CONFIRM_LINK,
    mail::UNDO_LINK,
    mail::TEMPLATES_DIR,
    brand::LOGO,
    brand::COLOR,
    brand::FOOTER,
    brand::NEXT_ORIGINS,
    operation::METRICS_LISTEN,
    operation::EVENT_RETENTION,
    Setting {
        key: "insecure_http",
        help: "Lets the server listen beyond this machine while `public_url` is plain http",
        kind: Kind::Switch,
        put: |settings, text| put(&mut settings.insecure_http, switch(text), TRUE_OR_FALSE),
        show: |settings| settings.insecure_http.to_string(),
    },
    Setting {
        key: "insecure_no_limits",
        help: "Turns the limits on attempts off, for load tests",
        kind: Kind::Switch,
        put: |settings, text| put(&mut settings.config.insecure_no_limits, switch(text), TRUE_OR_FALSE),
        show: |settings| settings.config.insecure_no_limits.to_string(),
    },
];
