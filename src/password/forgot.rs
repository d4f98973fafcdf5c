//! Asking for a new password by someone who forgot theirs.

use crate::{
    account::{Accounts, Email, Username},
    error::Error,
    mail::{MailKind, MailRequest, MailTo},
    one_time::Purpose,
    session::Device,
};

/// What someone goes by who forgot their password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Forgetful {
    /// An address.
    Email(Email),
    /// A user name.
    Username(Username),
}

impl Forgetful {
    /// Reads what someone typed where either may be typed; `None` if it can be neither.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        Username::parse(typed).map(Self::Username).or_else(|| Email::parse(typed).map(Self::Email))
    }
}

impl Accounts {
    /// Mails a link that sets a new password to the address on file of whoever goes by this name, if anyone does. The
    /// answer and the work are the same if not.
    ///
    /// # Errors
    ///
    /// [`Error::TooManyAttempts`] if too many mails were asked for from this network. Too many to one account, by whichever
    /// of its names, are not sent, and nobody is told; logging in is not held up by that.
    pub async fn forgot_password(&self, who: Forgetful, device: &Device) -> Result<(), Error> {
        let (key, to) = match who {
            Forgetful::Email(email) => (email.key().to_owned(), MailTo::Address(email)),
            Forgetful::Username(name) => (name.key().to_owned(), MailTo::Username(name)),
        };
        let request = MailRequest::new(MailKind::ResetPassword, to, self.now(), device);
        self.post_unless_too_often(Purpose::Reset, &key, &request).await
    }
}
