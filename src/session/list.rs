//! A user's sessions, for them to look at.

use super::{Session, SessionId};
use crate::{
    account::{Accounts, Caller},
    error::Error,
};

impl Accounts {
    /// The caller's sessions that are alive, the one that authenticated last first: at most `limit` of them, from behind
    /// `after` on.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the database does not answer.
    pub async fn sessions(&self, caller: Caller, after: Option<SessionId>, limit: u32) -> Result<Vec<Session>, Error> {
        Ok(self.store().sessions_of(caller.user, self.now(), after, limit).await?)
    }
}
