//! Following the database: what other processes revoke is read from it, and what anyone revokes is told to those who
//! follow this process.
//!
//! The database tells of changes, if it can, and is asked now and then all the same.
//!
//! Every change has a number in the database, and numbers become visible in their order. So one small query tells
//! whether there is anything new, and what there is lies above the number that was read last.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::{
    sync::{Semaphore, broadcast, watch},
    time,
};

use super::{Change, Cursor, RevocationSet};
use crate::{
    clock::{SharedClock, Timestamp},
    store::{Notice, Store, StoreError},
};

/// How often the database is asked, whatever it tells. It is the longest that another process goes on accepting a token,
/// but for the query itself; and with a query of one row it is nothing to the database, however many processes ask.
const INTERVAL: Duration = Duration::from_millis(500);

/// How long a look may take. A network that swallows everything would hold it up for a quarter of an hour.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many changes are read at once, so that a million of them take no more memory than the set they end up in.
pub(super) const PAGE: u32 = 500;

/// How many pieces of news a reader may be behind before it has to read from the database instead.
const BACKLOG: usize = 64;

/// How many may follow this process at once.
const SEATS: usize = 256;

/// The journal of revocations in the database. Cloning gives another handle on the same one.
#[derive(Clone)]
pub(crate) struct Journal(Arc<Shared>);

pub(super) struct Shared {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: SharedClock,
    pub(super) seats: Arc<Semaphore>,
    set: RevocationSet,
    told: broadcast::Sender<Told>,
    /// Asks for a look at once.
    nudge: watch::Sender<()>,
    closed: watch::Sender<bool>,
}

/// What those who follow this process are told.
#[derive(Clone)]
pub(super) enum Told {
    /// These changes, in the order of their numbers.
    Changes(Arc<[Change]>),
    /// That they have been told everything up to this number that was there at this moment.
    Current(i64, Timestamp),
    /// That numbers no longer mean what they did.
    StartedOver,
}

impl Journal {
    /// Reads the whole journal into the set, and goes on reading it until the last handle is dropped.
    pub(crate) async fn follow(
        store: Arc<dyn Store>,
        set: RevocationSet,
        clock: SharedClock,
    ) -> Result<Self, StoreError> {
        let (nudge, nudged) = watch::channel(());
        let shared = Arc::new(Shared {
            store,
            clock,
            seats: Arc::new(Semaphore::new(SEATS)),
            set,
            told: broadcast::Sender::new(BACKLOG),
            nudge,
            closed: watch::Sender::new(false),
        });
        // Before the first look, so that nothing falls in between.
        let notice = shared.store.notices().revocations;
        let mut position = shared.store.last_revocation().await?.start();
        shared.catch_up(&mut position).await?;
        tokio::spawn(keep_up(Arc::downgrade(&shared), nudged, notice, position));
        Ok(Self(shared))
    }

    /// Has what this process has just revoked told at once to those who follow it.
    pub(crate) fn nudge(&self) {
        if self.0.told.receiver_count() > 0 {
            self.0.nudge.send_replace(());
        }
    }

    /// Lets go of all who follow this process, now and later on.
    pub(crate) fn close(&self) {
        self.0.closed.send_replace(true);
    }

    pub(super) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.0)
    }
}

impl Shared {
    pub(super) fn subscribe(&self) -> broadcast::Receiver<Told> {
        self.told.subscribe()
    }

    pub(super) fn closed(&self) -> watch::Receiver<bool> {
        self.closed.subscribe()
    }

    /// Puts in force what has been revoked since `position`, and moves it to the end.
    async fn catch_up(&self, position: &mut Cursor) -> Result<(), StoreError> {
        let asked_at = self.clock.now();
        let end = self.store.last_revocation().await?;
        if !position.leads_to(&end) {
            tracing::warn!(%position, %end, "the journal of revocations has lost its end: reading all of it again");
            *position = end.start();
            self.tell(Told::StartedOver);
        }
        while position.change < end.change {
            let page = self.store.revocations_after(position.change, PAGE).await?;
            // Where there is no more, the rest has expired and is forgotten.
            position.change = page.last().map_or(end.change, |last| last.number);
            for change in page.iter().filter(|change| change.revocation.until > asked_at) {
                self.set.insert(change.revocation.clone());
            }
            self.tell(Told::Changes(page.into()));
        }
        self.set.confirm(asked_at);
        self.tell(Told::Current(position.change, asked_at));
        Ok(())
    }

    fn tell(&self, news: Told) {
        // It is no error that nobody listens.
        let _ = self.told.send(news);
    }
}

/// Looks into the database from time to time, and at once when nudged or told.
async fn keep_up(journal: Weak<Shared>, mut nudged: watch::Receiver<()>, mut notice: Notice, mut position: Cursor) {
    let mut is_failing = false;
    loop {
        tokio::select! {
            nudged = nudged.changed() => if nudged.is_err() { break },
            () = notice.given() => (),
            () = time::sleep(INTERVAL) => (),
        }
        let Some(shared) = journal.upgrade() else { break };
        // Where it is cut off it goes on next time: it moves on page by page.
        let looked = time::timeout(PATIENCE, shared.catch_up(&mut position)).await;
        let failed = looked.unwrap_or_else(|late| Err(StoreError::Unavailable(late.into()))).err();
        match &failed {
            Some(error) if !is_failing => {
                tracing::warn!(%error, "revocations cannot be read; those of other processes are not known");
            }
            Some(error) => tracing::debug!(%error, "revocations still cannot be read"),
            None => (),
        }
        is_failing = failed.is_some();
    }
}
