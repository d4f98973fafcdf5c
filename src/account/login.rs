//! Logging in with a name and a password.
//!
//! Whatever is wrong, an unknown name, a wrong password, a disabled account, the caller learns the same, after the same
//! work: one look-up, one count of the attempt, one hash, one row in the trail.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Map, Value};

use super::{Accounts, Assurance, Attempt, FirstFactor, PartlyAssured, SecondFactorCode, User, UserId, UserRecord};
use crate::{
    audit::{Event, EventKind},
    error::Error,
    password::{HashError, Password, PasswordVerified},
    session::{Device, Opening, RefreshToken, Session, Start},
};

/// What someone logs in with.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// A user name or an e-mail address, in any case.
    pub name: String,
    /// The password.
    pub password: Password,
    /// Their second factor, from those who send everything at once. Where none is asked for, it is not looked at.
    pub code: Option<SecondFactorCode>,
    /// Whether they ask to stay logged in for longer: [`Config`](crate::config::Config) says how long.
    pub remember: bool,
}

impl Credentials {
    /// A name and a password, and nothing else.
    #[must_use]
    pub fn new(name: impl Into<String>, password: Password) -> Self {
        Self { name: name.into(), password, code: None, remember: false }
    }
}

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
    /// How many recovery codes are left, after a login with a second factor, if so few that it is time for new ones.
    pub recovery_codes_left: Option<u32>,
    /// What the service [adds](super::LoginData) to the answer of a login; nothing after a refresh.
    pub data: Option<Map<String, Value>>,
    /// Where else to go, by the setting of that name; nothing after a refresh.
    pub resources: BTreeMap<String, String>,
}

/// What a login opens; or why it is refused, which the trail is told and nobody else.
pub(super) type Entrance = Result<Entered, &'static str>;

/// What a right first factor opens.
#[derive(Debug)]
pub(crate) enum Entered {
    /// A session.
    Session(Box<Login>),
    /// Nothing yet, as the account asks for more.
    Partly(Box<PartlyAssured>),
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
    /// Opens a session for the user who goes by this name. If the account asks for more than a password, the login goes on
    /// in a flow, and no token is made before it is finished.
    ///
    /// ```
    /// use portcullis::{
    ///     Error,
    ///     account::{Accounts, Credentials, Login, SecondFactorCode},
    ///     session::Device,
    ///     totp::TotpCode,
    /// };
    ///
    /// # async fn log_in(accounts: &Accounts, credentials: Credentials, device: &Device) -> Result<Login, Error> {
    /// # let ask = || String::new();
    /// let waiting = match accounts.login(credentials, device).await {
    ///     Err(Error::LoginUnfinished(waiting)) => waiting,
    ///     done => return done,
    /// };
    /// let code = TotpCode::parse(&ask()).ok_or(Error::NotFound)?;
    /// let flow = waiting.flow.ok_or(Error::FlowInvalid)?;
    /// accounts.login_with_second_factor(&flow, &SecondFactorCode::Totp(code), device).await
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// - [`Error::InvalidCredentials`], one answer for an unknown name, a wrong password, a disabled account
    ///   and, where that is asked for, an address that is not confirmed.
    /// - [`Error::LoginUnfinished`] if the account asks for more.
    /// - [`Error::InvalidSecondFactor`] if the code is wrong. The flow takes another.
    /// - [`Error::TooManyAttempts`], for known and unknown names alike; and after many wrong codes.
    /// - [`Error::Overloaded`] if too many passwords wait to be hashed; the attempt does not count then.
    pub async fn login(&self, credentials: Credentials, device: &Device) -> Result<Login, Error> {
        let Credentials { name, password, code, remember } = credentials;
        let record = self.get_user_by_name_or_mail(&name).await?;
        let attempt = self.begin_attempt(self.attempt_on(&name, record.as_ref(), device).await?).await?;
        let start = Start::Login { remember };
        let opening = Opening { start: &start, attempt: Some(&attempt), device };
        match self.enter_by_name(&name, password, record.as_ref(), &attempt, opening).await? {
            Ok(Entered::Session(login)) => Ok(*login),
            Ok(Entered::Partly(partly)) => self.go_on(*partly, code, &start, device).await,
            Err(why) => {
                let event = Event::new(EventKind::LoginFailed, self.now(), device).amr(["pwd"]).about(why);
                self.refuse_login(record.map(|record| record.user.id), event).await
            }
        }
    }

    /// Opens what a password opens, by what is known of it here or elsewhere.
    async fn enter_by_name(
        &self,
        name: &str,
        password: Password,
        record: Option<&UserRecord>,
        attempt: &Attempt,
        opening: Opening<'_>,
    ) -> Result<Entrance, Error> {
        let here = record.filter(|record| record.backend.is_none() && !attempt.is_in_vain());
        let Some(verified) = self.check_password(here, password.clone(), attempt).await? else {
            return match record {
                _ if attempt.is_in_vain() => Ok(Err("too_many_attempts")),
                Some(record) if record.backend.is_none() => Ok(Err("wrong_password")),
                _ => self.enter_elsewhere(name, &password, record, opening).await,
            };
        };
        let (version, needs_rehash) = (verified.password_version(), verified.needs_rehash());
        let user = verified.user().clone();
        let Some(entered) = self.enter(FirstFactor::Password(verified), opening).await? else {
            return Ok(Err(self.why_shut(&user)));
        };
        if needs_rehash {
            self.rehash_password(user.id, version, password, opening.device).await;
        }
        Ok(Ok(entered))
    }

    pub(super) fn why_shut(&self, user: &User) -> &'static str {
        match user {
            user if user.disabled_at.is_some() => "account_disabled",
            user if self.waits_for_confirmation(user) => "address_not_confirmed",
            _ => "changed_meanwhile",
        }
    }

    /// Opens a session on a first factor that was right, unless the account asks for more; `None` if it is shut, or waits
    /// for its address to be confirmed.
    ///
    /// Something about the user may have changed since they were looked up, such as a logout everywhere from another
    /// device. If it was not what they have shown, that is still right, so they are looked up once more.
    pub(crate) async fn enter(&self, first: FirstFactor, opening: Opening<'_>) -> Result<Option<Entered>, Error> {
        if let Some(entered) = self.enter_once(first.clone(), opening).await? {
            return Ok(Some(entered));
        }
        let now = self.store().user(first.user().id).await?;
        match now.and_then(|now| first.of(now)) {
            Some(first) => self.enter_once(first, opening).await,
            None => Ok(None),
        }
    }

    async fn enter_once(&self, first: FirstFactor, opening: Opening<'_>) -> Result<Option<Entered>, Error> {
        let assurance = match opening.start {
            Start::Login { .. } => Assurance::of(first, self.config().second_factor),
            Start::Reauthentication { .. } => Assurance::again(first),
        };
        match assurance {
            // To ask for more would tell that what was shown was right.
            Ok(Assurance::Partial(partly)) if self.waits_for_confirmation(partly.user()) => Ok(None),
            Ok(Assurance::Full(assured)) => {
                let login = self.open_session(assured, opening).await?;
                Ok(login.map(|login| Entered::Session(Box::new(login))))
            }
            Ok(Assurance::Partial(partly)) => {
                if let Some(attempt) = opening.attempt {
                    self.forgive(attempt).await?;
                }
                Ok(Some(Entered::Partly(Box::new(partly))))
            }
            Err(_) => Ok(None),
        }
    }

    /// Refuses a login, which the trail is told as this event: of this user, if it is known whose login it was.
    pub(crate) async fn refuse_login<T>(&self, user: Option<UserId>, event: Event) -> Result<T, Error> {
        self.store().record(&Event { user, ..event }).await?;
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
            Err(error @ (HashError::Unreadable | HashError::TooCostly | HashError::UnknownPepper)) => {
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
