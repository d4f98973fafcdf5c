//! A clock that a test moves.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use crate::clock::{Clock, Timestamp};

/// A clock that stands still until it is moved.
///
/// ```
/// use std::{sync::Arc, time::Duration};
/// use portcullis::{clock::{Clock, Timestamp}, testing::ManualClock};
///
/// let clock = Arc::new(ManualClock::at(Timestamp::from_secs(1_000)));
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(clock.now(), Timestamp::from_secs(1_060));
/// ```
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows this moment.
    #[must_use]
    pub const fn at(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.as_millis()))
    }

    /// Moves the clock forward.
    pub fn advance(&self, span: Duration) {
        let moved = self.now() + span;
        self.0.store(moved.as_millis(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}
