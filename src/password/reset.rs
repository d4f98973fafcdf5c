//! Setting a password by someone who reads the mail of the account.

use super::Password;
use crate::{
    account::Accounts,
    audit::{Event, EventKind},
    error::Error,
    one_time::{OneTimeToken, Purpose},
    session::Device,
    throttle::Bucket,
};

impl Accounts {
    /// Sets a new password for whoever was mailed this token and ends every session of theirs. It does not log in, and a
    /// second factor is still asked for. The address counts as confirmed from then on.
    ///
    /// If it was not before, or for less than a day, whoever made the account may be someone else, who only typed the
    /// address. Then nothing of theirs is left: a second factor that was there before the address was confirmed goes with
    /// its recovery codes, and so do the networks and devices that were known.
    ///
    /// # Errors
    ///
    /// - [`Error::TokenInvalid`] if the token is not good for that, or no longer.
    /// - [`Error::InvalidFields`] naming `new_password` if it does not meet the policy; the token stays good.
    /// - [`Error::TooManyAttempts`] if too many that do not meet it were shown; the token stays good.
    /// - [`Error::Overloaded`] if too many passwords wait to be hashed; the token stays good.
    pub async fn reset_password(&self, token: &OneTimeToken, new: Password, device: &Device) -> Result<(), Error> {
        // Asked first, since anyone can make up a token, and to rate a password and to hash it cost time.
        let user = self.store().user_of_token(Purpose::Reset, &token.hash(), self.now()).await?;
        let record = self.store().user(user.ok_or(Error::TokenInvalid)?).await?.ok_or(Error::TokenInvalid)?;
        self.count_attempt(&[Bucket::reset(record.user.id)]).await?;
        let new = self.new_password("new_password", new, record.user.own_words()).await?;
        let hash = self.inner().hashes.hash(new.into_password()).await?;
        let event = Event::new(EventKind::PasswordReset, self.now(), device);
        let (accounts, token) = (self.clone(), token.hash());
        Self::to_the_end(async move {
            let until = accounts.tokens_expired_by();
            let reset = accounts.store().reset_password(&token, &hash, until, &event).await?;
            let (user, minimum) = reset.ok_or(Error::TokenInvalid)?;
            accounts.revoke_user(user, minimum, until);
            accounts.inner().mail.wake();
            if let Some(record) = accounts.store().user(user).await? {
                accounts.forgive_everywhere(&record.user).await?;
            }
            Ok(())
        })
        .await
    }
}
