//! Logging in on the word of a backend.

use tokio::time::timeout;

use super::{
    Accounts, BackendError, CredentialBackend, DisplayName, Email, Entered, ExternalUser, ExternalVerified,
    FirstFactor, Login, User, UserRecord, Username, external::is_name, login::Entrance,
};
use crate::{
    audit::{Event, EventKind},
    error::Error,
    password::Password,
    session::{Device, Opening, Start},
    store::{Conflict, NewExternalUser, NewUser, StoreError},
};

impl Accounts {
    /// Logs in someone whom the caller vouches for, such as the one whom a trusted proxy names in `Remote-User`. If they
    /// come for the first time, they get an account. No password is asked for and no attempt counted: whoever calls this
    /// with a name that a client could have made up lets everyone in as anyone.
    ///
    /// `backend` names who vouches; the same user of another one is someone else.
    ///
    /// # Errors
    ///
    /// - [`Error::InvalidCredentials`] if the account is disabled or waits to be let in or for its address to be confirmed,
    ///   or if its user name or address is somebody else's here.
    /// - [`Error::LoginUnfinished`] if the account asks for a second factor.
    /// - [`Error::Internal`] if `backend` is empty or longer than 256 bytes.
    pub async fn login_external(
        &self,
        backend: &str,
        user: ExternalUser,
        remember: bool,
        device: &Device,
    ) -> Result<Login, Error> {
        let start = Start::Login { remember };
        let failed = Event::new(EventKind::LoginFailed, self.now(), device).amr(&user.amr);
        let Some(verified) = self.vouched_for(backend, user, device).await? else {
            return self.refuse_login(None, failed.about("name_taken")).await;
        };
        let user = verified.record().user.clone();
        let opening = Opening { start: &start, attempt: None, device };
        match self.enter(FirstFactor::External(verified), opening).await? {
            Some(Entered::Session(login)) => Ok(*login),
            Some(Entered::Partly(partly)) => self.go_on(*partly, None, &start, device).await,
            None => self.refuse_login(Some(user.id), failed.about(self.why_shut(&user))).await,
        }
    }

    /// Whether someone can show who they are with a password: one that is kept here, or that a backend of theirs checks.
    #[must_use]
    pub fn takes_password(&self, record: &UserRecord) -> bool {
        match &record.backend {
            Some(name) => self.inner().backends.iter().any(|backend| backend.name() == name),
            None => record.password.is_some(),
        }
    }

    /// Opens what a password opens that a backend knows. Whoever has a password here is not asked about, and a user of a
    /// backend is asked about there alone.
    pub(super) async fn enter_elsewhere(
        &self,
        name: &str,
        password: &Password,
        known: Option<&UserRecord>,
        opening: Opening<'_>,
    ) -> Result<Entrance, Error> {
        let is_asked = |backend: &str| known.is_none_or(|record| record.backend.as_deref() == Some(backend));
        // What else someone types could be another name of the same user, and every name has a count of its own.
        let is_one = Username::parse(name).is_some() || Email::parse(name).is_some();
        for backend in self.inner().backends.iter().filter(|backend| is_one && is_asked(backend.name())) {
            let user = match ask(backend.as_ref(), name, password).await {
                Ok(None) => continue,
                Ok(Some(user)) => user,
                Err(error) => {
                    if let Some(attempt) = opening.attempt {
                        self.take_back(attempt).await?;
                    }
                    return Err(Error::Unavailable(error));
                }
            };
            let Some(verified) = self.vouched_for(backend.name(), user, opening.device).await? else {
                return Ok(Err("name_taken"));
            };
            let found = verified.record().user.clone();
            if known.is_some_and(|record| record.user.id != found.id) {
                return Ok(Err("someone_else"));
            }
            let entered = self.enter(FirstFactor::External(verified), opening).await?;
            return Ok(entered.ok_or_else(|| self.why_shut(&found)));
        }
        Ok(Err(if known.is_some() { "wrong_password" } else { "unknown_name" }))
    }

    /// The account of a user for whom a backend vouches, made if there is none. `None` if their user name or their address
    /// is taken.
    async fn vouched_for(
        &self,
        backend: &str,
        user: ExternalUser,
        device: &Device,
    ) -> Result<Option<ExternalVerified>, Error> {
        if !is_name(backend) {
            return Err(Error::internal("a backend needs a name of 1 to 256 bytes"));
        }
        let (subject, amr) = (user.subject.clone(), user.amr.clone());
        let found = match self.store().external_user(backend, &subject).await? {
            Some(record) => Some(record),
            None => self.make_external(backend, user, device).await?,
        };
        Ok(found.map(|record| ExternalVerified::new(record, amr, self.now())))
    }

    async fn make_external(
        &self,
        backend: &str,
        user: ExternalUser,
        device: &Device,
    ) -> Result<Option<UserRecord>, Error> {
        let ExternalUser { subject, username, email, email_verified, name, amr: _ } = user;
        let now = self.now();
        let user = User {
            email_verified_at: email_verified.then_some(now),
            name: name.map(DisplayName::into_string).unwrap_or_default(),
            ..User::made(now, username, email)
        };
        let event = Event::new(EventKind::UserRegistered, now, device).user(user.id).about(backend);
        let user = self.as_newcomer(NewUser { user, password: None, must_change_password: false, pending: false });
        let new = NewExternalUser { user, backend: backend.to_owned(), subject };
        match self.store().create_external_user(&new, &event).await {
            // By this or, for someone who logs in twice at once, by the other login.
            Ok(()) | Err(StoreError::Conflict(Conflict::Id)) => {}
            Err(StoreError::Conflict(taken)) => {
                tracing::warn!(backend, %taken, "a user of a backend gets no account");
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        }
        Ok(self.store().external_user(backend, &new.subject).await?)
    }
}

async fn ask(
    backend: &dyn CredentialBackend,
    name: &str,
    password: &Password,
) -> Result<Option<ExternalUser>, BackendError> {
    match timeout(backend.patience(), backend.check(name, password)).await {
        Ok(answer) => answer,
        Err(_) => Err(format!("the backend {} has not answered", backend.name()).into()),
    }
}
