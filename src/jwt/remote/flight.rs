//! Fetches on their way, and when they start by themselves.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::{sync::watch, time};

use super::{RemoteError, load::Loaded, shared::Shared};

/// What a fetch came to.
pub(super) type Landing = Result<(), RemoteError>;

/// What somebody who wants keys has to look forward to.
pub(super) enum Prospect {
    /// They have them.
    Settled,
    /// A fetch that began for them.
    Started(watch::Receiver<Landing>),
    /// A fetch that was under way before.
    Joined(watch::Receiver<Landing>),
}

impl Prospect {
    /// Waits for the fetch to land.
    pub(super) async fn landed(self) -> Landing {
        match self {
            Self::Settled => Ok(()),
            Self::Started(mut landing) | Self::Joined(mut landing) => {
                landing.changed().await.map_err(|_| RemoteError::Abandoned)?;
                landing.borrow().clone()
            }
        }
    }
}

/// One fetch. However it ends, it lands: also where the fetcher panics, or the runtime drops it.
pub(super) struct Flight {
    shared: Arc<Shared>,
    loaded: Option<Result<Loaded, RemoteError>>,
}

impl Flight {
    pub(super) fn of(shared: Arc<Shared>) -> Self {
        Self { shared, loaded: Some(Err(RemoteError::Abandoned)) }
    }

    pub(super) async fn fly(mut self) {
        self.loaded = Some(self.shared.load().await);
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if let Some(loaded) = self.loaded.take() {
            self.shared.land(loaded);
        }
    }
}

/// The most that is slept in one go. Sleep does not see the clock being set, or the machine being suspended.
const LONGEST_SLEEP: Duration = Duration::from_mins(1);
const SHORTEST_SLEEP: Duration = Duration::from_secs(1);

/// Has the keys fetched when they are due, also where nobody asks for them, until nobody holds them any more.
pub(super) async fn refresh_in_time(keys: Weak<Shared>, mut landed: watch::Receiver<Landing>) {
    while let Some(shared) = keys.upgrade() {
        shared.usable();
        let pause = shared.until_due().clamp(SHORTEST_SLEEP, LONGEST_SLEEP);
        drop(shared);
        // Also woken by a fetch that lands, as that decides when the next one is due, and by the end of the keys.
        time::timeout(pause, landed.changed()).await.ok();
    }
}
