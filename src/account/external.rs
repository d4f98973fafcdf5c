//! Passwords that something else checks: a directory, another system's accounts, a service in front.

use std::{collections::HashSet, error::Error, sync::Arc, time::Duration};

use async_trait::async_trait;

use super::{DisplayName, Email, UserRecord, Username};
use crate::{clock::Timestamp, password::Password};

/// The longest name that a backend may give itself or one of its users, in bytes.
pub const EXTERNAL_NAME_MAX: usize = 256;

/// Why a backend cannot tell. It is logged, and must not quote a password.
pub type BackendError = Box<dyn Error + Send + Sync>;

/// A first factor beside the passwords that are kept here.
///
/// At a login, a name that has a password here is checked here and nowhere else. Any other that could be a user name or an
/// address is taken to the backends, in the order in which
/// [`Builder::credential_backend`](crate::Builder::credential_backend) was told of them; that of a user of a backend, to this
/// backend alone. The first that knows name and password wins. Its user gets an account at their first login, whatever the
/// setting `registration` says, though with `approval` it waits. From then on it is an account like any other, with its
/// second factor, its sessions and its roles; only that it has no password here, and none can be set. Nobody takes an account
/// over: if the user name or the address belongs to somebody else, the login fails, and the log says why.
///
/// A backend is asked only where an attempt is left to the name, and nothing that it refuses is answered otherwise than a
/// wrong password. Two things can be told from outside: by the time that an answer takes, and by a 503 while the backend is
/// down, whether a name has a password here. What a backend takes for the same name as another is counted as another, until
/// there is an account; so it should not be generous with that.
///
/// It is asked when someone logs in with a password, and when they show that password again, not in between. Whoever
/// must not come in any more is to be disabled here as well, which ends their sessions. Whoever is deleted here does
/// not come back, as no user name is given twice.
///
/// Someone who is known without a password, by the word of a proxy or of another login, comes in by
/// [`Accounts::login_external`](super::Accounts::login_external).
///
/// ```
/// use portcullis::{account::{BackendError, CredentialBackend, ExternalUser}, password::Password};
///
/// struct Directory;
///
/// impl Directory {
///     async fn bind(&self, _dn: &str, password: &str) -> Result<bool, BackendError> {
///         Ok(password == "the right one")
///     }
/// }
///
/// #[async_trait::async_trait]
/// impl CredentialBackend for Directory {
///     fn name(&self) -> &str {
///         "directory"
///     }
///
///     async fn check(&self, name: &str, password: &Password) -> Result<Option<ExternalUser>, BackendError> {
///         // An empty password would bind as nobody, and a name is not to become a part of the filter.
///         let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric());
///         if !plain || password.expose().is_empty() || !self.bind(&format!("uid={name}"), password.expose()).await? {
///             return Ok(None);
///         }
///         Ok(ExternalUser::parse(name, name, &format!("{name}@corp.example")).map(ExternalUser::verified))
///     }
/// }
/// ```
#[async_trait]
pub trait CredentialBackend: Send + Sync + 'static {
    /// What it is called, in the database and the trail: 1 to 256 bytes, another name than that of any other backend. It
    /// never changes.
    fn name(&self) -> &str;

    /// Whose name and password these are; `None` if nobody's, for whatever reason. The name is as it was typed, of either
    /// case.
    ///
    /// # Errors
    ///
    /// [`BackendError`] if it cannot tell now: then the login is answered with 503, and does not count as an attempt.
    async fn check(&self, name: &str, password: &Password) -> Result<Option<ExternalUser>, BackendError>;

    /// How long to wait for an answer, which is an error after that. Default: 10 seconds.
    fn patience(&self) -> Duration {
        Duration::from_secs(10)
    }
}

/// Whether each of them can be told by its name; `Err` with one that cannot.
pub(crate) fn have_names(backends: &[Arc<dyn CredentialBackend>]) -> Result<(), String> {
    let mut names = HashSet::new();
    match backends.iter().map(|backend| backend.name()).find(|name| !is_name(name) || !names.insert(*name)) {
        Some(name) => Err(name.to_owned()),
        None => Ok(()),
    }
}

/// Whether a backend, or a user of one, can be called that.
pub(super) fn is_name(name: &str) -> bool {
    (1..=EXTERNAL_NAME_MAX).contains(&name.len()) && !name.contains(char::is_control)
}

/// A user of a backend, as it describes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalUser {
    pub(super) subject: String,
    pub(super) username: Username,
    pub(super) email: Email,
    pub(super) email_verified: bool,
    pub(super) name: Option<DisplayName>,
    pub(super) amr: Vec<String>,
}

impl ExternalUser {
    /// A user whom the backend knows as `subject`, which never changes and is never another's. The other two are what their
    /// account is made with, and are not looked at any more once there is one. `None` if one of them cannot be.
    #[must_use]
    pub fn parse(subject: &str, username: &str, email: &str) -> Option<Self> {
        Some(Self {
            subject: is_name(subject).then(|| subject.to_owned())?,
            username: Username::parse(username).filter(|name| !name.is_reserved())?,
            email: Email::parse(email)?,
            email_verified: false,
            name: None,
            amr: vec!["pwd".to_owned()],
        })
    }

    /// The same one, whose address the backend vouches for.
    #[must_use]
    pub fn verified(self) -> Self {
        Self { email_verified: true, ..self }
    }

    /// The same one, with a name to show.
    #[must_use]
    pub fn named(self, name: DisplayName) -> Self {
        Self { name: Some(name), ..self }
    }

    /// The same one, who has shown who they are in these ways (RFC 8176), instead of `pwd`: words with spaces between them.
    /// With `mfa` among them, they are asked for no second factor here.
    #[must_use]
    pub fn shown_by(self, amr: &str) -> Self {
        Self { amr: amr.split_whitespace().map(str::to_owned).collect(), ..self }
    }
}

/// Proof that a backend, or whoever calls [`Accounts::login_external`](super::Accounts::login_external), vouches for a user.
#[derive(Clone, Debug)]
pub struct ExternalVerified {
    record: UserRecord,
    amr: Vec<String>,
    at: Timestamp,
}

impl ExternalVerified {
    pub(super) const fn new(record: UserRecord, amr: Vec<String>, at: Timestamp) -> Self {
        Self { record, amr, at }
    }

    /// Who it is.
    #[must_use]
    pub const fn record(&self) -> &UserRecord {
        &self.record
    }

    /// The same for the user as they are now; `None` if it is another user, or something else vouches for them.
    #[must_use]
    pub fn of(self, now: UserRecord) -> Option<Self> {
        let same = now.user.id == self.record.user.id && now.backend == self.record.backend;
        same.then_some(Self { record: now, ..self })
    }

    pub(super) fn into_parts(self) -> (UserRecord, Vec<String>, Timestamp) {
        (self.record, self.amr, self.at)
    }
}
