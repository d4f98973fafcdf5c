//! Logging in with a name and a password.
//!
//! Whatever is wrong, an unknown name, a wrong password, a disabled account, the caller learns the same, after the same
//! work: one look-up, one count of the attempt, one hash, one row in the trail.

use std::time::Duration;

use super::{Accounts, Assured, Attempt, FirstFactor, User, UserRecord};
use crate::{
    audit::{Event, EventKind},
    error::Error,
    password::{HashError, Password, PasswordVerified},
    session::{Device, Opening, RefreshToken, Session, Start},
};

/// What someone holds who has just logged in, refreshed their tokens, or shown again who they are.
#[derive(Clone, Debug)]
pub struct Login {
    /// Who it is.
    pub user: User,
    /// Their session.
    pub session: Session,
    /// An access token of the session.
    pub access_token: AccessToken,
    /// How long that lives.
    pub expires_in: Duration,
    /// What to exchange for the next ones.
    pub refresh_token: RefreshToken,
}

/// A signed access token, hidden in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken(String);

impl AccessToken {
    pub(crate) fn new(token: String) -> Self {
        Self(token)
    }

    /// The token, to give to the client.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AccessToken(…)")
    }
}

impl Accounts {
    /// Opens a session for the user who goes by `name`, a user name or an e-mail address in any case. Whoever asks to be
    /// remembered stays logged in for longer: [`Config`](crate::config::Config) says how long.
    ///
    /// # Errors
    ///
    /// - [`Error::InvalidCredentials`], one answer for an unknown name, a wrong password, a disabled account
    ///   and, where that is asked for, an address that is not confirmed.
    /// - [`Error::TooManyAttempts`], for known and unknown names alike.
    /// - [`Error::Overloaded`] if too many passwords wait to be hashed; the attempt does not count then.
    pub async fn login(&self, name: &str, password: Password, remember: bool, device: &Device) -> Result<Login, Error> {
        let record = self.get_user_by_name_or_mail(name).await?;
        let attempt = self.begin_attempt(self.attempt_on(name, record.as_ref(), device).await?).await?;
        let allowed = record.as_ref().filter(|_| !attempt.is_in_vain());
        let Some(verified) = self.check_password(allowed, password.clone(), &attempt).await? else {
            return self.refuse_login(record.as_ref(), device).await;
        };
        let (version, needs_rehash) = (verified.password_version(), verified.needs_rehash());
        let opening = Opening { start: &Start::Login { remember }, attempt: &attempt, device };
        let Some(login) = self.enter(verified, opening).await? else {
            return self.refuse_login(record.as_ref(), device).await;
        };
        if needs_rehash {
            self.rehash_password(login.user.id, version, password, device).await;
        }
        Ok(login)
    }

    /// Opens a session on a password that was right; `None` if that is not enough.
    ///
    /// Something about the user may have changed since they were looked up, such as a logout everywhere from another
    /// device. If it was not the password, it is still right, so they are looked up once more.
    pub(crate) async fn enter(&self, verified: PasswordVerified, opening: Opening<'_>) -> Result<Option<Login>, Error> {
        let Ok(assured) = Assured::assure(FirstFactor::Password(verified.clone())) else { return Ok(None) };
        if let Some(login) = self.open_session(assured, opening).await? {
            return Ok(Some(login));
        }
        let now = self.store().user(verified.user().id).await?;
        let Some(verified) = now.and_then(|now| verified.of(now)) else { return Ok(None) };
        let Ok(assured) = Assured::assure(FirstFactor::Password(verified)) else { return Ok(None) };
        self.open_session(assured, opening).await
    }

    async fn refuse_login<T>(&self, record: Option<&UserRecord>, device: &Device) -> Result<T, Error> {
        let event = Event::new(EventKind::LoginFailed, self.now(), device);
        let event = match record {
            Some(record) => event.user(record.user.id),
            None => event,
        };
        self.store().record(&event).await?;
        Err(Error::InvalidCredentials)
    }

    /// Checks a password at the price of one hash, whoever it is. What was not hashed does not count as an attempt, and
    /// a stored hash that cannot be used matches nothing: told apart, it would tell that the account exists.
    pub(crate) async fn check_password(
        &self,
        record: Option<&UserRecord>,
        password: Password,
        attempt: &Attempt,
    ) -> Result<Option<PasswordVerified>, Error> {
        let checked = PasswordVerified::check(&self.inner().hashes, record, password, self.now()).await;
        match checked {
            Err(error @ (HashError::Unreadable | HashError::TooCostly)) => {
                let user = record.map(|record| record.user.id.to_string());
                tracing::error!(user, %error, "a stored password hash cannot be used");
                Ok(None)
            }
            Err(error) => {
                self.take_back(attempt).await?;
                Err(error.into())
            }
            Ok(verified) => Ok(verified),
        }
    }
}
