//! Showing again who one is, without logging out.

use super::{Accounts, Attempt, Caller, Login};
use crate::{
    audit::EventKind,
    error::Error,
    password::Password,
    session::{Device, Opening, Start},
};

impl Accounts {
    /// Takes the caller's password again. Their session goes on under a new id, with new tokens that say they have
    /// authenticated now; every token it had before is refused. It ends no later than it would have.
    ///
    /// # Errors
    ///
    /// - [`Error::InvalidPassword`] if the password is wrong; it counts as an attempt on the account.
    /// - [`Error::TooManyAttempts`], [`Error::Overloaded`] as at login.
    /// - [`Error::SessionEnded`] if the session or the account is gone, or the credential belongs to no session.
    pub async fn reauthenticate(&self, caller: Caller, password: Password, device: &Device) -> Result<Login, Error> {
        let session = caller.session.ok_or(Error::SessionEnded)?;
        let session = self.store().session(session, self.now()).await?.ok_or(Error::SessionEnded)?;
        let record = self.record_of(caller).await?;
        let attempt = self.begin_attempt(Attempt::by_known(&record.user.username, device)).await?;
        let Some(verified) = self.check_password(Some(&record), password, &attempt).await? else {
            let event = self.event_of(EventKind::ReauthenticationFailed, caller, device);
            self.store().record(&event).await?;
            return Err(Error::InvalidPassword);
        };
        let opening = Opening { start: &Start::Reauthentication { of: session }, attempt: &attempt, device };
        self.enter(verified, opening).await?.ok_or(Error::SessionEnded)
    }
}
