//! What all handles on the same remote keys share.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use tokio::{runtime::Handle, sync::watch, time};

use super::{
    RemoteError,
    flight::{self, Flight, Landing, Prospect},
    load::{Loaded, Loader},
    schedule::{Decision, Occasion, Schedule},
    set::KeySet,
};
use crate::{
    clock::{SharedClock, Timestamp},
    jwt::TokenErrorKind,
};

/// How long keys are good for. The default is what the [module](super) says.
pub(super) struct Timing {
    pub(super) cool_down: Duration,
    pub(super) shortest: Duration,
    pub(super) longest: Duration,
    pub(super) keep_for: Duration,
}

/// How long keys are used before they are fetched again where the answer does not say.
const UNSTATED: Duration = Duration::from_mins(10);

impl Default for Timing {
    fn default() -> Self {
        Self {
            cool_down: Duration::from_secs(30),
            shortest: Duration::from_mins(1),
            longest: Duration::from_hours(1),
            keep_for: Duration::from_hours(24),
        }
    }
}

pub(super) struct Shared {
    loader: Loader,
    timing: Timing,
    timeout: Duration,
    clock: SharedClock,
    runtime: Handle,
    current: ArcSwap<KeySet>,
    /// When the keys are to be fetched without being asked for, in milliseconds; never while they are. It follows
    /// `schedule`, so that those who only pass by need not lock that.
    due: AtomicI64,
    schedule: Mutex<Schedule>,
    landed: watch::Sender<Landing>,
}

impl Shared {
    pub(super) fn start(
        loader: Loader,
        timing: Timing,
        timeout: Duration,
        clock: SharedClock,
        runtime: Handle,
    ) -> Arc<Self> {
        let now = clock.now();
        let shared = Arc::new(Self {
            current: ArcSwap::from_pointee(KeySet::none(now)),
            due: AtomicI64::new(now.as_millis()),
            schedule: Mutex::new(Schedule::new(timing.cool_down, now)),
            landed: watch::Sender::new(Ok(())),
            loader,
            timing,
            timeout,
            clock,
            runtime,
        });
        shared.runtime.spawn(flight::refresh_in_time(Arc::downgrade(&shared), shared.landed.subscribe()));
        shared
    }

    pub(super) fn loader(&self) -> &Loader {
        &self.loader
    }

    /// The keys, if they may still be used. Nobody waits for the fetch that this may start.
    pub(super) fn usable(self: &Arc<Self>) -> Option<arc_swap::Guard<Arc<KeySet>>> {
        let now = self.clock.now();
        if now >= self.due() {
            self.decide(Occasion::Due).ok();
        }
        let current = self.current.load();
        current.is_usable(now).then_some(current)
    }

    pub(super) fn generation(&self) -> u64 {
        self.current.load().generation()
    }

    /// How long until keys are to be fetched without being asked for.
    pub(super) fn until_due(&self) -> Duration {
        self.due().since(self.clock.now())
    }

    pub(super) fn unavailable(&self) -> TokenErrorKind {
        self.schedule().unavailable(self.clock.now())
    }

    pub(super) fn was_not_found(&self, kid: String) {
        self.schedule().was_not_found(kid, self.clock.now());
    }

    /// Sees to it that keys are being fetched, if they should be.
    pub(super) fn decide(self: &Arc<Self>, occasion: Occasion<'_>) -> Result<Prospect, TokenErrorKind> {
        let mut schedule = self.schedule();
        let now = self.clock.now();
        // Fetches land under the lock, so that none can land unseen between what was missed and what is decided.
        if self.is_settled(occasion, now) {
            return Ok(Prospect::Settled);
        }
        let decision = schedule.decide(occasion, now);
        self.publish_due(&schedule);
        let landing = self.landed.subscribe();
        // Spawning may drop the flight at once, which locks the schedule.
        drop(schedule);
        match decision {
            Decision::Refuse(kind) => Err(kind),
            Decision::Join => Ok(Prospect::Joined(landing)),
            Decision::Start => {
                self.runtime.spawn(Flight::of(Arc::clone(self)).fly());
                Ok(Prospect::Started(landing))
            }
        }
    }

    /// Whether what somebody missed has come meanwhile.
    fn is_settled(&self, occasion: Occasion<'_>, now: Timestamp) -> bool {
        let current = self.current.load();
        match occasion {
            Occasion::NoKeys => current.is_usable(now),
            Occasion::UnknownKid(kid) => current.find(Some(kid)).is_some(),
            Occasion::Due => now < self.due(),
            Occasion::Asked => false,
        }
    }

    /// To be called by the one fetch that is under way.
    pub(super) async fn load(&self) -> Result<Loaded, RemoteError> {
        let known = self.current.load_full();
        time::timeout(self.timeout, self.loader.load(&known)).await.unwrap_or(Err(RemoteError::Timeout))
    }

    /// Takes what that fetch came to. Until then it counts as under way.
    pub(super) fn land(&self, loaded: Result<Loaded, RemoteError>) {
        let now = self.clock.now();
        let landing = loaded.as_ref().map(|_| ()).map_err(Clone::clone);
        let mut schedule = self.schedule();
        match loaded {
            Ok(Loaded { keys, fresh_for }) => {
                let fresh_for = fresh_for.unwrap_or(UNSTATED).clamp(self.timing.shortest, self.timing.longest);
                if keys.is_some() {
                    tracing::info!(from = %self.loader.place, "verifying with new keys");
                }
                let good_until = now + self.timing.keep_for.max(fresh_for);
                self.current.store(Arc::new(self.current.load().next(keys, good_until)));
                schedule.succeeded(now, fresh_for);
            }
            Err(error) => {
                tracing::warn!(from = %self.loader.place, %error, "keys could not be fetched");
                schedule.failed(now);
            }
        }
        self.publish_due(&schedule);
        self.landed.send_modify(|last| *last = landing);
    }

    fn due(&self) -> Timestamp {
        Timestamp::from_millis(self.due.load(Ordering::Relaxed))
    }

    fn publish_due(&self, schedule: &Schedule) {
        self.due.store(schedule.due().map_or(i64::MAX, Timestamp::as_millis), Ordering::Relaxed);
    }

    fn schedule(&self) -> MutexGuard<'_, Schedule> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
