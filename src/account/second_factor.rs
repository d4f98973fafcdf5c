//! The second factor: what may be shown for it, the proof that it was, and the one budget of attempts at it.

use super::{Accounts, UserId};
use crate::{
    audit::{Event, EventKind},
    error::Error,
    recovery::{RecoveryCode, RecoveryCodeSpent},
    session::{Device, SessionId},
    throttle::Bucket,
    totp::{TotpCode, TotpVerified},
};

/// Which second factors an account has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SecondFactors {
    /// An authenticator app.
    pub totp: bool,
}

impl SecondFactors {
    /// Whether it has one at all. Recovery codes are none: they stand in for one.
    #[must_use]
    pub const fn any(self) -> bool {
        self.totp
    }
}

/// What someone types as their second factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecondFactorCode {
    /// A code of their authenticator app.
    Totp(TotpCode),
    /// A recovery code.
    Recovery(RecoveryCode),
}

impl SecondFactorCode {
    /// The field of a request that holds a code of this kind.
    pub(crate) const fn field(&self) -> &'static str {
        match self {
            Self::Totp(_) => "two_fa_code",
            Self::Recovery(_) => "recovery_code",
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
}

impl SecondFactor {
    /// Whose it was.
    #[must_use]
    pub fn user(&self) -> UserId {
        match self {
            Self::Totp(verified) => verified.user(),
            Self::Recovery(spent) => spent.user(),
        }
    }

    /// What it is called in `amr` (RFC 8176). A recovery code is a password for one time as well.
    #[must_use]
    pub const fn amr(&self) -> &'static str {
        match self {
            Self::Totp(_) | Self::Recovery(_) => "otp",
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
        let event = Event::new(kind, accounts.now(), self.device).user(self.user);
        match self.session {
            Some(session) => event.session(session),
            None => event,
        }
    }
}

impl Accounts {
    /// Checks a code and spends it; `None` if it is wrong.
    ///
    /// Wrong ones are counted for the account, wherever they come from and whichever route they are shown on. Only a
    /// right one, which the password is not, empties the count.
    pub(crate) async fn check_second_factor(
        &self,
        asked: Asked<'_>,
        code: &SecondFactorCode,
    ) -> Result<Option<SecondFactor>, Error> {
        self.within_budget(asked, async {
            Ok(match code {
                SecondFactorCode::Totp(code) => {
                    TotpVerified::check(self, asked.user, code).await?.map(SecondFactor::Totp)
                }
                SecondFactorCode::Recovery(code) => {
                    RecoveryCodeSpent::spend(self, asked, code).await?.map(SecondFactor::Recovery)
                }
            })
        })
        .await
    }

    /// Makes an attempt with a code, if the account's budget has one left. It is counted before it is made, so that a burst
    /// of them cannot slip past the count.
    pub(crate) async fn within_budget<T>(
        &self,
        asked: Asked<'_>,
        attempt: impl Future<Output = Result<Option<T>, Error>>,
    ) -> Result<Option<T>, Error> {
        let bucket = [Bucket::second_factor(asked.user)];
        let limited = !self.config().insecure_no_limits;
        if limited && let Some(retry_after) = self.store().begin_attempt(&bucket, self.now()).await? {
            return Err(Error::TooManyAttempts { retry_after });
        }
        let Some(right) = attempt.await? else {
            let event = asked.event(EventKind::SecondFactorFailed, self).amr(["otp"]);
            self.store().record(&event).await?;
            return Ok(None);
        };
        if limited {
            self.store().clear_attempts(&bucket).await?;
        }
        Ok(Some(right))
    }
}
