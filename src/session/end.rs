//! Ending sessions. The guard refuses their tokens from the next request on.

use super::{Device, SessionId};
use crate::{
    account::{Accounts, Caller, UserId},
    audit::{Event, EventKind},
    error::Error,
    revocation::{Revocation, Target},
};

impl Accounts {
    /// Ends the caller's own session.
    ///
    /// # Errors
    ///
    /// [`Error::SessionEnded`] if it has ended already, or the credential belongs to none.
    pub async fn logout(&self, caller: Caller, device: &Device) -> Result<(), Error> {
        let session = caller.session.ok_or(Error::SessionEnded)?;
        let event = self.event_of(EventKind::LoggedOut, caller, device);
        if self.end(caller.user, session, event).await? {
            return Ok(());
        }
        // It was ended where this process has not heard of it yet.
        self.revoke_session(session, self.tokens_expired_by());
        Err(Error::SessionEnded)
    }

    /// Ends one of the caller's sessions, be it this one or another.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if it is not theirs, or has ended already.
    pub async fn end_session(&self, caller: Caller, session: SessionId, device: &Device) -> Result<(), Error> {
        let event = self.event_of(EventKind::SessionEnded, caller, device).about(session);
        if self.end(caller.user, session, event).await? { Ok(()) } else { Err(Error::NotFound) }
    }

    async fn end(&self, user: UserId, session: SessionId, event: Event) -> Result<bool, Error> {
        let accounts = self.clone();
        Self::to_the_end(async move {
            let target = Target::Session(session.to_string());
            let until = accounts.tokens_expired_by();
            let revocation = Revocation { target: target.clone(), until };
            let ended = accounts.store().end_session(user, session, &revocation, &event).await?;
            if ended {
                accounts.revoke(target, until);
            }
            Ok(ended)
        })
        .await
    }

    /// Ends every session of the caller but the one they call from, and answers how many there were.
    ///
    /// # Errors
    ///
    /// [`Error::SessionEnded`] if the credential belongs to no session.
    pub async fn end_other_sessions(&self, caller: Caller, device: &Device) -> Result<usize, Error> {
        let keep = caller.session.ok_or(Error::SessionEnded)?;
        let event = self.event_of(EventKind::SessionEnded, caller, device);
        let accounts = self.clone();
        Self::to_the_end(async move {
            let until = accounts.tokens_expired_by();
            let ended = accounts.store().end_other_sessions(caller.user, keep, until, &event).await?;
            for session in &ended {
                accounts.revoke_session(*session, until);
            }
            Ok(ended.len())
        })
        .await
    }

    /// Ends every session of the caller, this one included.
    ///
    /// # Errors
    ///
    /// [`Error::SessionEnded`] if the account is gone.
    pub async fn logout_everywhere(&self, caller: Caller, device: &Device) -> Result<(), Error> {
        let event = self.event_of(EventKind::LoggedOutEverywhere, caller, device);
        if self.end_sessions(caller.user, event).await? { Ok(()) } else { Err(Error::SessionEnded) }
    }

    /// Ends every session of a user. `false` if there is no such user.
    pub(crate) async fn end_sessions(&self, user: UserId, event: Event) -> Result<bool, Error> {
        let accounts = self.clone();
        Self::to_the_end(async move {
            let until = accounts.tokens_expired_by();
            let minimum = accounts.store().end_all_sessions(user, until, &event).await?;
            if let Some(minimum) = minimum {
                accounts.revoke_user(user, minimum, until);
            }
            Ok(minimum.is_some())
        })
        .await
    }
}
