//! When a session was last used: written now and then, not at every request.

use std::time::Duration;

use papaya::{HashMap, Operation};

use super::SessionId;
use crate::{
    account::{Accounts, Caller},
    clock::Timestamp,
};

/// How long after one writing, at least, the next one comes.
const INTERVAL: Duration = Duration::from_mins(5);

/// When it was last written, by this process, that a session is in use.
#[derive(Debug, Default)]
pub(crate) struct LastSeen(HashMap<SessionId, Timestamp>);

impl LastSeen {
    /// Notes that it has just been written.
    pub(super) fn written(&self, session: SessionId, now: Timestamp) {
        self.0.pin().insert(session, now);
    }

    /// Whether it is time to write it again. Of any number who ask at once, one is told so.
    fn is_due(&self, session: SessionId, now: Timestamp) -> bool {
        let claim = |last: Option<(&SessionId, &Timestamp)>| match last {
            Some((_, last)) if now.since(*last) < INTERVAL => Operation::Abort(()),
            _ => Operation::Insert(now),
        };
        !matches!(self.0.pin().compute(session, claim), papaya::Compute::Aborted(()))
    }

    /// Forgets what no longer keeps anyone from writing.
    pub(super) fn forget(&self, now: Timestamp) {
        self.0.pin().retain(|_, last| now.since(*last) < INTERVAL);
    }
}

impl Accounts {
    /// Notes that the caller's session is in use, in the database every five minutes at most. That it could not be noted is
    /// nothing to fail a request for: the log tells it.
    pub async fn saw(&self, caller: Caller) {
        let (Some(session), now) = (caller.session, self.now()) else { return };
        if !self.inner().last_seen.is_due(session, now) {
            return;
        }
        let idle_until = now + self.config().session_idle;
        if let Err(error) = self.store().saw_session(session, now, idle_until).await {
            tracing::warn!(%session, %error, "that a session is in use could not be noted");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_every_five_minutes_at_most() {
        let (seen, start) = (LastSeen::default(), Timestamp::from_secs(1000));
        let (one, other) = (SessionId::new(start), SessionId::new(start));
        assert!(seen.is_due(one, start) && !seen.is_due(one, start));
        assert!(seen.is_due(other, start));
        let just_before = start + INTERVAL - Duration::from_millis(1);
        seen.forget(just_before);
        assert!(!seen.is_due(one, just_before));
        assert!(seen.is_due(one, start + INTERVAL));
        seen.forget(start + INTERVAL * 2);
        assert!(seen.0.is_empty());
    }
}
