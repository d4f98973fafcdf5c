//! What a user sees and changes of their own account, and leaving for good.

use super::{Accounts, Caller, DisplayName, User, UserId, UserRecord};
use crate::{
    audit::{Event, EventKind},
    error::Error,
    revocation::{Revocation, Target},
    session::Device,
};

impl Accounts {
    /// The caller's own account.
    ///
    /// # Errors
    ///
    /// [`Error::SessionEnded`] if it is gone.
    pub async fn profile(&self, caller: Caller) -> Result<User, Error> {
        Ok(self.record_of(caller).await?.user)
    }

    /// Changes the caller's name to show, and answers the account as it is then.
    ///
    /// # Errors
    ///
    /// [`Error::SessionEnded`] if the account is gone.
    pub async fn rename(&self, caller: Caller, name: DisplayName, device: &Device) -> Result<User, Error> {
        let event = self.event_of(EventKind::ProfileChanged, caller, device);
        if !self.store().rename_user(caller.user, name.as_str(), &event).await? {
            return Err(Error::SessionEnded);
        }
        self.profile(caller).await
    }

    /// Deletes the caller's account with everything of theirs. Its user name is never given to anyone again, and every
    /// token of theirs is refused from the next request on.
    ///
    /// # Errors
    ///
    /// - [`Error::SessionEnded`] if it is gone already.
    /// - [`Error::LastAdmin`] if no administrator would be left.
    pub async fn delete_account(&self, caller: Caller, device: &Device) -> Result<(), Error> {
        let event = self.event_of(EventKind::UserDeleted, caller, device);
        if self.delete(caller.user, event).await? { Ok(()) } else { Err(Error::SessionEnded) }
    }

    /// `false` if there is no such user.
    pub(crate) async fn delete(&self, user: UserId, event: Event) -> Result<bool, Error> {
        let accounts = self.clone();
        Self::to_the_end(async move {
            let target = Target::User { id: user.to_string(), minimum: i64::MAX };
            let until = accounts.tokens_expired_by();
            let revocation = Revocation { target: target.clone(), until };
            let deleted = accounts.store().delete_user(user, &revocation, &event).await?;
            if deleted {
                accounts.revoke(target, until);
            }
            Ok(deleted)
        })
        .await
    }

    pub(crate) async fn record_of(&self, caller: Caller) -> Result<UserRecord, Error> {
        self.store().user(caller.user).await?.ok_or(Error::SessionEnded)
    }

    pub(crate) fn event_of(&self, kind: EventKind, caller: Caller, device: &Device) -> Event {
        Event { session: caller.session, ..Event::new(kind, self.now(), device).user(caller.user) }
    }
}
