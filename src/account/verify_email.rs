//! Confirming the address of an account.

use super::{Accounts, Email, User};
use crate::{
    audit::{Event, EventKind},
    error::Error,
    mail::{MailKind, MailRequest, MailTo},
    one_time::{Code, OneTimeToken, Purpose},
    session::Device,
    store::VerifyBy,
    throttle::Bucket,
};

impl Accounts {
    /// Whether a mailed token is good for this now. It is not spent by asking.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the database does not answer.
    pub async fn is_live(&self, purpose: Purpose, token: &OneTimeToken) -> Result<bool, Error> {
        Ok(self.store().user_of_token(purpose, &token.hash(), self.now()).await?.is_some())
    }

    /// Whether an account is shut until its address is confirmed.
    pub(crate) fn waits_for_confirmation(&self, user: &User) -> bool {
        self.config().require_verified_email && user.email_verified_at.is_none()
    }

    /// Confirms the address to which this token was mailed.
    ///
    /// That is how whoever made an account says that the address is theirs, so everything in it stays, the password and the
    /// sessions too. Someone whose address a stranger typed is told by the mail not to do it, and to
    /// [reset the password](Self::reset_password) if they want the account: that takes from it whatever the stranger put
    /// there, and still does for a day after the address was confirmed.
    ///
    /// # Errors
    ///
    /// [`Error::TokenInvalid`] if it is not good for that, or no longer.
    pub async fn verify_email(&self, token: &OneTimeToken, device: &Device) -> Result<(), Error> {
        self.verify(VerifyBy::Token(token.hash()), device).await
    }

    /// Confirms an address by the code that was mailed to it. Five may be tried for each mail.
    ///
    /// # Errors
    ///
    /// - [`Error::TokenInvalid`] if the code is wrong, was used, or is more than ten minutes old; also if nobody has the
    ///   address.
    /// - [`Error::TooManyAttempts`], for known and unknown addresses alike.
    pub async fn verify_email_by_code(&self, email: Email, code: &Code, device: &Device) -> Result<(), Error> {
        let attempt = self.begin_attempt(self.attempt_on(email.key(), None, device).await?).await?;
        let hash = code.hash(&email, &self.inner().code_key);
        self.verify(VerifyBy::Code(email, hash), device).await?;
        self.forgive(&attempt).await
    }

    async fn verify(&self, by: VerifyBy, device: &Device) -> Result<(), Error> {
        let event = Event::new(EventKind::EmailVerified, self.now(), device);
        self.store().verify_email(&by, &event).await?.ok_or(Error::TokenInvalid)?;
        Ok(())
    }

    /// Mails the link and the code again that confirm this address, if an account has it and has not confirmed it. The
    /// answer and the work are the same if not.
    ///
    /// # Errors
    ///
    /// [`Error::TooManyAttempts`] if too many mails were asked for from this network. Too many to one address are not sent,
    /// and nobody is told.
    pub async fn resend_verification(&self, email: Email, device: &Device) -> Result<(), Error> {
        let key = email.key().to_owned();
        let request = MailRequest::new(MailKind::VerifyEmail, MailTo::Address(email), self.now(), device);
        self.post_unless_too_often(Purpose::Verify, &key, &request).await
    }

    /// Asks for a mail to whoever goes by a name, of which this is the key, unless there were too many. Only too many from
    /// one network are told. By whichever of its names, an account is one; and a name that nobody has costs as much.
    pub(crate) async fn post_unless_too_often(
        &self,
        purpose: Purpose,
        key: &str,
        request: &MailRequest,
    ) -> Result<(), Error> {
        let account = self.store().id_of(&request.to).await?;
        let account = account.map_or_else(|| key.to_owned(), |account| account.to_string());
        let to = Bucket::mail(purpose.as_str(), &account);
        if !self.config().insecure_no_limits {
            let network: Vec<_> = request.device.address.map(Bucket::mail_from).into_iter().collect();
            let both = [network.as_slice(), &[to]].concat();
            if self.store().begin_attempt(&both, self.now()).await?.is_some() {
                return self.count_attempt(&network).await;
            }
        }
        self.post_mail(request).await
    }
}
