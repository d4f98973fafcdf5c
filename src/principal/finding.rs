//! What a principal rests on that is remembered by its credential.

use std::{
    ops::Range,
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
};

use crate::clock::Timestamp;

/// When, by what and as of which revocations a credential was found good.
///
/// It lies in one piece with the principal and the credential itself: to look one up that has not been used lately is to
/// wait for memory, and this way it is waited for once.
#[derive(Debug)]
pub(crate) struct Finding {
    good: Range<Timestamp>,
    keys: u64,
    epoch: AtomicU64,
    used: AtomicBool,
}

impl Finding {
    /// `good` is the time in which the credential is good, `keys` the generation of the ring that it was verified under,
    /// `epoch` one of the revocations in which it was not revoked.
    pub(crate) fn new(good: Range<Timestamp>, keys: u64, epoch: u64) -> Self {
        Self { good, keys, epoch: epoch.into(), used: AtomicBool::new(false) }
    }

    /// Until when the credential is good.
    pub(crate) fn until(&self) -> Timestamp {
        self.good.end
    }

    pub(crate) fn holds(&self, now: Timestamp, keys: u64) -> bool {
        self.keys == keys && self.good.contains(&now)
    }

    /// Asks only when something has been revoked since it asked last: whether the credential is covered.
    pub(super) fn is_revoked(&self, epoch: u64, is_covered: impl FnOnce() -> bool) -> bool {
        if self.epoch.load(Relaxed) == epoch {
            return false;
        }
        let covered = is_covered();
        if !covered {
            self.epoch.store(epoch, Relaxed);
        }
        covered
    }

    pub(crate) fn note_use(&self) {
        // Only the first time, so that a credential in use is not written to by every thread that uses it.
        if !self.used.load(Relaxed) {
            self.used.store(true, Relaxed);
        }
    }

    /// Whether it was used since this was asked last.
    pub(crate) fn was_used(&self) -> bool {
        self.used.swap(false, Relaxed)
    }
}
