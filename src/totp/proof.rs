//! The proof that a code was right.

use super::{TotpCode, TotpSecret, verify_totp};
use crate::{
    account::{Accounts, Asked, UserId},
    audit::EventKind,
    error::Error,
    recovery::RecoveryCodes,
    store::{StoredTotp, TotpConfirmation, TotpConfirmed},
};

/// Someone gave the right code of this user's authenticator, and it is used up. Only the checks of this module make one.
#[derive(Debug)]
pub struct TotpVerified {
    user: UserId,
}

impl TotpVerified {
    /// Whose authenticator it was.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// Checks a code against the live authenticator and uses it up. `None` if there is none, if the code is wrong, or if
    /// it or a later one was used before.
    pub(crate) async fn check(accounts: &Accounts, user: UserId, code: &TotpCode) -> Result<Option<Self>, Error> {
        let Some(live) = accounts.store().totp(user).await? else { return Ok(None) };
        let Some(step) = step_of(accounts, &live, code)? else { return Ok(None) };
        let accepted = accounts.store().use_totp_step(user, live.id, step).await?;
        Ok(accepted.then_some(Self { user }))
    }

    /// Checks a code against the authenticator that is being set up, and makes it live. With the proof come the recovery
    /// codes, if it is the user's first second factor. `None` if nothing is being set up, if the code is wrong, or if
    /// there is a live one which it may not replace.
    pub(crate) async fn enrol(
        accounts: &Accounts,
        asked: Asked<'_>,
        code: &TotpCode,
        may_replace: bool,
    ) -> Result<Option<(Self, Option<RecoveryCodes>)>, Error> {
        let user = asked.user;
        let Some(setup) = accounts.store().totp_setup(user, accounts.now()).await? else { return Ok(None) };
        let Some(step) = step_of(accounts, &setup, code)? else { return Ok(None) };
        let codes = RecoveryCodes::generate()?;
        let recovery_codes = codes.hashes(user, &accounts.inner().recovery_key);
        let confirmation = TotpConfirmation { user, id: setup.id, step, may_replace, recovery_codes };
        let event = asked.event(EventKind::TotpEnabled, accounts);
        let confirmed = accounts.store().confirm_totp(&confirmation, &event).await?;
        accounts.inner().mail.wake();
        Ok(match confirmed {
            TotpConfirmed::First => Some((Self { user }, Some(codes))),
            TotpConfirmed::Further | TotpConfirmed::Replaced => Some((Self { user }, None)),
            TotpConfirmed::Refused => None,
        })
    }
}

/// The step that the code belongs to, if it is right now.
fn step_of(accounts: &Accounts, stored: &StoredTotp, code: &TotpCode) -> Result<Option<i64>, Error> {
    let secret = TotpSecret::open(&accounts.inner().data_key, stored.id, &stored.secret).map_err(Error::internal)?;
    Ok(verify_totp(&secret, code, accounts.config().totp_window, accounts.now()))
}
