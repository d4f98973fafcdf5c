//! Whether a set of revocations is current, and what becomes of tokens while it is not.

use std::{
    sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    time::Duration,
};

use crate::clock::Timestamp;

/// How long a client should wait that is told to come back. A feed that is lost tries again more often.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What becomes of tokens that have not been revoked so far as is known, while it is not known well enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnStale {
    /// They are answered with 503 and `Retry-After`: an outage of the feed is one of the guard.
    #[default]
    Refuse,
    /// They pass, and are [counted](super::RevocationSet::judged_while_stale): what is revoked during an outage takes
    /// effect after it, or when the token expires.
    Allow,
}

impl OnStale {
    /// The one of this name, as settings have it: `refuse` or `allow`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Refuse, Self::Allow].into_iter().find(|one| one.as_str() == name)
    }

    /// Its name in settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Allow => "allow",
        }
    }
}

/// Until when a set counts as current.
#[derive(Debug)]
pub(super) struct Currency {
    /// In milliseconds. Every guarded request reads it.
    until: AtomicI64,
    bound: Duration,
    on_stale: OnStale,
    judged_while_stale: AtomicU64,
    is_outage_told: AtomicBool,
}

impl Default for Currency {
    /// Of a set that nobody feeds from elsewhere: it knows everything, always.
    fn default() -> Self {
        Self { until: i64::MAX.into(), ..Self::fed(Duration::MAX, OnStale::Refuse) }
    }
}

impl Currency {
    /// Of a set that has to be confirmed. It has not been yet.
    pub(super) fn fed(bound: Duration, on_stale: OnStale) -> Self {
        Self {
            until: i64::MIN.into(),
            bound,
            on_stale,
            judged_while_stale: AtomicU64::new(0),
            is_outage_told: AtomicBool::new(false),
        }
    }

    pub(super) fn confirm(&self, at: Timestamp) {
        // One that comes late takes nothing back.
        self.until.fetch_max((at + self.bound).as_millis(), Ordering::Release);
        if self.is_outage_told.swap(false, Ordering::Relaxed) {
            tracing::info!("what has been revoked is known again");
        }
    }

    pub(super) fn holds(&self, now: Timestamp) -> bool {
        now.as_millis() < self.until.load(Ordering::Acquire)
    }

    /// How long to wait with a token that has not been revoked as far as is known; nothing if it may pass.
    pub(super) fn refusal(&self, now: Timestamp) -> Option<Duration> {
        if self.holds(now) { None } else { self.refusal_while_stale() }
    }

    #[cold]
    fn refusal_while_stale(&self) -> Option<Duration> {
        self.judged_while_stale.fetch_add(1, Ordering::Relaxed);
        if !self.is_outage_told.swap(true, Ordering::Relaxed) {
            let (bound, on_stale) = (self.bound, self.on_stale);
            tracing::warn!(?bound, ?on_stale, "what has been revoked lately is not known");
        }
        (self.on_stale == OnStale::Refuse).then_some(RETRY_AFTER)
    }

    /// When it was last confirmed; nothing if it never was, or need not be.
    pub(super) fn confirmed_at(&self) -> Option<Timestamp> {
        let until = self.until.load(Ordering::Acquire);
        (until != i64::MIN && until != i64::MAX).then(|| Timestamp::from_millis(until) - self.bound)
    }

    pub(super) fn judged_while_stale(&self) -> u64 {
        self.judged_while_stale.load(Ordering::Relaxed)
    }
}
