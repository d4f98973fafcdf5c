//! Showing again who one is, without logging out.

use super::{Accounts, Asked, Assurance, Attempt, Caller, Entered, FirstFactor, Login, SecondFactorCode};
use crate::{
    audit::EventKind,
    error::Error,
    password::Password,
    session::{Device, Opening, Session, Start},
};

impl Accounts {
    /// Takes the caller's password again, and a second factor if they have one. Their session goes on under a new id,
    /// with new tokens that say they have authenticated now; every token it had before is refused. It ends no later
    /// than it would have.
    ///
    /// # Errors
    ///
    /// - [`Error::InvalidPassword`] if the password is wrong; it counts as an attempt on the account.
    /// - [`Error::LoginUnfinished`], without a flow, if there is no code and the account asks for one.
    /// - [`Error::InvalidFields`], naming the kind of code, if it is wrong.
    /// - [`Error::TooManyAttempts`], [`Error::Overloaded`] as at login.
    /// - [`Error::SessionEnded`] if the session or the account is gone, or the credential belongs to no session.
    pub async fn reauthenticate(
        &self,
        caller: Caller,
        password: Password,
        code: Option<SecondFactorCode>,
        device: &Device,
    ) -> Result<Login, Error> {
        let session = self.session_of_caller(caller).await?;
        let record = self.record_of(caller).await?;
        let attempt = self.begin_attempt(Attempt::by_known(&record.user.username, device)).await?;
        let start = Start::Reauthentication { of: session };
        let opening = Opening { start: &start, attempt: Some(&attempt), device };
        let here = Some(&record).filter(|record| record.backend.is_none());
        let entered = match self.check_password(here, password.clone(), &attempt).await? {
            Some(verified) => {
                let entered = self.enter(FirstFactor::Password(verified), opening).await?;
                Some(entered.ok_or(Error::SessionEnded)?)
            }
            None if here.is_some() => None,
            None => {
                let name = record.user.username.as_str();
                self.enter_elsewhere(name, &password, Some(&record), opening).await?.ok()
            }
        };
        let Some(entered) = entered else {
            let event = self.event_of(EventKind::ReauthenticationFailed, caller, device).amr(["pwd"]);
            self.store().record(&event).await?;
            return Err(Error::InvalidPassword);
        };
        let partly = match entered {
            Entered::Session(login) => return Ok(*login),
            Entered::Partly(partly) => *partly,
        };
        let code = code.ok_or_else(|| Error::LoginUnfinished(partly.unfinished(None).into()))?;
        let asked = Asked { user: caller.user, session: caller.session, device };
        let second = self.check_second_factor(asked, &code).await?;
        let second = second.ok_or_else(|| code.wrong("two_fa_code"))?;
        match partly.with(second)? {
            Assurance::Full(assured) => self.finish_login(assured, &start, device).await?.ok_or(Error::SessionEnded),
            Assurance::Partial(partly) => Err(Error::LoginUnfinished(partly.unfinished(None).into())),
        }
    }

    pub(crate) async fn session_of_caller(&self, caller: Caller) -> Result<Session, Error> {
        let session = caller.session.ok_or(Error::SessionEnded)?;
        self.store().session(session, self.now()).await?.ok_or(Error::SessionEnded)
    }
}
