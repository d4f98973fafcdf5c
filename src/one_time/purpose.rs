//! What a mailed token is good for.

use std::time::Duration;

/// What a mailed token opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Confirms the address of an account.
    Verify,
    /// Sets a new password.
    Reset,
    /// Gives an account another address.
    Confirm,
    /// Gives an account back the address it had.
    Undo,
}

impl Purpose {
    /// Every purpose there is.
    pub const ALL: [Self; 4] = [Self::Verify, Self::Reset, Self::Confirm, Self::Undo];

    /// Its stable name, as the store knows it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Reset => "reset",
            Self::Confirm => "confirm",
            Self::Undo => "undo",
        }
    }

    /// How long such a token is good: 24 hours, but 1 hour to set a password and 7 days to have an address back.
    #[must_use]
    pub const fn lifetime(self) -> Duration {
        match self {
            Self::Verify | Self::Confirm => Duration::from_hours(24),
            Self::Reset => Duration::from_hours(1),
            Self::Undo => Duration::from_hours(7 * 24),
        }
    }
}
