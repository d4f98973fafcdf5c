//! Finding out what a wanted mail is to say.

use async_trait::async_trait;

use super::{Letter, MailRequest};
use crate::error::Error;

/// Finds out, when a mail is about to leave, whom it goes to and what it says.
///
/// This is where a name turns out to belong to somebody or to nobody, and where the token of a link is made: away from
/// the request that asked, which wrote the same one row in either case and took the same time.
///
/// It is called once for every attempt to send. Each time it makes a new token, **which replaces the former one of the
/// same user and purpose**. So however often a mail is sent, because a server did not answer or this one was killed,
/// one token is alive, and it is the one in the mail that was sent last.
#[async_trait]
pub trait Resolve: Send + Sync {
    /// The letter for this request; `None` if nothing is to be sent, because nobody goes by that name or the matter is
    /// settled meanwhile.
    ///
    /// # Errors
    ///
    /// Any [`Error`]; it is asked again later.
    async fn resolve(&self, request: &MailRequest) -> Result<Option<Letter>, Error>;
}
