//! How long to wait before a mail is tried again, and when to stop.

use std::time::Duration;

use crate::{clock::Timestamp, secret::random_bytes};

/// The wait after the first attempt that failed. It doubles with each further one.
const FIRST: Duration = Duration::from_secs(5);

/// The longest wait.
const LONGEST: Duration = Duration::from_mins(10);

/// A mail that has not left this long after it was asked for is given up.
pub(super) const GIVE_UP_AFTER: Duration = Duration::from_hours(72);

/// When to try again after this many attempts: between half and the whole of the wait, so that mails that failed
/// together are not all tried again together. `None` if that would be too late.
pub(super) fn next_attempt(attempts: i64, asked_at: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(0);
    let wait = FIRST.saturating_mul(2_u32.checked_pow(doublings).unwrap_or(u32::MAX)).min(LONGEST);
    let jitter = random_bytes().map_or(0, u16::from_le_bytes);
    let next = now + wait / 2 + (wait / 2).mul_f64(f64::from(jitter) / f64::from(u16::MAX));
    (next < asked_at + GIVE_UP_AFTER).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_with_jitter_up_to_its_longest_and_then_ends() {
        let now = Timestamp::from_secs(1_000_000);
        for (attempts, longest) in [(0, 5), (1, 5), (2, 10), (3, 20), (8, 600), (1000, 600)] {
            for _ in 0..50 {
                let wait = next_attempt(attempts, now, now).unwrap().since(now);
                let longest = Duration::from_secs(longest);
                assert!(longest / 2 <= wait && wait <= longest, "{attempts}: {wait:?}");
            }
        }
        assert!(next_attempt(9, now - GIVE_UP_AFTER, now).is_none());
        assert!(next_attempt(9, now - GIVE_UP_AFTER + LONGEST * 2, now).is_some());
    }
}
