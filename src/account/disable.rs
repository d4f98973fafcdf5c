//! Shutting an account, and opening it again.

use super::{Accounts, Caller, UserId};
use crate::{audit::EventKind, error::Error, session::Device};

impl Accounts {
    /// Disables a user: their sessions end, every token of theirs is refused from the next request on, and nothing opens
    /// the account until it is [enabled](Self::enable_user) again.
    ///
    /// # Errors
    ///
    /// - [`Error::NotFound`] if there is no such user.
    /// - [`Error::LastAdmin`] if no administrator would be left.
    pub async fn disable_user(&self, user: UserId, device: &Device) -> Result<(), Error> {
        self.disable_user_by(None, user, device).await
    }

    pub(crate) async fn disable_user_by(&self, by: Option<Caller>, user: UserId, device: &Device) -> Result<(), Error> {
        let event = self.done_by(by, EventKind::UserDisabled, device).user(user);
        let accounts = self.clone();
        Self::to_the_end(async move {
            let until = accounts.tokens_expired_by();
            let minimum = accounts.store().disable_user(user, until, &event).await?.ok_or(Error::NotFound)?;
            accounts.revoke_user(user, minimum, until);
            Ok(())
        })
        .await
    }

    /// Lets a user in again who was disabled, or for the first time if they have waited for that. Their older sessions stay
    /// ended. Whoever is let in for the first time gets the mail by which they confirm their address.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is no such user.
    pub async fn enable_user(&self, user: UserId, device: &Device) -> Result<(), Error> {
        self.enable_user_by(None, user, device).await
    }

    pub(crate) async fn enable_user_by(&self, by: Option<Caller>, user: UserId, device: &Device) -> Result<(), Error> {
        let event = self.done_by(by, EventKind::UserEnabled, device).user(user);
        if !self.store().enable_user(user, &event).await? {
            return Err(Error::NotFound);
        }
        self.inner().mail.wake();
        Ok(())
    }
}
