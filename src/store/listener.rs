//! Listening to what PostgreSQL tells of changes, on a connection of its own.
//!
//! Whoever changes something notifies in the same transaction, so that the notice comes with the commit. What is told while
//! nobody listens is lost; so each time the connection is there anew, everything counts as changed, and those who follow
//! read on from where they are.

use std::{
    io::ErrorKind,
    sync::{Arc, OnceLock},
    time::Duration,
};

use sqlx::{
    Executor as _, PgPool,
    postgres::{PgConnectOptions, PgListener, PgNotification, PgPoolOptions},
};
use tokio::time::{sleep, timeout};

use super::notices::{Bell, Notices};

/// The channel on which all is told. Every database has channels of its own.
const CHANNEL: &str = "portcullis";

/// What is told there.
pub(super) const REVOCATIONS: &str = "revocations";
pub(super) const SIGNING_KEYS: &str = "signing_keys";

/// How long a connection is trusted that says nothing. Then it is asked whether it is still there.
const SILENCE: Duration = Duration::from_secs(5);

/// How long it may take to answer that, or to be made.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long after it was lost it is tried again.
const PAUSE: Duration = Duration::from_millis(500);

/// Listens from the first time that somebody wants to know, until nobody does any more.
#[derive(Clone, Debug)]
pub(super) struct Listener {
    options: PgConnectOptions,
    notices: Arc<OnceLock<Notices>>,
}

impl Listener {
    pub(super) fn new(options: PgConnectOptions) -> Self {
        Self { options, notices: Arc::default() }
    }

    pub(super) fn notices(&self) -> Notices {
        let listen = || {
            let (bell, notices) = Bell::new();
            tokio::spawn(listen(self.options.clone(), bell));
            notices
        };
        self.notices.get_or_init(listen).clone()
    }
}

async fn listen(options: PgConnectOptions, bell: Bell) {
    tokio::select! {
        () = bell.unheard() => (),
        () = keep_listening(options, &bell) => (),
    }
}

async fn keep_listening(options: PgConnectOptions, bell: &Bell) {
    // A pool is what the driver's listener takes a connection from.
    let pool =
        || PgPoolOptions::new().max_connections(1).acquire_timeout(PATIENCE).idle_timeout(None).max_lifetime(None);
    let mut is_failing = false;
    loop {
        let mut heard = false;
        let lost = hear(&pool().connect_lazy_with(options.clone()), bell, &mut heard).await.err();
        match lost {
            Some(error) if heard || !is_failing => {
                tracing::warn!(%error, "PostgreSQL cannot be listened to; it is asked twice a second instead");
            }
            _ => tracing::debug!("PostgreSQL still cannot be listened to"),
        }
        is_failing = true;
        sleep(PAUSE).await;
    }
}

/// Passes on what is told until the connection is lost.
async fn hear(pool: &PgPool, bell: &Bell, heard: &mut bool) -> sqlx::Result<()> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.eager_reconnect(false);
    in_time(listener.listen(CHANNEL)).await?;
    tracing::debug!("listening to PostgreSQL");
    *heard = true;
    bell.ring_all();
    loop {
        match timeout(SILENCE, listener.try_recv()).await {
            Ok(notification) => match notification?.as_ref().map(PgNotification::payload) {
                Some(REVOCATIONS) => bell.revocations.send_replace(()),
                Some(SIGNING_KEYS) => bell.signing_keys.send_replace(()),
                Some(_) => (),
                None => return Err(sqlx::Error::Io(ErrorKind::ConnectionAborted.into())),
            },
            Err(_) => in_time(listener.execute("SELECT 1")).await.map(|_| ())?,
        }
    }
}

async fn in_time<T>(work: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
    timeout(PATIENCE, work).await.unwrap_or_else(|_| Err(sqlx::Error::Io(ErrorKind::TimedOut.into())))
}
