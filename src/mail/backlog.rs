//! What is in the outbox, and whether that is cause for concern.

use std::time::Duration;

use crate::clock::Timestamp;

/// Mail that has waited for longer than this is late.
const LATE_AFTER: Duration = Duration::from_mins(5);

/// How long a mail that was given up shows.
pub(super) const SHOWN_FOR: Duration = Duration::from_hours(24);

/// What is in the outbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MailBacklog {
    /// How many mails have not left yet.
    pub waiting: u64,
    /// When the one that waits longest was asked for.
    pub oldest: Option<Timestamp>,
    /// How many were given up within the last day.
    pub given_up: u64,
}

/// How the mail is doing, in one word.
///
/// It says no more: figures that change with single mails would tell a stranger, who asks for a reset and then looks,
/// whether there was somebody to write to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailState {
    /// Mails leave.
    Ok,
    /// One has been waiting for more than five minutes.
    Late,
    /// One was given up within the last day.
    Failing,
}

impl MailBacklog {
    /// What that amounts to.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> MailState {
        if self.given_up > 0 {
            MailState::Failing
        } else if self.oldest.is_some_and(|oldest| now.since(oldest) > LATE_AFTER) {
            MailState::Late
        } else {
            MailState::Ok
        }
    }
}

impl MailState {
    /// The state's name in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Late => "late",
            Self::Failing => "failing",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_is_late_after_five_minutes_and_failing_when_one_was_given_up() {
        let now = Timestamp::from_secs(10_000);
        let state = |oldest, given_up| MailBacklog { waiting: 1, oldest, given_up }.state(now);
        assert_eq!(state(None, 0), MailState::Ok);
        assert_eq!(state(Some(now - LATE_AFTER), 0), MailState::Ok);
        assert_eq!(state(Some(now - LATE_AFTER - Duration::from_millis(1)), 0), MailState::Late);
        assert_eq!(state(Some(now), 1), MailState::Failing);
    }
}
