//! Spending recovery codes, and making new ones.

use super::{RecoveryCode, RecoveryCodes};
use crate::{
    account::{Accounts, Asked, Caller, UserId},
    audit::EventKind,
    error::Error,
    session::Device,
};

/// From so few on, a login reminds its user to make new ones.
pub const RECOVERY_CODES_FEW: u32 = 2;

/// A recovery code of this user was right and is spent. Only spending one makes it.
#[derive(Debug)]
pub struct RecoveryCodeSpent {
    user: UserId,
}

impl RecoveryCodeSpent {
    /// Whose code it was.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// Spends a code; `None` if the user has no such code, or no longer.
    pub(crate) async fn spend(
        accounts: &Accounts,
        asked: Asked<'_>,
        code: &RecoveryCode,
    ) -> Result<Option<Self>, Error> {
        let hash = code.hash(asked.user, &accounts.inner().recovery_key);
        let event = asked.event(EventKind::RecoveryCodeUsed, accounts).amr(["otp"]);
        let spent = accounts.store().use_recovery_code(asked.user, &hash, &event).await?;
        accounts.inner().mail.wake();
        Ok(spent.then_some(Self { user: asked.user }))
    }
}

impl Accounts {
    /// How many recovery codes the caller has left.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the database does not answer.
    pub async fn recovery_codes_left(&self, caller: Caller) -> Result<u32, Error> {
        Ok(self.store().recovery_codes_left(caller.user).await?)
    }

    /// Makes a new set of recovery codes for the caller. The older ones are worthless from that moment on.
    ///
    /// # Errors
    ///
    /// - [`Error::NoSecondFactor`] if there is none that they could stand in for.
    /// - [`Error::SessionEnded`] if the account is gone.
    pub async fn new_recovery_codes(&self, caller: Caller, device: &Device) -> Result<RecoveryCodes, Error> {
        if !self.record_of(caller).await?.second_factors.any() {
            return Err(Error::NoSecondFactor);
        }
        let codes = RecoveryCodes::generate()?;
        let hashes = codes.hashes(caller.user, &self.inner().recovery_key);
        let event = self.event_of(EventKind::RecoveryCodesReplaced, caller, device);
        let replaced = self.store().replace_recovery_codes(caller.user, &hashes, &event).await?;
        if replaced { Ok(codes) } else { Err(Error::SessionEnded) }
    }
}
