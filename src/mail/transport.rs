//! The way out: how a mail leaves this house.

use async_trait::async_trait;

use super::Message;

/// Takes mails to where they are to go.
///
/// [`MailUrl`](super::MailUrl) names the two that are built in, SMTP and files. One of your own is an `impl`:
///
/// ```
/// use portcullis::mail::{Message, SendError, Transport};
///
/// struct Fax;
///
/// #[async_trait::async_trait]
/// impl Transport for Fax {
///     async fn send(&self, message: &Message) -> Result<(), SendError> {
///         println!("to {}: {}", message.to().as_str(), message.subject());
///         Ok(())
///     }
/// }
/// ```
#[async_trait]
pub trait Transport: Send + Sync + 'static {
    /// Sends a mail. Done once whoever carries it on has taken charge of it.
    ///
    /// A transport sees to it that it does not wait for ever. It may be called for several mails at once, never for
    /// two to one mailbox.
    ///
    /// # Errors
    ///
    /// [`SendError::Temporary`] if trying again later may help, [`SendError::Permanent`] if it never will. Their texts
    /// go to the log, so they must hold neither passwords nor what the mail says.
    async fn send(&self, message: &Message) -> Result<(), SendError>;
}

/// Why a mail did not leave.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// It never will: this recipient is refused for good.
    #[error("refused for good: {0}")]
    Permanent(String),
    /// It may later.
    #[error("not now: {0}")]
    Temporary(String),
}

/// Stands where no transport was stated: mails wait in the outbox until there is one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoTransport;

#[async_trait]
impl Transport for NoTransport {
    async fn send(&self, _: &Message) -> Result<(), SendError> {
        Err(SendError::Temporary("no way to send mail is configured: set mail_url".to_owned()))
    }
}
