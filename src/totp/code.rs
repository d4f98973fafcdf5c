//! Codes: how they are typed, and which one is right when.

use std::{fmt, str::FromStr, time::Duration};

use totp_rs::{Algorithm, Builder};
use zeroize::Zeroizing;

use super::TotpSecret;
use crate::{clock::Timestamp, config::ConfigError};

/// How many digits a code has.
pub const TOTP_DIGITS: usize = 6;

/// How long a code is the present one.
pub const TOTP_PERIOD: Duration = Duration::from_secs(30);

/// Six digits that someone typed. Hidden in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct TotpCode(Zeroizing<String>);

impl TotpCode {
    /// Reads a code: six ASCII digits, with blanks and hyphens anywhere between. `None` for anything else.
    ///
    /// ```
    /// # use portcullis::totp::TotpCode;
    /// assert_eq!(TotpCode::parse(" 123-456"), TotpCode::parse("123456"));
    /// assert!(TotpCode::parse("1234567").is_none());
    /// assert!(TotpCode::parse("１２３４５６").is_none());
    /// ```
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let digits: Zeroizing<String> =
            Zeroizing::new(typed.chars().filter(|char| !matches!(char, ' ' | '-')).take(TOTP_DIGITS + 1).collect());
        let fits = digits.len() == TOTP_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
        fits.then_some(Self(digits))
    }
}

impl fmt::Debug for TotpCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpCode(…)")
    }
}

/// How far a code may be from the present one: for clocks that differ, and for people who type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TotpWindow {
    /// Only the present code.
    None,
    /// The one before and the one after as well.
    One,
}

impl TotpWindow {
    /// How many codes either side of the present one are accepted.
    #[must_use]
    pub const fn steps(self) -> u16 {
        match self {
            Self::None => 0,
            Self::One => 1,
        }
    }
}

impl FromStr for TotpWindow {
    type Err = ConfigError;

    fn from_str(steps: &str) -> Result<Self, ConfigError> {
        match steps {
            "0" => Ok(Self::None),
            "1" => Ok(Self::One),
            other => Err(ConfigError(format!("totp_window must be `0` or `1`, not `{other}`"))),
        }
    }
}

/// The step that this code belongs to, if it is one of those around this moment; steps are counted from 1970. Codes are
/// compared in constant time.
///
/// That the code is right does not say that it may be accepted: whoever accepts one keeps its step, and accepts only
/// later ones from then on (RFC 6238 section 5.2).
#[must_use]
pub fn verify_totp(secret: &TotpSecret, code: &TotpCode, window: TotpWindow, at: Timestamp) -> Option<i64> {
    let totp = Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_step_duration(TOTP_PERIOD.as_secs())
        .with_skew(window.steps())
        .with_secret(*secret.expose())
        .build_noncompliant();
    let step = totp.check(&code.0, u64::try_from(at.as_secs()).ok()?)?;
    i64::try_from(step).ok()
}
