//! Setting a password by someone who reads the mail of the account.

use super::NewPassword;
use crate::{
    account::Accounts,
    audit::{Event, EventKind},
    error::Error,
    one_time::{OneTimeToken, Purpose},
    revocation::Target,
    session::Device,
};

impl Accounts {
    /// Sets a new password for whoever was mailed this token and ends every session of theirs. It does not log in, and a
    /// second factor is still asked for. The address counts as confirmed from then on.
    ///
    /// # Errors
    ///
    /// - [`Error::TokenInvalid`] if the token is not good for that, or no longer.
    /// - [`Error::Overloaded`] if too many passwords wait to be hashed; the token stays good.
    pub async fn reset_password(&self, token: &OneTimeToken, new: NewPassword, device: &Device) -> Result<(), Error> {
        // Asked first, since anyone can make up a token and a hash costs time.
        let user = self.store().user_of_token(Purpose::Reset, &token.hash(), self.now()).await?;
        user.ok_or(Error::TokenInvalid)?;
        let hash = self.inner().hashes.hash(new.into_password()).await?;
        let event = Event::new(EventKind::PasswordReset, self.now(), device);
        let (accounts, token) = (self.clone(), token.hash());
        Self::to_the_end(async move {
            let until = accounts.tokens_expired_by();
            let reset = accounts.store().reset_password(&token, &hash, until, &event).await?;
            let (user, minimum) = reset.ok_or(Error::TokenInvalid)?;
            accounts.revoke(Target::User { id: user.to_string(), minimum }, until);
            accounts.inner().mail.wake();
            if let Some(record) = accounts.store().user(user).await? {
                accounts.forgive_everywhere(&record.user).await?;
            }
            Ok(())
        })
        .await
    }
}
