//! Whether the connections that rest in a pool may be to a server that takes no writes any more.
//!
//! After a failover, what is in between may have moved on to another server while the old one still answers: it reads, and
//! refuses every write. Left alone, its connections would be handed out again and again.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

/// How long connections are doubted after one was found that takes no writes.
const LASTS: Duration = Duration::from_secs(10);

/// A doubt that all connections of a pool share.
#[derive(Clone, Debug)]
pub(super) struct Doubt {
    begin: Instant,
    /// When it ends, in milliseconds after `begin`.
    end: Arc<AtomicU64>,
}

impl Default for Doubt {
    fn default() -> Self {
        Self { begin: Instant::now(), end: Arc::default() }
    }
}

impl Doubt {
    /// A connection was found that takes no writes.
    pub(super) fn raise(&self) {
        self.end.store(self.passed().saturating_add(millis(LASTS)), Relaxed);
    }

    /// Whether one was found lately.
    #[cfg(feature = "postgres")]
    pub(super) fn lasts(&self) -> bool {
        self.passed() < self.end.load(Relaxed)
    }

    fn passed(&self) -> u64 {
        millis(self.begin.elapsed())
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
