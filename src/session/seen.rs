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
    fn is_due(&self, session: SessionId, now: Timestamp, interval: Duration) -> bool {
        let claim = |last: Option<(&SessionId, &Timestamp)>| match last {
            Some((_, last)) if now.since(*last) < interval => Operation::Abort(()),
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
        if let Some(session) = caller.session {
            self.saw_session(session).await;
        }
    }

    pub(super) async fn saw_session(&self, session: SessionId) {
        let now = self.now();
        if !self.inner().last_seen.is_due(session, now, INTERVAL.min(self.looked_up_anew_after())) {
            return;
        }
        let idle_until = now + self.config().session_idle;
        if let Err(error) = self.store().saw_session(session, now, idle_until).await {
            tracing::warn!(%session, %error, "that a session is in use could not be noted");
        }
    }

    /// How long it is remembered whose session a cookie is. As long as an access token is good, since what revokes either
    /// is remembered for longer than that; and no longer than a session in use can go without being noted.
    pub(super) fn looked_up_anew_after(&self) -> Duration {
        self.config().access_token_ttl.min(self.config().session_idle / 4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_every_five_minutes_at_most() {
        let (seen, start) = (LastSeen::default(), Timestamp::from_secs(1000));
        let (one, other) = (SessionId::new(start), SessionId::new(start));
        assert!(seen.is_due(one, start, INTERVAL) && !seen.is_due(one, start, INTERVAL));
        assert!(seen.is_due(other, start, INTERVAL));
        let just_before = start + INTERVAL - Duration::from_millis(1);
        seen.forget(just_before);
        assert!(!seen.is_due(one, just_before, INTERVAL));
        assert!(seen.is_due(one, start + INTERVAL, INTERVAL));
        seen.forget(start + INTERVAL * 2);
        assert!(seen.0.is_empty());
    }
}
