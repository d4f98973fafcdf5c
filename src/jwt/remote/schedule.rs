//! When keys are fetched: the decisions alone, without a clock or a network.

use std::time::Duration;

use super::unknown::UnknownKids;
use crate::{clock::Timestamp, jwt::TokenErrorKind};

/// The pause after a first failure. It doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause after a failure.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What somebody wants keys for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Occasion<'a> {
    /// The keys at hand have been used for long enough.
    Due,
    /// There are no keys to verify with.
    NoKeys,
    /// None of the keys at hand has this id.
    UnknownKid(&'a str),
    /// Somebody insists.
    Asked,
}

/// What comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Fetch them.
    Start,
    /// They are being fetched already: wait for that.
    Join,
    /// Do without.
    Refuse(TokenErrorKind),
}

/// Holds that one fetch is under way at most, and the pauses between them.
#[derive(Debug)]
pub(super) struct Schedule {
    cool_down: Duration,
    in_flight: bool,
    failures: u32,
    due: Timestamp,
    /// Before this, a failure is too recent.
    retry_at: Timestamp,
    /// Before this, an unknown id is too recent.
    next_unknown: Timestamp,
    unknown: UnknownKids,
}

impl Schedule {
    pub(super) fn new(cool_down: Duration, now: Timestamp) -> Self {
        Self {
            cool_down,
            in_flight: false,
            failures: 0,
            due: now,
            retry_at: now,
            next_unknown: now,
            unknown: UnknownKids::default(),
        }
    }

    /// After [`Decision::Start`] a fetch counts as under way until it has [succeeded](Self::succeeded) or
    /// [failed](Self::failed).
    pub(super) fn decide(&mut self, occasion: Occasion<'_>, now: Timestamp) -> Decision {
        if let Occasion::UnknownKid(kid) = occasion
            && self.unknown.contains(kid, now)
        {
            return Decision::Refuse(TokenErrorKind::UnknownKey);
        }
        if self.in_flight {
            return Decision::Join;
        }
        if !matches!(occasion, Occasion::Asked) && pause(self.retry_at, now, LONGEST_PAUSE).is_some() {
            return Decision::Refuse(self.unavailable(now));
        }
        if let Occasion::UnknownKid(_) = occasion {
            if pause(self.next_unknown, now, self.cool_down).is_some() {
                return Decision::Refuse(TokenErrorKind::UnknownKey);
            }
            self.next_unknown = now + self.cool_down;
        }
        self.in_flight = true;
        Decision::Start
    }

    pub(super) fn succeeded(&mut self, now: Timestamp, fresh_for: Duration) {
        self.in_flight = false;
        self.failures = 0;
        self.retry_at = now;
        self.due = now + fresh_for;
    }

    pub(super) fn failed(&mut self, now: Timestamp) {
        self.in_flight = false;
        let doubled = FIRST_PAUSE.saturating_mul(1_u32.checked_shl(self.failures).unwrap_or(u32::MAX));
        self.failures = self.failures.saturating_add(1);
        self.retry_at = now + doubled.min(LONGEST_PAUSE);
        self.due = self.retry_at;
        // Nothing was learned about the id that this may have been for.
        self.next_unknown = now;
    }

    /// When keys are to be fetched without being asked for; none while they are being fetched.
    pub(super) fn due(&self) -> Option<Timestamp> {
        (!self.in_flight).then_some(self.due)
    }

    /// That nobody can tell now, and when to come back.
    pub(super) fn unavailable(&self, now: Timestamp) -> TokenErrorKind {
        let pause = pause(self.retry_at, now, LONGEST_PAUSE).unwrap_or(FIRST_PAUSE);
        TokenErrorKind::KeysUnavailable { retry_after: pause.max(FIRST_PAUSE) }
    }

    /// Keys were fetched to find this id, and it was not among them.
    pub(super) fn was_not_found(&mut self, kid: String, now: Timestamp) {
        self.unknown.insert(kid, now);
    }
}

/// What is left of a pause. One that is longer than it can be shows that the clock was set back, and is over.
fn pause(until: Timestamp, now: Timestamp, longest: Duration) -> Option<Duration> {
    let left = until.since(now);
    (!left.is_zero() && left <= longest).then_some(left)
}

#[cfg(test)]
mod tests {
    use super::{Decision::*, *};

    const COOL_DOWN: Duration = Duration::from_secs(30);
    const UNKNOWN: Decision = Refuse(TokenErrorKind::UnknownKey);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_secs(seconds)
    }

    fn unavailable(seconds: u64) -> Decision {
        Refuse(TokenErrorKind::KeysUnavailable { retry_after: Duration::from_secs(seconds) })
    }

    fn fetched() -> Schedule {
        let mut schedule = Schedule::new(COOL_DOWN, at(0));
        assert_eq!(schedule.decide(Occasion::NoKeys, at(0)), Start);
        schedule.succeeded(at(0), Duration::from_mins(10));
        schedule
    }

    #[test]
    fn one_fetch_is_under_way_at_most() {
        let mut schedule = Schedule::new(COOL_DOWN, at(0));
        assert_eq!(schedule.decide(Occasion::NoKeys, at(0)), Start);
        for occasion in [Occasion::NoKeys, Occasion::UnknownKid("a"), Occasion::Due, Occasion::Asked] {
            assert_eq!(schedule.decide(occasion, at(1)), Join);
        }
        assert_eq!(schedule.due(), None);
        schedule.succeeded(at(2), Duration::from_mins(10));
        assert_eq!(schedule.due(), Some(at(602)));
        assert_eq!(schedule.decide(Occasion::Asked, at(2)), Start);
    }

    #[test]
    fn unknown_ids_cause_one_fetch_in_a_cool_down() {
        let mut schedule = fetched();
        assert_eq!(schedule.decide(Occasion::UnknownKid("a"), at(10)), Start);
        schedule.succeeded(at(11), Duration::from_mins(10));
        schedule.was_not_found("a".into(), at(11));
        assert_eq!(schedule.decide(Occasion::UnknownKid("b"), at(39)), UNKNOWN);
        assert_eq!(schedule.decide(Occasion::UnknownKid("a"), at(40)), UNKNOWN);
        assert_eq!(schedule.decide(Occasion::UnknownKid("b"), at(40)), Start);
    }

    #[test]
    fn pauses_after_failures_double_up_to_half_a_minute() {
        let mut schedule = Schedule::new(COOL_DOWN, at(0));
        let mut now = at(0);
        for expected in [1, 2, 4, 8, 16, 30, 30, 30] {
            assert_eq!(schedule.decide(Occasion::NoKeys, now), Start);
            schedule.failed(now);
            assert_eq!(schedule.decide(Occasion::NoKeys, now), unavailable(expected));
            assert_eq!(schedule.due(), Some(now + Duration::from_secs(expected)));
            now = now + Duration::from_secs(expected);
        }
        schedule.failures = u32::MAX;
        schedule.failed(now);
        assert_eq!(schedule.decide(Occasion::NoKeys, now), unavailable(30));
    }

    #[test]
    fn after_a_failure_nobody_can_tell_whether_an_id_is_known() {
        let mut schedule = fetched();
        assert_eq!(schedule.decide(Occasion::UnknownKid("a"), at(10)), Start);
        schedule.failed(at(10));
        assert_eq!(schedule.decide(Occasion::UnknownKid("a"), at(10)), unavailable(1));
        assert_eq!(schedule.decide(Occasion::UnknownKid("b"), at(11)), Start);
    }

    #[test]
    fn a_clock_that_is_set_back_prolongs_no_pause() {
        let mut schedule = fetched();
        assert_eq!(schedule.decide(Occasion::UnknownKid("a"), at(100_000)), Start);
        schedule.succeeded(at(100_000), Duration::from_mins(10));
        assert_eq!(schedule.decide(Occasion::UnknownKid("b"), at(50)), Start);
        schedule.failed(at(100_000));
        assert_eq!(schedule.decide(Occasion::NoKeys, at(50)), Start);
    }
}
