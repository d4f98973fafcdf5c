//! How long to wait before the stream is asked for again.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

const SHORTEST: Duration = Duration::from_millis(100);
/// Well below the time after which a set is stale, so that a server that is back is noticed before that.
const LONGEST: Duration = Duration::from_secs(2);

/// Waits longer after each failure. Half of each wait is left to chance, so that those whom one server has lost do not
/// all come back at once.
pub(super) struct Backoff(Duration);

impl Backoff {
    pub(super) const fn new() -> Self {
        Self(SHORTEST)
    }

    /// To be called once all is well.
    pub(super) fn reset(&mut self) {
        *self = Self::new();
    }

    pub(super) fn next(&mut self) -> Duration {
        let longest = self.0;
        self.0 = (longest * 2).min(LONGEST);
        // A hasher's key is the only chance that the standard library has, and good enough for this.
        let thousandths = u32::try_from(RandomState::new().hash_one(()) % 1000).unwrap_or(0);
        longest / 2 + longest * thousandths / 2000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_two_seconds_and_start_over() {
        let mut backoff = Backoff::new();
        for longest in [100, 200, 400, 800, 1600, 2000, 2000] {
            let longest = Duration::from_millis(longest);
            let wait = backoff.next();
            assert!((longest / 2..=longest).contains(&wait), "{wait:?} of {longest:?}");
        }
        backoff.reset();
        assert!(backoff.next() <= SHORTEST);
    }
}
