//! Reading along: what has been revoked, from any place in the journal on, and then as it happens.

use std::{fmt, sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, broadcast, broadcast::error::RecvError, watch},
    time::Instant,
};

use super::{
    Change, Cursor, Revocation,
    journal::{PAGE, Shared, Told},
};
use crate::{account::Accounts, clock::Timestamp, error::Error};

/// How often readers are told that there is nothing new.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// What is revoked, for whoever keeps a set of revocations elsewhere. Made by [`Accounts::revocation_changes`].
///
/// It holds no more than a few hundred changes at a time. Whoever reads slowly is not skipped: what they missed is read
/// from the database.
pub struct Changes {
    journal: Arc<Shared>,
    position: Cursor,
    live: broadcast::Receiver<Told>,
    is_live: bool,
    closed: watch::Receiver<bool>,
    last_confirmed: Instant,
    _seat: OwnedSemaphorePermit,
}

/// What there is to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// What has been revoked. None if this is only to say that nothing has.
    pub revocations: Vec<Revocation>,
    /// The moment before which everything that was revoked has been told with this. None if more is to come at once.
    pub current_at: Option<Timestamp>,
    /// Where to go on if this was the last news that came through.
    pub cursor: Cursor,
}

impl Accounts {
    /// What has been revoked since `after`, a cursor that was read before, and then everything as it is revoked.
    /// Without a cursor, or with one from another database, it begins with all that is in force. A cursor never grows
    /// too old: what it might miss has expired.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the database does not answer; [`Error::Overloaded`] if 256 are reading along already.
    pub async fn revocation_changes(&self, after: Option<&Cursor>) -> Result<Changes, Error> {
        Changes::after(self.inner().journal.shared(), after).await
    }
}

impl Changes {
    async fn after(journal: Arc<Shared>, after: Option<&Cursor>) -> Result<Self, Error> {
        let seat = Arc::clone(&journal.seats).try_acquire_owned();
        let seat = seat.map_err(|_| Error::Overloaded { retry_after: HEARTBEAT })?;
        let end = journal.store.last_revocation().await?;
        let position = after.filter(|after| after.leads_to(&end)).cloned().unwrap_or_else(|| end.start());
        let (live, closed) = (journal.subscribe(), journal.closed());
        Ok(Self { journal, position, live, is_live: false, closed, last_confirmed: Instant::now(), _seat: seat })
    }

    /// Waits for news. There is some every two to three seconds, as long as the database answers. None once it is time
    /// to begin anew: the server is stopping, or the database has lost what it last told.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the database does not answer where it has to be read.
    pub async fn next(&mut self) -> Result<Option<News>, Error> {
        let mut closed = self.closed.clone();
        tokio::select! {
            // Once it is closed nothing more is told, whatever there is to tell.
            biased;
            _ = closed.wait_for(|closed| *closed) => Ok(None),
            news = self.open_next() => news,
        }
    }

    async fn open_next(&mut self) -> Result<Option<News>, Error> {
        loop {
            if !self.is_live {
                return self.read().await;
            }
            match self.live.recv().await {
                Ok(Told::Changes(changes)) => {
                    let new = changes.iter().filter(|change| change.number > self.position.change);
                    let new: Vec<_> = new.cloned().collect();
                    if !new.is_empty() {
                        return Ok(Some(self.news(new, None)));
                    }
                }
                // Either this process has not read as far as the reader has, or the journal has lost its end.
                Ok(Told::Current(number, _)) if number < self.position.change => self.is_live = false,
                Ok(Told::Current(number, at)) => {
                    if number > self.position.change || self.last_confirmed.elapsed() >= HEARTBEAT {
                        self.position.change = number;
                        return Ok(Some(self.news(Vec::new(), Some(at))));
                    }
                }
                Ok(Told::StartedOver) | Err(RecvError::Closed) => return Ok(None),
                Err(RecvError::Lagged(_)) => self.is_live = false,
            }
        }
    }

    /// The next page of the journal, from the database.
    async fn read(&mut self) -> Result<Option<News>, Error> {
        let journal = Arc::clone(&self.journal);
        let asked_at = journal.clock.now();
        if !self.position.leads_to(&journal.store.last_revocation().await?) {
            return Ok(None);
        }
        let page = journal.store.revocations_after(self.position.change, PAGE).await?;
        let is_last = page.len() < PAGE as usize;
        self.is_live = is_last;
        Ok(Some(self.news(page, is_last.then_some(asked_at))))
    }

    fn news(&mut self, changes: Vec<Change>, current_at: Option<Timestamp>) -> News {
        if let Some(last) = changes.last() {
            self.position.change = last.number;
        }
        if current_at.is_some() {
            self.last_confirmed = Instant::now();
        }
        let revocations = changes.into_iter().map(|change| change.revocation).collect();
        News { revocations, current_at, cursor: self.position.clone() }
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes").field("position", &self.position).finish_non_exhaustive()
    }
}
