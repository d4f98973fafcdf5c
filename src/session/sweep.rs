//! Forgetting what has expired, in memory and in the database.

use std::time::Duration;

use crate::{account::Accounts, clock::Timestamp, error::Error};

/// How often. Nothing depends on it but space: whatever has expired is refused by its date.
const INTERVAL: Duration = Duration::from_mins(10);

impl Accounts {
    /// Forgets revocations, sessions with their refresh tokens, and counted attempts that no longer matter, and what of the
    /// trail is too old, a few at a time: nobody who logs in meanwhile waits for more than a few.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the database does not answer.
    pub async fn forget_expired(&self) -> Result<(), Error> {
        let now = self.now();
        let swept = self.forget_expired_by(now).await;
        self.inner().figures.sweeps.count(swept.is_ok().then_some(now));
        swept
    }

    async fn forget_expired_by(&self, now: Timestamp) -> Result<(), Error> {
        self.inner().revocations.forget_expired(now);
        self.inner().last_seen.forget(now);
        self.store().forget_expired(now).await?;
        if let Some(retention) = self.config().event_retention {
            self.store().forget_events(now - retention).await?;
        }
        Ok(())
    }

    /// Does so from time to time, until the last handle on these accounts is dropped.
    pub(crate) fn sweep_in_background(&self) {
        let weak = self.downgrade();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(INTERVAL).await;
                let Some(accounts) = Self::upgrade(&weak) else { break };
                if let Err(error) = accounts.forget_expired().await {
                    tracing::warn!(%error, "what has expired could not be forgotten");
                }
            }
        });
    }
}
