//! The second factor: what may be shown for it, the proof that it was, and the one budget of attempts at it.

use super::{Accounts, Caller, UserId};
#[cfg(feature = "webauthn")]
use crate::passkey::{KeyAnswer, PasskeyVerified};
use crate::{
    audit::{Event, EventKind},
    error::Error,
    recovery::{RecoveryCode, RecoveryCodeSpent},
    session::{Device, SessionId},
    throttle::Bucket,
    totp::{TotpCode, TotpVerified},
};

/// What the use of a key is called in `amr`: a key in an authenticator, and someone present to it (RFC 8176).
#[cfg(feature = "webauthn")]
pub(super) const BY_KEY: &[&str] = &["hwk", "user"];

/// Which second factors an account has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SecondFactors {
    /// An authenticator app.
    pub totp: bool,
    /// A passkey or a security key.
    pub webauthn: bool,
}

impl SecondFactors {
    /// Whether it has one at all. Recovery codes are none: they stand in for one.
    #[must_use]
    pub const fn any(self) -> bool {
        self.totp || self.webauthn
    }
}

/// What someone types as their second factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecondFactorCode {
    /// A code of their authenticator app.
    Totp(TotpCode),
    /// A recovery code.
    Recovery(RecoveryCode),
    /// What their key answered.
    #[cfg(feature = "webauthn")]
    Key(KeyAnswer),
}

impl SecondFactorCode {
    /// What to tell of it where it is a field of a request, and wrong. `totp` is the field of an app's code.
    pub(crate) fn wrong(&self, totp: &'static str) -> Error {
        match self {
            Self::Totp(_) => Error::field(totp, "invalid_code"),
            Self::Recovery(_) => Error::field("recovery_code", "invalid_code"),
            #[cfg(feature = "webauthn")]
            Self::Key(_) => Error::field("webauthn_response", "invalid_response"),
        }
    }
}

/// A second factor that was checked and is spent: nobody can show the same again.
#[derive(Debug)]
#[non_exhaustive]
pub enum SecondFactor {
    /// A code of an authenticator app.
    Totp(TotpVerified),
    /// A recovery code.
    Recovery(RecoveryCodeSpent),
    /// A key.
    #[cfg(feature = "webauthn")]
    Key(PasskeyVerified),
}

impl SecondFactor {
    /// Whose it was.
    #[must_use]
    pub fn user(&self) -> UserId {
        match self {
            Self::Totp(verified) => verified.user(),
            Self::Recovery(spent) => spent.user(),
            #[cfg(feature = "webauthn")]
            Self::Key(verified) => verified.user(),
        }
    }

    /// What it is called in `amr` (RFC 8176). A recovery code is a password for one time as well.
    #[must_use]
    pub const fn amr(&self) -> &'static [&'static str] {
        match self {
            Self::Totp(_) | Self::Recovery(_) => &["otp"],
            #[cfg(feature = "webauthn")]
            Self::Key(_) => BY_KEY,
        }
    }
}

/// Who is asked for a second factor, and where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) user: UserId,
    /// The session they are asked in, if they are logged in.
    pub(crate) session: Option<SessionId>,
    pub(crate) device: &'a Device,
}

impl Asked<'_> {
    pub(crate) fn event(&self, kind: EventKind, accounts: &Accounts) -> Event {
        accounts.event_of(kind, Caller { user: self.user, session: self.session }, self.device)
    }
}

impl Accounts {
    /// Checks a code and spends it; `None` if it is wrong.
    ///
    /// Wrong ones are counted for the account, wherever they come from and whichever route they are shown on. Only a
    /// right one, which the password is not, empties the count. The answer of a key cannot be guessed: it is not counted,
    /// and waits for nobody.
    pub(crate) async fn check_second_factor(
        &self,
        asked: Asked<'_>,
        code: &SecondFactorCode,
    ) -> Result<Option<SecondFactor>, Error> {
        match code {
            SecondFactorCode::Totp(code) => {
                let shown = self.within_budget(asked, TotpVerified::check(self, asked.user, code)).await?;
                Ok(shown.map(SecondFactor::Totp))
            }
            SecondFactorCode::Recovery(code) => {
                let shown = self.within_budget(asked, RecoveryCodeSpent::spend(self, asked, code)).await?;
                Ok(shown.map(SecondFactor::Recovery))
            }
            #[cfg(feature = "webauthn")]
            SecondFactorCode::Key(answer) => Ok(self.check_second_key(asked, answer).await?.map(SecondFactor::Key)),
        }
    }

    /// Makes an attempt with a code, if the account's budget has one left. It is counted before it is made, so that a burst
    /// of them cannot slip past the count.
    pub(crate) async fn within_budget<T>(
        &self,
        asked: Asked<'_>,
        attempt: impl Future<Output = Result<Option<T>, Error>>,
    ) -> Result<Option<T>, Error> {
        let bucket = [Bucket::second_factor(asked.user)];
        self.count_attempt(&bucket).await?;
        let Some(right) = attempt.await? else {
            let event = asked.event(EventKind::SecondFactorFailed, self).amr(["otp"]);
            self.store().record(&event).await?;
            return Ok(None);
        };
        if !self.config().insecure_no_limits {
            self.store().clear_attempts(&bucket).await?;
        }
        Ok(Some(right))
    }
}
