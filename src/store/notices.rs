//! What the database tells of by itself, so that nobody has to ask all the time.

use std::fmt;

use tokio::sync::watch;

/// Tells that something may have changed. It is a hint: it may come for nothing, one may stand for many changes, and it may
/// be lost. So whoever waits looks by themselves now and then.
#[derive(Clone)]
pub struct Notice(Option<watch::Receiver<()>>);

/// What a [`Store`](super::Store) can tell of. What this process itself has changed is told as well.
#[derive(Clone, Debug)]
pub struct Notices {
    /// The journal of revocations has become longer.
    pub revocations: Notice,
    /// A signing key was made or retired.
    pub signing_keys: Notice,
}

/// What gives [`Notices`].
#[cfg(feature = "postgres")]
#[derive(Debug)]
pub(super) struct Bell {
    pub(super) revocations: watch::Sender<()>,
    pub(super) signing_keys: watch::Sender<()>,
}

impl Notice {
    /// One that never comes.
    #[must_use]
    pub const fn never() -> Self {
        Self(None)
    }

    /// Waits for the next one, or answers at once if one has come since the last was waited for.
    pub async fn given(&mut self) {
        let given = match &mut self.0 {
            Some(receiver) => receiver.changed().await.is_ok(),
            None => false,
        };
        if !given {
            // It never comes, or whoever gave it is gone.
            std::future::pending::<()>().await;
        }
    }
}

impl Notices {
    /// Of a database that tells nothing.
    #[must_use]
    pub const fn none() -> Self {
        Self { revocations: Notice::never(), signing_keys: Notice::never() }
    }
}

#[cfg(feature = "postgres")]
impl Bell {
    pub(super) fn new() -> (Self, Notices) {
        let ((revocations, of_revocations), (signing_keys, of_keys)) = (watch::channel(()), watch::channel(()));
        let notices = Notices { revocations: Notice(Some(of_revocations)), signing_keys: Notice(Some(of_keys)) };
        (Self { revocations, signing_keys }, notices)
    }

    /// Gives every notice, because any of them may have been lost.
    pub(super) fn ring_all(&self) {
        self.revocations.send_replace(());
        self.signing_keys.send_replace(());
    }

    /// Waits until nobody listens any more.
    pub(super) async fn unheard(&self) {
        self.revocations.closed().await;
        self.signing_keys.closed().await;
    }
}

impl fmt::Debug for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notice").field("comes", &self.0.is_some()).finish()
    }
}
