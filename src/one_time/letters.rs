//! The mails with a link: their tokens are made here, when they are about to be sent.

use std::time::Duration;

use super::{CODE_LIFETIME, Code, OneTimeToken, Purpose};
use crate::{
    account::{Accounts, User},
    error::Error,
    mail::{Letter, MailKind, MailRequest, MailTo},
    store::{CodeHash, Grant, NewToken},
};

/// How long the link of an invitation is good.
const INVITATION_LIFETIME: Duration = Duration::from_hours(7 * 24);

impl Accounts {
    /// The letter of a kind that has a link, with a new token that takes the place of the one before; `None` if nobody is
    /// to get one, or the matter is settled meanwhile.
    pub(crate) async fn letter_with_link(
        &self,
        request: &MailRequest,
        addressee: Option<User>,
    ) -> Result<Option<Letter>, Error> {
        match (request.kind, addressee) {
            (MailKind::VerifyEmail, Some(user)) => self.issue(Purpose::Verify, &user, request).await,
            (MailKind::ResetPassword | MailKind::Invitation, Some(user)) => {
                self.issue(Purpose::Reset, &user, request).await
            }
            (MailKind::ResetPassword, None) => {
                self.answer_unknown(request).await?;
                Ok(None)
            }
            // The address has another account by now. It may be this one, which wants it in another spelling.
            (MailKind::ConfirmEmail, Some(user)) if Some(user.id) != request.user => Ok(None),
            (MailKind::ConfirmEmail | MailKind::EmailChanged, _) => self.arm(request).await,
            _ => Ok(None),
        }
    }

    async fn issue(&self, purpose: Purpose, user: &User, request: &MailRequest) -> Result<Option<Letter>, Error> {
        let (now, token) = (self.now(), OneTimeToken::generate()?);
        // Nobody waits for it, and it opens an account that nobody else is in.
        let is_invitation = request.kind == MailKind::Invitation;
        let expires_at = now + if is_invitation { INVITATION_LIFETIME } else { purpose.lifetime() };
        let code = (purpose == Purpose::Verify).then(Code::generate).transpose()?;
        let code_until = now + CODE_LIFETIME;
        let hashed =
            |code: &Code| CodeHash { hash: code.hash(&user.email, &self.inner().code_key), expires_at: code_until };
        let grant = Grant { id: request.id, purpose, user: user.id, email: user.email.clone(), expires_at };
        let new = NewToken { grant, hash: token.hash(), code: code.as_ref().map(hashed) };
        if !self.store().issue_token(&new).await? {
            return Ok(None);
        }
        let letter = Letter::to_user(user).link(token.into_plain(), expires_at);
        Ok(Some(match code {
            Some(code) => letter.code(code.into_plain(), code_until),
            None => letter,
        }))
    }

    /// Gives a right that was granted when the mail was asked for the token of this mail.
    async fn arm(&self, request: &MailRequest) -> Result<Option<Letter>, Error> {
        let (MailTo::Address(email), Some(user)) = (&request.to, request.user) else { return Ok(None) };
        let Some(record) = self.store().user(user).await? else { return Ok(None) };
        let token = OneTimeToken::generate()?;
        let armed = self.store().arm_token(request.id, &token.hash(), self.now()).await?;
        let letter =
            |expires_at| Letter::to_address(email.clone()).about(&record.user).link(token.into_plain(), expires_at);
        Ok(armed.map(letter))
    }

    /// Tells an address that asked for a new password and has no account, where the operator wants that.
    async fn answer_unknown(&self, request: &MailRequest) -> Result<(), Error> {
        if let (true, MailTo::Address(_)) = (self.config().mail_unknown, &request.to) {
            let answer = MailRequest::new(MailKind::ResetUnknown, request.to.clone(), self.now(), &request.device);
            self.store().post_mail(&answer).await?;
            self.inner().mail.wake();
        }
        Ok(())
    }
}
