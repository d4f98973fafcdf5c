//! What a user sees and changes of their own account, and leaving for good.

use super::{Accounts, Caller, User, UserId, UserRecord};
use crate::{
    audit::{Event, EventKind},
    error::Error,
    revocation::{Revocation, Target},
    session::Device,
};

/// The longest name to show, in characters.
pub const DISPLAY_NAME_MAX: usize = 128;

/// A name to show: at most 128 characters, none of them a control character. May be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisplayName(String);

impl DisplayName {
    /// Reads a name, without the blanks around it; `None` if it breaks the rules above.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let name = typed.trim();
        let fits = name.chars().count() <= DISPLAY_NAME_MAX && !name.chars().any(char::is_control);
        fits.then(|| Self(name.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

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
        if !self.store().rename_user(caller.user, &name.0, &event).await? {
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
        let event = Event::new(kind, self.now(), device).user(caller.user);
        match caller.session {
            Some(session) => event.session(session),
            None => event,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_display_name_is_short_and_printable() {
        assert_eq!(DisplayName::parse(" Ada Lovelace "), Some(DisplayName("Ada Lovelace".into())));
        assert_eq!(DisplayName::parse(""), Some(DisplayName(String::new())));
        assert!(DisplayName::parse(&"ä".repeat(128)).is_some());
        for bad in ["a\nb", "a\0b", "a\u{7f}b", &"ä".repeat(129)] {
            assert!(DisplayName::parse(bad).is_none(), "{bad:?}");
        }
    }
}
