//! A user's own keys: which there are, what they are called, and parting with one.

use super::{Passkey, PasskeyId, PasskeyName};
use crate::{
    account::{Accounts, Caller},
    audit::EventKind,
    error::Error,
    session::Device,
    store::PasskeyRemoved,
};

impl Accounts {
    /// The caller's keys, oldest first.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the database does not answer.
    pub async fn passkeys(&self, caller: Caller) -> Result<Vec<Passkey>, Error> {
        Ok(self.store().passkeys(caller.user).await?)
    }

    /// Gives one of the caller's keys another name, and answers the key as it is then.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if they have no such key.
    pub async fn rename_passkey(
        &self,
        caller: Caller,
        id: PasskeyId,
        name: &PasskeyName,
        device: &Device,
    ) -> Result<Passkey, Error> {
        let event = self.event_of(EventKind::PasskeyRenamed, caller, device);
        if !self.store().rename_passkey(caller.user, id, name, &event).await? {
            return Err(Error::NotFound);
        }
        self.passkeys(caller).await?.into_iter().find(|key| key.id == id).ok_or(Error::NotFound)
    }

    /// Removes one of the caller's keys. With their last second factor go the recovery codes.
    ///
    /// # Errors
    ///
    /// - [`Error::NotFound`] if they have no such key.
    /// - [`Error::LastFactor`] if they could not log in without it.
    pub async fn remove_passkey(&self, caller: Caller, id: PasskeyId, device: &Device) -> Result<(), Error> {
        let event = self.event_of(EventKind::PasskeyRemoved, caller, device);
        match self.store().remove_passkey(caller.user, id, &event).await? {
            PasskeyRemoved::Gone => {
                self.inner().mail.wake();
                Ok(())
            }
            PasskeyRemoved::LastWayIn => Err(Error::LastFactor),
            PasskeyRemoved::Unknown => Err(Error::NotFound),
        }
    }
}
