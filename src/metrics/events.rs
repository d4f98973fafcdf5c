//! The rows of the trail, counted as they are written.

use super::Counter;
use crate::audit::{Event, EventKind, Observe, Outcome};

/// How many rows of each kind were written, and of logins with what.
pub(super) struct EventFigures {
    by_kind: [Counter; EventKind::ALL.len()],
    logins: [[Counter; Factor::ALL.len()]; OUTCOMES.len()],
}

const OUTCOMES: [Outcome; 3] = [Outcome::Success, Outcome::Failure, Outcome::Pending];

/// What was shown at a step of a login, in the words of RFC 8176: a password, a code, a key.
#[derive(Clone, Copy)]
enum Factor {
    Password,
    PasswordAndCode,
    PasswordAndKey,
    Key,
    Code,
    Other,
}

impl Factor {
    const ALL: [Self; 6] =
        [Self::Password, Self::PasswordAndCode, Self::PasswordAndKey, Self::Key, Self::Code, Self::Other];

    fn of(amr: &[String]) -> Self {
        let has = |word: &str| amr.iter().any(|one| one == word);
        match (has("pwd"), has("otp"), has("hwk")) {
            (true, true, _) => Self::PasswordAndCode,
            (true, false, true) => Self::PasswordAndKey,
            (true, false, false) => Self::Password,
            (false, _, true) => Self::Key,
            (false, true, false) => Self::Code,
            (false, false, false) => Self::Other,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "pwd",
            Self::PasswordAndCode => "pwd+otp",
            Self::PasswordAndKey => "pwd+hwk",
            Self::Key => "hwk",
            Self::Code => "otp",
            Self::Other => "other",
        }
    }
}

impl EventFigures {
    /// Every kind, and how many there were.
    pub(super) fn kinds(&self) -> impl Iterator<Item = (&'static str, u64)> {
        EventKind::ALL.into_iter().zip(&self.by_kind).map(|(kind, counter)| (kind.as_str(), counter.get()))
    }

    /// Every outcome and factor of a step of a login, and how many there were.
    pub(super) fn logins(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
        OUTCOMES.into_iter().zip(&self.logins).flat_map(|(outcome, counters)| {
            let factors = Factor::ALL.into_iter().zip(counters);
            factors.map(move |(factor, counter)| (outcome.as_str(), factor.as_str(), counter.get()))
        })
    }
}

impl Default for EventFigures {
    fn default() -> Self {
        Self { by_kind: std::array::from_fn(|_| Counter::default()), logins: Default::default() }
    }
}

impl Observe for EventFigures {
    fn written(&self, event: &Event) {
        if let Some(counter) = self.by_kind.get(event.kind as usize) {
            counter.count();
        }
        let is_of_login = match event.kind {
            EventKind::LoginSucceeded | EventKind::LoginFailed | EventKind::LoginUnfinished => true,
            // Whoever is logged in already is asked for codes too.
            EventKind::SecondFactorFailed => event.session.is_none(),
            _ => false,
        };
        if is_of_login && let Some(counters) = self.logins.get(event.kind.outcome() as usize) {
            counters.get(Factor::of(&event.amr) as usize).map(Counter::count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        account::time_ordered_uuid,
        clock::Timestamp,
        session::{Device, SessionId},
    };

    fn event(kind: EventKind, amr: &[&str]) -> Event {
        Event::new(kind, Timestamp::from_secs(0), &Device::default()).amr(amr.iter().copied())
    }

    #[test]
    fn every_kind_has_a_counter_of_its_own() {
        let figures = EventFigures::default();
        for kind in EventKind::ALL {
            figures.written(&event(kind, &[]));
        }
        assert!(figures.kinds().all(|(_, count)| count == 1));
        assert!(EventKind::ALL.into_iter().enumerate().all(|(position, kind)| kind as usize == position));
    }

    #[test]
    fn steps_of_a_login_are_counted_by_outcome_and_factor() {
        let figures = EventFigures::default();
        figures.written(&event(EventKind::LoginSucceeded, &["pwd", "otp", "mfa"]));
        figures.written(&event(EventKind::LoginSucceeded, &["hwk", "user", "mfa"]));
        figures.written(&event(EventKind::LoginFailed, &["pwd"]));
        figures.written(&event(EventKind::LoginUnfinished, &["pwd"]));
        figures.written(&event(EventKind::LoginUnfinished, &["face"]));
        figures.written(&event(EventKind::SecondFactorFailed, &["otp"]));
        let session = SessionId(time_ordered_uuid(Timestamp::from_secs(0)));
        figures.written(&event(EventKind::SecondFactorFailed, &["otp"]).session(session));
        let counted: Vec<_> = figures.logins().filter(|(.., count)| *count > 0).collect();
        assert_eq!(
            counted,
            [
                ("success", "pwd+otp", 1),
                ("success", "hwk", 1),
                ("failure", "pwd", 1),
                ("failure", "otp", 1),
                ("pending", "pwd", 1),
                ("pending", "other", 1),
            ]
        );
    }
}
