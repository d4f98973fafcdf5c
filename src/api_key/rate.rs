//! How fast a key may be used: so many requests a minute, and as many at once.
//!
//! What is kept of a key is one moment: when it would have been idle for long enough to have all of them again (the generic
//! cell rate algorithm). A key that has them is forgotten.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::ApiKeyId;
use crate::clock::Timestamp;

/// In what time a key gets all its requests back.
const WINDOW: Duration = Duration::from_mins(1);

/// How many keys are kept before those that have all of theirs are looked for.
const KEPT: usize = 10_000;

/// How many requests each key has made lately.
///
/// Under one lock, which each request of a key takes for as long as one moment is looked up and replaced: two of one key at
/// once must not count as one. Tokens and cookies pass it by.
#[derive(Debug, Default)]
pub(crate) struct KeyRates(Mutex<HashMap<ApiKeyId, Timestamp>>);

impl KeyRates {
    /// Counts a request, of `rate` a minute. If it is one too many it does not count, and the answer is how long to wait.
    pub(super) fn count(&self, key: ApiKeyId, rate: NonZeroU32, now: Timestamp) -> Result<(), Duration> {
        let cost = (WINDOW / rate.get()).max(Duration::from_millis(1));
        let mut idle_by = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = idle_by.get(&key).copied().unwrap_or(now).max(now);
        let taken = begun.since(now) + cost;
        if let Some(wait) = taken.checked_sub(WINDOW).filter(|wait| !wait.is_zero()) {
            return Err(wait);
        }
        if idle_by.len() >= KEPT && !idle_by.contains_key(&key) {
            idle_by.retain(|_, idle_by| *idle_by > now);
        }
        idle_by.insert(key, begun + cost);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_so_many_requests_at_once_and_gets_them_back_one_by_one() {
        let (rates, rate) = (KeyRates::default(), NonZeroU32::new(3).unwrap());
        let (key, other) = (ApiKeyId::new(Timestamp::from_secs(1)), ApiKeyId::new(Timestamp::from_secs(2)));
        let start = Timestamp::from_secs(1000);
        let count = |key, at| rates.count(key, rate, start + Duration::from_secs(at));
        for _ in 0..3 {
            assert_eq!(count(key, 0), Ok(()));
        }
        assert_eq!(count(key, 0), Err(Duration::from_secs(20)));
        assert_eq!(count(key, 15), Err(Duration::from_secs(5)), "the one before did not count");
        assert_eq!(count(other, 15), Ok(()));
        assert_eq!(count(key, 20), Ok(()));
        assert!(count(key, 20).is_err());
        for _ in 0..3 {
            assert_eq!(count(key, 1000), Ok(()));
        }
        assert!(count(key, 1000).is_err());
    }

    #[test]
    fn keys_that_rest_are_forgotten() {
        let (rates, rate) = (KeyRates::default(), NonZeroU32::new(600).unwrap());
        let start = Timestamp::from_secs(1000);
        for second in 0..20_000 {
            let now = start + Duration::from_secs(second);
            rates.count(ApiKeyId::new(now), rate, now).unwrap();
        }
        assert!(rates.0.lock().unwrap().len() <= KEPT);
    }
}
