//! Who may do what by themselves, and who has to do what.

use std::str::FromStr;

use super::ConfigError;
use crate::access;

/// Who may make an account by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistrationPolicy {
    /// Anyone.
    Open,
    /// Nobody: accounts are made by the operator.
    Closed,
    /// Anyone may ask: the account is shut until an administrator opens it.
    Approval,
}

impl RegistrationPolicy {
    /// The policy's name in settings and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Approval => "approval",
        }
    }
}

impl FromStr for RegistrationPolicy {
    type Err = ConfigError;

    fn from_str(name: &str) -> Result<Self, ConfigError> {
        match name {
            "open" => Ok(Self::Open),
            "closed" => Ok(Self::Closed),
            "approval" => Ok(Self::Approval),
            other => Err(ConfigError(format!("registration must be `open`, `closed` or `approval`, not `{other}`"))),
        }
    }
}

/// Who has to have a second factor. Whoever must and has none sets one up before their login is finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecondFactorPolicy {
    /// Nobody has to.
    Optional,
    /// Users with the role `admin`.
    Admins,
    /// Everybody.
    All,
}

impl SecondFactorPolicy {
    /// The policy's name in settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Optional => "optional",
            Self::Admins => "admins",
            Self::All => "all",
        }
    }

    /// Whether a user with these roles has to have one.
    #[must_use]
    pub fn binds(self, roles: &[String]) -> bool {
        match self {
            Self::Optional => false,
            Self::Admins => access::is_admin(roles),
            Self::All => true,
        }
    }
}

impl FromStr for SecondFactorPolicy {
    type Err = ConfigError;

    fn from_str(name: &str) -> Result<Self, ConfigError> {
        match name {
            "optional" => Ok(Self::Optional),
            "admins" => Ok(Self::Admins),
            "all" => Ok(Self::All),
            other => Err(ConfigError(format!("second_factor must be `optional`, `admins` or `all`, not `{other}`"))),
        }
    }
}
