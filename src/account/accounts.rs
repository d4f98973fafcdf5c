//! The handle on everything behind the gate: each room adds its verbs to it.

use std::{
    fmt,
    sync::{Arc, Weak},
    time::Duration,
};

use tracing::Instrument;

use super::{CredentialBackend, Email, LoginData, UserId, UserRecord, Username};
#[cfg(feature = "webauthn")]
use crate::passkey::RelyingParty;
use crate::{
    api_key::{KeyCache, KeyRates},
    audit::{Event, Hooks},
    clock::{SharedClock, Timestamp},
    config::Config,
    error::Error,
    jwt::JwtIssuer,
    mail::MailRoom,
    metrics::Figures,
    password::HashPool,
    principal::Principal,
    revocation::{Journal, Revocation, RevocationSet, Target},
    secret::KeyedHash,
    session::{LastSeen, SessionId},
    store::Store,
    vault::DataKey,
};

/// The accounts: register, log in, change, leave. Cloning gives another handle on the same accounts.
///
/// The HTTP routes are one caller of this; a program may be another. Every verb names the
/// [`Device`](crate::session::Device) it acts for, because attempts are counted by its address and the trail tells it.
#[derive(Clone)]
pub struct Accounts(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: SharedClock,
    pub(crate) hashes: HashPool,
    pub(crate) issuer: JwtIssuer,
    pub(crate) revocations: RevocationSet,
    pub(crate) journal: Journal,
    pub(crate) revocation_memory: Duration,
    pub(crate) refresh_key: KeyedHash,
    pub(crate) code_key: KeyedHash,
    pub(crate) last_seen: LastSeen,
    pub(crate) data_key: DataKey,
    pub(crate) recovery_key: KeyedHash,
    pub(crate) api_keys: KeyCache,
    pub(crate) api_key_rates: KeyRates,
    pub(crate) mail: MailRoom,
    pub(crate) backends: Vec<Arc<dyn CredentialBackend>>,
    pub(crate) login_data: Option<Arc<dyn LoginData>>,
    pub(crate) hooks: Option<Arc<Hooks>>,
    pub(crate) figures: Figures,
    #[cfg(feature = "webauthn")]
    pub(crate) relying_party: Option<RelyingParty>,
    pub(crate) config: Config,
}

/// The user behind a request, and the session they made it from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The user.
    pub user: UserId,
    /// Their session; `None` for a credential that belongs to none.
    pub session: Option<SessionId>,
}

impl Caller {
    /// The caller that a principal speaks for; `None` if it was made by a foreign issuer, whose users are not ours.
    #[must_use]
    pub fn of(principal: &Principal) -> Option<Self> {
        let session = principal.session().map(SessionId::parse);
        match session {
            Some(None) => None,
            known => Some(Self { user: UserId::parse(principal.id())?, session: known.flatten() }),
        }
    }
}

impl Accounts {
    pub(crate) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// The settings in force.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// How many password hashes have been computed so far: a figure for metrics.
    #[must_use]
    pub fn hashes_computed(&self) -> u64 {
        self.0.hashes.hashes_computed()
    }

    /// How many new passwords have been rated so far: a figure for metrics.
    #[must_use]
    pub fn ratings_computed(&self) -> u64 {
        self.0.hashes.ratings_computed()
    }

    /// How many events no [hook](crate::Builder::on_event) was told of, because too many waited: a figure for metrics.
    #[must_use]
    pub fn events_missed(&self) -> u64 {
        self.0.hooks.as_ref().map_or(0, |hooks| hooks.missed())
    }

    /// Whether the database answers.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if it does not.
    pub async fn ping(&self) -> Result<(), Error> {
        Ok(self.store().ping().await?)
    }

    /// The user who goes by this name or e-mail address, in any case. A user name wins over an address.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the database does not answer.
    pub async fn get_user_by_name_or_mail(&self, name: &str) -> Result<Option<UserRecord>, Error> {
        if let Some(username) = Username::parse(name) {
            return Ok(self.store().user_by_username(&username).await?);
        }
        match Email::parse(name) {
            Some(email) => Ok(self.store().user_by_email(&email).await?),
            None => Ok(None),
        }
    }

    /// What the trail says of this user: the newest events, newest first.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the database does not answer.
    pub async fn events_of(&self, user: UserId, limit: u32) -> Result<Vec<Event>, Error> {
        Ok(self.store().events_of(user, limit).await?)
    }

    pub(crate) fn store(&self) -> &dyn Store {
        self.0.store.as_ref()
    }

    pub(crate) fn downgrade(&self) -> Weak<Inner> {
        Arc::downgrade(&self.0)
    }

    pub(crate) fn upgrade(weak: &Weak<Inner>) -> Option<Self> {
        weak.upgrade().map(Self)
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// When the last token that lives now will have expired.
    pub(crate) fn tokens_expired_by(&self) -> Timestamp {
        self.now() + self.0.revocation_memory
    }

    /// Puts in force, in this process, that every token of this user is stale whose generation is below `minimum`.
    pub(crate) fn revoke_user(&self, user: UserId, minimum: i64, until: Timestamp) {
        self.revoke(Target::User { id: user.to_string(), minimum }, until);
    }

    /// The same for the tokens of a session.
    pub(crate) fn revoke_session(&self, session: SessionId, until: Timestamp) {
        self.revoke(Target::Session(session.to_string()), until);
    }

    /// Puts in force, in this process, what the store has just remembered.
    pub(crate) fn revoke(&self, target: Target, until: Timestamp) {
        self.0.revocations.insert(Revocation { target, until });
        self.0.journal.nudge();
    }

    /// Runs an act to its end even if the one who asked for it goes away.
    ///
    /// A request's future is dropped when its client hangs up. What ends sessions must not stop between the database's
    /// commit and the moment the guard learns of it.
    pub(crate) async fn to_the_end<T: Send + 'static>(
        act: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        tokio::spawn(act.in_current_span()).await.map_err(Error::internal)?
    }
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accounts").field("config", self.config()).finish_non_exhaustive()
    }
}
