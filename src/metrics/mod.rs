//! What happens, as figures in the text format of Prometheus: [`Portcullis::metrics`](crate::Portcullis::metrics).
//!
//! Figures name nobody. What tells them apart are words of this program, and the templates of routes. Totals count what
//! this process did since it was started; what waits in the outbox waits for every process on the database.
//!
//! | name | labels | what it counts |
//! |---|---|---|
//! | `portcullis_logins_total` | `outcome`, `factor` | steps of logins: how they came out, and with what (RFC 8176) |
//! | `portcullis_turned_away_total` | | attempts not looked at, as too many had been made |
//! | `portcullis_events_total` | `kind` | rows of the [trail](crate::audit) |
//! | `portcullis_hook_events_missed_total` | | rows that no [hook](crate::Builder::on_event) was told of |
//! | `portcullis_guard_verdicts_total` | `verdict`, `reason` | what the [guards](crate::guard::Verdict) of these accounts decided |
//! | `portcullis_http_requests_total` | `method`, `route`, `status` | requests by the class of their status, `2xx` |
//! | `portcullis_http_request_duration_seconds` | `method`, `route`, `le` | how long they took until the answer began |
//! | `portcullis_hash_queue`, `portcullis_hash_queue_limit` | | passwords that wait for a thread, and how many may |
//! | `portcullis_hashes_total`, `portcullis_password_ratings_total` | | passwords hashed and rated |
//! | `portcullis_hash_refusals_total` | | passwords turned away as the queue was full |
//! | `portcullis_mail_waiting`, `portcullis_mail_oldest_seconds` | | mails in the outbox, and for how long the oldest waits |
//! | `portcullis_mail_sent_total`, `…_put_off_total`, `…_given_up_total` | | mails sent, tried in vain, given up |
//! | `portcullis_revocations` | | revocations in force |
//! | `portcullis_revocations_stale` | | 1 while it is not known what others revoke |
//! | `portcullis_revocations_age_seconds` | | how long ago it was known last |
//! | `portcullis_judged_while_stale_total` | | tokens judged meanwhile |
//! | `portcullis_database_up` | | 1 if the database answered just now |
//! | `portcullis_database_connections` | `pool`, `state` | open connections, `idle` and `used` |
//! | `portcullis_database_connections_limit` | `pool` | how many there may be |
//! | `portcullis_database_timeouts_total` | `pool` | times when none came free soon enough |
//! | `portcullis_sweeps_total` | `outcome` | times when what has expired was forgotten, or could not be |
//! | `portcullis_last_sweep_timestamp_seconds` | | when it was last |
//! | `portcullis_build_info` | `version` | always 1 |
//!
//! Of HTTP what is counted goes through `Portcullis::watched`, or is
//! [stated](crate::Portcullis::count_request) by a server that is not made with axum.

mod events;
mod gather;
mod requests;
mod text;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use self::{events::EventFigures, requests::RequestFigures};
use crate::{clock::Timestamp, guard::Verdicts, store::Store};

/// What is counted where it happens and nowhere else to be had.
pub(crate) struct Figures {
    pub(crate) verdicts: Verdicts,
    pub(crate) turned_away: Counter,
    pub(crate) requests: RequestFigures,
    pub(crate) sweeps: SweepFigures,
    events: Arc<EventFigures>,
}

impl Figures {
    /// Figures that count what this store writes.
    pub(crate) fn observing(store: &dyn Store) -> Self {
        let events = Arc::<EventFigures>::default();
        let observer = Arc::downgrade(&events);
        store.observe(observer);
        Self {
            verdicts: Verdicts::default(),
            turned_away: Counter::default(),
            requests: RequestFigures::default(),
            sweeps: SweepFigures::default(),
            events,
        }
    }
}

/// A number that only ever grows.
#[derive(Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn count(&self) {
        self.add(1);
    }

    fn add(&self, many: u64) {
        self.0.fetch_add(many, Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// How often what has expired was forgotten.
#[derive(Default)]
pub(crate) struct SweepFigures {
    done: Counter,
    failed: Counter,
    last_secs: AtomicU64,
}

impl SweepFigures {
    /// Counts one that has ended: `Some` with the time where it was done.
    pub(crate) fn count(&self, done_at: Option<Timestamp>) {
        let Some(at) = done_at else { return self.failed.count() };
        self.done.count();
        self.last_secs.store(u64::try_from(at.as_secs()).unwrap_or_default(), Relaxed);
    }

    /// When one was done last, in seconds since the Unix epoch; 0 if none was.
    fn last(&self) -> u64 {
        self.last_secs.load(Relaxed)
    }
}
