//! The accounts' own mail room: asking for mails, sending them, and the mails that need no token.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;

use super::{Letter, MailBacklog, MailFigures, MailKind, MailRequest, MailState, MailTo, Resolve, backlog::SHOWN_FOR};
use crate::{
    account::{Accounts, User},
    error::Error,
};

/// How often the outbox is looked into unasked: for mails of another process, and those whose time has come.
const POLL: Duration = Duration::from_secs(5);

impl Accounts {
    /// Asks for a mail, where nothing else is written with it. It leaves in the background.
    ///
    /// One row is written, the same whether or not anyone goes by that name.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the database does not answer.
    pub async fn post_mail(&self, request: &MailRequest) -> Result<(), Error> {
        self.store().post_mail(request).await?;
        self.inner().mail.wake();
        Ok(())
    }

    /// Sends every mail that is due and returns when nothing more is, for programs that end and for tests. A server
    /// need not call it: mails leave in the background.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the database does not answer. A mail that cannot be sent is not an error here.
    pub async fn deliver_mail(&self) -> Result<(), Error> {
        Ok(self.inner().mail.deliver(Arc::new(self.clone())).await?)
    }

    /// Takes no more mails, and returns when those under way have left or failed. What is left in the outbox is sent
    /// by the next process.
    pub async fn close_mail(&self) {
        self.inner().mail.close().await;
    }

    /// What is in the outbox now.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the database does not answer.
    pub async fn mail_backlog(&self) -> Result<MailBacklog, Error> {
        Ok(self.store().mail_backlog(self.now() - SHOWN_FOR).await?)
    }

    /// How the mail is doing, in one word that may be told to anyone.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the database does not answer.
    pub async fn mail_state(&self) -> Result<MailState, Error> {
        Ok(self.mail_backlog().await?.state(self.now()))
    }

    /// What was sent and what failed in this process so far: figures for metrics.
    #[must_use]
    pub fn mail_figures(&self) -> MailFigures {
        self.inner().mail.figures()
    }

    /// Sends mails as they are asked for, until the last handle on these accounts is dropped.
    pub(crate) fn deliver_in_background(&self) {
        let (weak, woken) = (self.downgrade(), self.inner().mail.woken());
        tokio::spawn(async move {
            while let Some(accounts) = Self::upgrade(&weak) {
                if let Err(error) = accounts.deliver_mail().await {
                    tracing::warn!(%error, "the outbox cannot be looked into");
                }
                drop(accounts);
                // Either way it is time to look again.
                let _ = tokio::time::timeout(POLL, woken.notified()).await;
            }
        });
    }

    /// The account a mail is for, if there is one.
    pub(crate) async fn addressee(&self, request: &MailRequest) -> Result<Option<User>, Error> {
        let record = match &request.to {
            MailTo::User(id) => self.store().user(*id).await?,
            MailTo::Username(name) => self.store().user_by_username(name).await?,
            MailTo::Address(email) => self.store().user_by_email(email).await?,
        };
        Ok(record.map(|record| record.user))
    }
}

#[async_trait]
impl Resolve for Accounts {
    async fn resolve(&self, request: &MailRequest) -> Result<Option<Letter>, Error> {
        let user = self.addressee(request).await?;
        match (request.kind, &request.to, user) {
            (kind, _, user) if kind.link().is_some() => self.letter_with_link(request, user).await,
            (MailKind::ResetUnknown, MailTo::Address(email), None) => Ok(Some(Letter::to_address(email.clone()))),
            (MailKind::ResetUnknown, ..) => Ok(None),
            (_, _, user) => Ok(user.as_ref().map(Letter::to_user)),
        }
    }
}
