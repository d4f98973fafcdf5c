//! What is remembered of a login between its steps.

use std::time::Duration;

use crate::{account::UserId, clock::Timestamp};

/// How long a flow lives.
pub const FLOW_LIFETIME: Duration = Duration::from_mins(5);

/// What a login still has to do. A flow is good for its own step only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// Show a second factor.
    SecondFactor,
    /// Set one up, because the service asks for one and the account has none.
    Enrolment,
    /// Choose a new password, because whoever made or reset the account asks for it.
    NewPassword,
}

impl Step {
    const ALL: [Self; 3] = [Self::SecondFactor, Self::Enrolment, Self::NewPassword];

    /// The step's stable name, as the store keeps it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SecondFactor => "second_factor",
            Self::Enrolment => "enrolment",
            Self::NewPassword => "new_password",
        }
    }

    /// The step with this stable name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.as_str() == name)
    }
}

/// A login between two steps: who it is, and what they have shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// What it waits for.
    pub step: Step,
    /// Who is logging in.
    pub user: UserId,
    /// How they have shown so far who they are: RFC 8176 values.
    pub amr: Vec<String>,
    /// When they did.
    pub auth_time: Timestamp,
    /// The version of the password that was checked.
    pub password_version: i64,
    /// The generation the user had then.
    pub generation: i64,
    /// Whether they asked to be remembered.
    pub remember: bool,
    /// When it ends.
    pub expires_at: Timestamp,
}
