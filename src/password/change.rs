//! Changing a password by someone who knows the old one, at their own wish or because they must, and setting a first one.

use super::{NewPassword, Password, PasswordVerified};
use crate::{
    account::{Accounts, Attempt, Caller, PartlyAssured, UserId, UserRecord},
    audit::{Event, EventKind},
    error::Error,
    session::Device,
};

/// The proof that a user has just chosen a new password. Only setting one makes it.
#[derive(Debug)]
pub struct PasswordRenewed {
    user: UserId,
    password_version: i64,
}

impl PasswordRenewed {
    /// Whose it is.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// Its version.
    #[must_use]
    pub const fn password_version(&self) -> i64 {
        self.password_version
    }
}

impl Accounts {
    /// Sets the caller's password, ends every session of theirs but the one they called from, and tells them by mail.
    ///
    /// Of several changes at once, each with the right old password, one wins and the others find it wrong.
    ///
    /// # Errors
    ///
    /// - [`Error::InvalidPassword`] if the old password is wrong; it counts as an attempt on the account.
    /// - [`Error::InvalidFields`] naming `new_password` if the new one does not meet the policy. That is told only to
    ///   who knows the old one; but it is `password_elsewhere` where a backend keeps it.
    /// - [`Error::TooManyAttempts`], [`Error::Overloaded`] as at login.
    /// - [`Error::SessionEnded`] if the account is gone.
    pub async fn change_password(
        &self,
        caller: Caller,
        old: Password,
        new: Password,
        device: &Device,
    ) -> Result<(), Error> {
        let record = self.record_of(caller).await?;
        Self::may_have_password(&record)?;
        let attempt = self.begin_attempt(Attempt::by_known(&record.user.username, device)).await?;
        let Some(verified) = self.check_password(Some(&record), old, &attempt).await? else {
            let event = self.event_of(EventKind::PasswordChangeFailed, caller, device).amr(["pwd"]);
            self.store().record(&event).await?;
            return Err(Error::InvalidPassword);
        };
        self.forgive(&attempt).await?;
        let new = self.new_password("new_password", new, record.user.own_words()).await?;
        let event = self.event_of(EventKind::PasswordChanged, caller, device);
        let changed = self.set_password(caller, verified.password_version(), new, event).await?;
        if changed { Ok(()) } else { Err(Error::InvalidPassword) }
    }

    /// Sets the first password of a caller who has none, such as one with a passkey, ends every session of theirs but the
    /// one they called from, and tells them by mail.
    ///
    /// There is no old password that would show who calls. So whoever lets this be called sees to it that the caller has
    /// authenticated lately, as the [route](crate::http) does: a session that is left open must not become a password.
    ///
    /// # Errors
    ///
    /// - [`Error::InvalidFields`] naming `old_password` as `missing` if there is a password, or one has just been set; naming
    ///   `new_password` if it does not meet the policy, or `password_elsewhere` where a backend keeps it.
    /// - [`Error::Overloaded`] if too many passwords wait.
    /// - [`Error::SessionEnded`] if the account is gone.
    pub async fn add_password(&self, caller: Caller, new: Password, device: &Device) -> Result<(), Error> {
        let record = self.record_of(caller).await?;
        Self::may_have_password(&record)?;
        if record.password.is_some() {
            return Err(Error::field("old_password", "missing"));
        }
        let new = self.new_password("new_password", new, record.user.own_words()).await?;
        let event = self.event_of(EventKind::PasswordChanged, caller, device);
        let added = self.set_password(caller, record.password_version, new, event).await?;
        if added { Ok(()) } else { Err(Error::field("old_password", "missing")) }
    }

    /// Whether the caller has a password here.
    ///
    /// # Errors
    ///
    /// [`Error::SessionEnded`] if the account is gone.
    pub async fn has_password(&self, caller: Caller) -> Result<bool, Error> {
        Ok(self.record_of(caller).await?.password.is_some())
    }

    /// A user of a [backend](crate::account::CredentialBackend) has no password here, and gets none.
    pub(crate) fn may_have_password(record: &UserRecord) -> Result<(), Error> {
        match record.backend {
            None => Ok(()),
            Some(_) => Err(Error::field("new_password", "password_elsewhere")),
        }
    }

    /// Sets a new password in the middle of a login, and ends every session of the user.
    ///
    /// # Errors
    ///
    /// - [`Error::InvalidFields`] naming `new_password` if it does not meet the policy, or is the one it was.
    /// - [`Error::FlowInvalid`] if the password has changed since it was checked.
    pub(crate) async fn renew_password(
        &self,
        partly: &PartlyAssured,
        new: Password,
        device: &Device,
    ) -> Result<PasswordRenewed, Error> {
        let (user, version) = (partly.user(), partly.password_version());
        let record = self.store().user(user.id).await?.ok_or(Error::FlowInvalid)?;
        if PasswordVerified::check(&self.inner().hashes, Some(&record), new.clone(), self.now()).await?.is_some() {
            return Err(Error::field("new_password", "password_unchanged"));
        }
        let new = self.new_password("new_password", new, user.own_words()).await?;
        let caller = Caller { user: user.id, session: None };
        let event = self.event_of(EventKind::PasswordChanged, caller, device).amr(partly.amr());
        let changed = self.set_password(caller, version, new, event).await?;
        // The store has raised it by one, from this very version.
        if changed {
            Ok(PasswordRenewed { user: user.id, password_version: version + 1 })
        } else {
            Err(Error::FlowInvalid)
        }
    }

    /// Sets a password in place of the one of this version, and ends every session of the user but the one they call from.
    /// `false` if the password is not of this version any more.
    async fn set_password(&self, caller: Caller, version: i64, new: NewPassword, event: Event) -> Result<bool, Error> {
        let hash = self.inner().hashes.hash(new.into_password()).await?;
        let accounts = self.clone();
        Self::to_the_end(async move {
            let until = accounts.tokens_expired_by();
            let ended =
                accounts.store().change_password(caller.user, version, &hash, caller.session, until, &event).await?;
            let Some(ended) = ended else { return Ok(false) };
            for session in ended {
                accounts.revoke_session(session, until);
            }
            accounts.inner().mail.wake();
            Ok(true)
        })
        .await
    }

    /// Hashes a password that was just checked again, because the parameters have risen since it was hashed.
    ///
    /// The login has succeeded whether or not this does: if it cannot be done now, it is done at the next one.
    pub(crate) async fn rehash_password(&self, user: UserId, version: i64, password: Password, device: &Device) {
        let outcome = async {
            let hash = self.inner().hashes.hash(password).await?;
            let event = Event::new(EventKind::PasswordRehashed, self.now(), device).user(user).amr(["pwd"]);
            self.store().rehash_password(user, version, &hash, &event).await?;
            Ok::<_, Error>(())
        };
        if let Err(error) = outcome.await {
            tracing::warn!(%user, %error, "a password could not be hashed again");
        }
    }
}
