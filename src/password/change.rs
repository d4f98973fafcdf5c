//! Changing a password by someone who knows the old one.

use super::{OwnWords, Password};
use crate::{
    account::{Accounts, Attempt, Caller, UserId},
    audit::{Event, EventKind},
    error::Error,
    revocation::Target,
    session::Device,
};

impl Accounts {
    /// Sets the caller's password and ends every session of theirs but the one they called from.
    ///
    /// Of several changes at once, each with the right old password, one wins and the others find it wrong.
    ///
    /// # Errors
    ///
    /// - [`Error::InvalidPassword`] if the old password is wrong; it counts as an attempt on the account.
    /// - [`Error::InvalidFields`] naming `new_password` if the new one does not meet the policy. That is told only to
    ///   who knows the old one.
    /// - [`Error::TooManyAttempts`], [`Error::Overloaded`] as at login.
    /// - [`Error::SessionEnded`] if the account is gone.
    pub async fn change_password(
        &self,
        caller: Caller,
        old: Password,
        new: Password,
        device: &Device,
    ) -> Result<(), Error> {
        let record = self.record_of(caller).await?;
        let attempt = self.begin_attempt(Attempt::by_known(&record.user.username, device)).await?;
        let Some(verified) = self.check_password(Some(&record), old, &attempt).await? else {
            let event = self.event_of(EventKind::PasswordChangeFailed, caller, device);
            self.store().record(&event).await?;
            return Err(Error::InvalidPassword);
        };
        self.forgive(&attempt).await?;
        let words = OwnWords::of(&record.user.username, &record.user.email, &record.user.name);
        let new = self.new_password("new_password", new, words).await?;
        let hash = self.inner().hashes.hash(new.into_password()).await?;
        let event = self.event_of(EventKind::PasswordChanged, caller, device);
        let (accounts, version) = (self.clone(), verified.password_version());
        Self::to_the_end(async move {
            let until = accounts.tokens_expired_by();
            let ended =
                accounts.store().change_password(caller.user, version, &hash, caller.session, until, &event).await?;
            for session in ended.ok_or(Error::InvalidPassword)? {
                accounts.revoke(Target::Session(session.to_string()), until);
            }
            Ok(())
        })
        .await
    }

    /// Hashes a password that was just checked again, because the parameters have risen since it was hashed.
    ///
    /// The login has succeeded whether or not this does: if it cannot be done now, it is done at the next one.
    pub(crate) async fn rehash_password(&self, user: UserId, version: i64, password: Password, device: &Device) {
        let outcome = async {
            let hash = self.inner().hashes.hash(password).await?;
            let event = Event::new(EventKind::PasswordRehashed, self.now(), device).user(user);
            self.store().rehash_password(user, version, &hash, &event).await?;
            Ok::<_, Error>(())
        };
        if let Err(error) = outcome.await {
            tracing::warn!(%user, %error, "a password could not be hashed again");
        }
    }
}
