//! Another address for an account: asked for, confirmed from the new one, and undone from the old.

use super::{Accounts, Caller, Email, time_ordered_uuid};
use crate::{
    audit::{Event, EventKind},
    error::Error,
    one_time::{OneTimeToken, Purpose},
    session::Device,
    store::Grant,
    throttle::Bucket,
};

impl Accounts {
    /// Asks for another address. The account keeps the one it has until the new one is confirmed by the link that is
    /// mailed to it. Whether another account has it is not told.
    ///
    /// # Errors
    ///
    /// - [`Error::SessionEnded`] if the account is gone.
    /// - [`Error::TooManyAttempts`] if the caller asked too often, or for too many mails to that address.
    pub async fn change_email(&self, caller: Caller, new: Email, device: &Device) -> Result<(), Error> {
        let buckets = [&caller.user.to_string(), new.key()].map(|to| Bucket::mail(Purpose::Confirm.as_str(), to));
        self.count_attempt(&buckets).await?;
        let now = self.now();
        let grant = Grant {
            id: time_ordered_uuid(now),
            purpose: Purpose::Confirm,
            user: caller.user,
            email: new,
            expires_at: now + Purpose::Confirm.lifetime(),
        };
        let event = self.event_of(EventKind::EmailChangeRequested, caller, device);
        if !self.store().request_email_change(&grant, &event).await? {
            return Err(Error::SessionEnded);
        }
        self.inner().mail.wake();
        Ok(())
    }

    /// The address that the caller asked for and has not confirmed yet, while they can.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the database does not answer.
    pub async fn pending_email(&self, caller: Caller) -> Result<Option<Email>, Error> {
        Ok(self.store().pending_email(caller.user, self.now()).await?)
    }

    /// Gives an account the address to which this token was mailed. The one it had is told, and can undo it for seven days.
    ///
    /// # Errors
    ///
    /// [`Error::TokenInvalid`] if the token is not good for that, or no longer, or another account has the address.
    pub async fn confirm_email(&self, token: &OneTimeToken, device: &Device) -> Result<(), Error> {
        let event = Event::new(EventKind::EmailChanged, self.now(), device);
        self.store().confirm_email(&token.hash(), &event).await?.ok_or(Error::TokenInvalid)?;
        self.inner().mail.wake();
        Ok(())
    }

    /// Gives an account back the address to which this token was mailed. Every session of it ends, its password is gone,
    /// and the address gets a mail to set a new one.
    ///
    /// A second factor that was added less than a day before the address was moved, or later, goes too, since it may be
    /// that of whoever moved it; its owner could not log in any more. An older one stays, and is asked for: whoever reads
    /// the mail of an address that its owner has left must not get past it.
    ///
    /// # Errors
    ///
    /// [`Error::TokenInvalid`] if the token is not good for that, or no longer.
    pub async fn undo_email(&self, token: &OneTimeToken, device: &Device) -> Result<(), Error> {
        let event = Event::new(EventKind::EmailRestored, self.now(), device);
        let (accounts, token) = (self.clone(), token.hash());
        Self::to_the_end(async move {
            let until = accounts.tokens_expired_by();
            let (user, minimum) =
                accounts.store().undo_email(&token, until, &event).await?.ok_or(Error::TokenInvalid)?;
            accounts.revoke_user(user, minimum, until);
            accounts.inner().mail.wake();
            Ok(())
        })
        .await
    }
}
