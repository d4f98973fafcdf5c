//! Connections as the verbs use them: lent for a while, and given back whole or not at all.
//!
//! The driver waits for an answer for as long as the connection lives, and a network that swallows everything leaves it
//! alive for a quarter of an hour. So every verb is given up after a while, and a connection that does not come back
//! from what was interrupted is thrown away, and another one may take its place. So is one that takes no writes any more,
//! as the server behind it is not the one to write to.

use std::{
    io::{self, ErrorKind},
    mem,
    ops::{Deref, DerefMut},
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use sqlx::{Database, Error, Result, Row as _, pool::PoolConnection, query::Query};
use tokio::{runtime::Handle, time::timeout};

use super::{
    super::{Db, IS_READ_ONLY},
    row::Connection,
};
use crate::{
    audit::{Event, Observe, Observers},
    store::{PoolFigures, StoreError, doubt::Doubt},
};

/// A statement with its arguments.
pub(super) type Statement<'q> = Query<'q, Db, <Db as Database>::Arguments>;
/// What a statement that writes has done.
pub(super) type Done = <Db as Database>::QueryResult;

/// How long one verb may take. The server gives up sooner on every single statement, if it can be heard.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long one may take that does something to many rows.
const PATIENCE_FOR_MANY: Duration = Duration::from_mins(5);

/// How long a connection may take to come to rest after its use.
const FOR_REST: Duration = Duration::from_secs(2);

/// The connections of a store.
#[derive(Clone, Debug)]
pub(in super::super) struct Pool {
    raw: sqlx::Pool<Db>,
    begin: &'static str,
    always_begins: bool,
    doubt: Doubt,
    observers: Observers,
    timeouts: Arc<AtomicU64>,
}

/// A connection in use, in a transaction or not. When it is dropped, what is not committed is undone, and the connection
/// goes back to its pool.
#[derive(Debug)]
pub(super) struct Transaction {
    /// There until it is dropped.
    connection: Option<PoolConnection<Db>>,
    is_open: bool,
    /// Raised if it turns out that the connection takes no writes; there until what is written is kept, or undone on
    /// purpose.
    doubt: Option<Doubt>,
    /// The rows of the trail that are in it, and who is told of them once it is committed.
    written: Vec<Event>,
    observers: Observers,
}

impl Pool {
    /// What begins a transaction is `begin`, and whether every single statement has to be in one is `always_begins`, as
    /// behind a pooler: what its sessions are like says nothing of a connection, so that none is doubted.
    pub(in super::super) fn new(raw: sqlx::Pool<Db>, begin: &'static str, always_begins: bool, doubt: Doubt) -> Self {
        Self { raw, begin, always_begins, doubt, observers: Observers::default(), timeouts: Arc::default() }
    }

    /// Adds one who is told of the rows of the trail that are written by these connections.
    pub(super) fn observe(&self, observer: Weak<dyn Observe>) {
        self.observers.add(observer);
    }

    /// How these connections are doing, under this name.
    pub(in super::super) fn figures(&self, name: &'static str) -> PoolFigures {
        let (open, idle) = (usize::try_from(self.raw.size()).unwrap_or(usize::MAX), self.raw.num_idle());
        let limit = usize::try_from(self.raw.options().get_max_connections()).unwrap_or(usize::MAX);
        PoolFigures { name, idle, used: open.saturating_sub(idle), limit, timeouts: self.timeouts.load(Relaxed) }
    }

    /// Whatever keeps anyone from connecting, it may be gone the next time: a server that starts, fails over, is full, or
    /// lets nobody in for a while.
    async fn acquire(&self) -> Result<PoolConnection<Db>> {
        self.raw.acquire().await.map_err(|error| match error {
            Error::PoolTimedOut => {
                self.timeouts.fetch_add(1, Relaxed);
                Error::PoolTimedOut
            }
            Error::Database(refusal) => Error::Io(io::Error::other(refusal.to_string())),
            other => other,
        })
    }

    /// A transaction for several statements.
    pub(super) async fn begin(&self) -> Result<Transaction> {
        let mut tx = self.take(true).await?;
        tx.doubt = self.doubt_of_writing();
        let begun = sqlx::raw_sql(self.begin).execute(&mut *tx).await;
        tx.is_open = begun.is_ok();
        begun.map(|_| tx)
    }

    /// A connection for a single statement that reads.
    pub(super) async fn lend(&self) -> Result<Transaction> {
        if self.always_begins { self.begin().await } else { self.take(false).await }
    }

    /// A connection for a single statement that writes. It has to be committed.
    pub(super) async fn lend_to_write(&self) -> Result<Transaction> {
        let mut lent = self.lend().await?;
        lent.doubt = self.doubt_of_writing();
        Ok(lent)
    }

    async fn take(&self, is_open: bool) -> Result<Transaction> {
        let connection = Some(self.acquire().await?);
        Ok(Transaction { connection, is_open, doubt: None, written: Vec::new(), observers: self.observers.clone() })
    }

    fn doubt_of_writing(&self) -> Option<Doubt> {
        (!self.always_begins).then(|| self.doubt.clone())
    }

    /// Runs a single statement that writes.
    pub(super) async fn execute(&self, query: Statement<'_>) -> Result<Done> {
        let work = async {
            let mut connection = self.lend_to_write().await?;
            let done = query.execute(&mut *connection).await?;
            connection.commit().await?;
            Ok(done)
        };
        timeout(PATIENCE, work).await.unwrap_or_else(|_| Err(too_late()))
    }
}

impl Transaction {
    /// Notes that a row of the trail was written.
    pub(super) fn wrote(&mut self, event: Event) {
        self.written.push(event);
    }

    /// Keeps everything, and tells those who observe the trail.
    pub(super) async fn commit(mut self) -> Result<()> {
        let (written, observers) = (mem::take(&mut self.written), self.observers.clone());
        self.end("COMMIT").await?;
        observers.tell(&written);
        Ok(())
    }

    /// Undoes everything.
    pub(super) async fn rollback(self) -> Result<()> {
        self.end("ROLLBACK").await
    }

    async fn end(mut self, how: &'static str) -> Result<()> {
        if self.is_open {
            self.say(how).await?;
            self.is_open = false;
        }
        self.doubt = None;
        Ok(())
    }

    /// Sets a savepoint, from which on everything can be [undone](Self::undo) or [kept](Self::keep).
    pub(super) async fn save(&mut self) -> Result<()> {
        self.say("SAVEPOINT one").await
    }

    /// Keeps what was done since the savepoint.
    pub(super) async fn keep(&mut self) -> Result<()> {
        self.say("RELEASE SAVEPOINT one").await
    }

    /// Undoes it.
    pub(super) async fn undo(&mut self) -> Result<()> {
        self.say("ROLLBACK TO SAVEPOINT one; RELEASE SAVEPOINT one").await
    }

    async fn say(&mut self, statement: &'static str) -> Result<()> {
        sqlx::raw_sql(statement).execute(&mut **self).await.map(drop)
    }
}

#[expect(clippy::expect_used, reason = "only dropping it takes the connection out")]
impl Deref for Transaction {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection.as_ref().expect("a transaction has a connection")
    }
}

#[expect(clippy::expect_used, reason = "only dropping it takes the connection out")]
impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut Connection {
        self.connection.as_mut().expect("a transaction has a connection")
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        // Left to itself the driver would wait for the server for ever, and the pool would be one connection short.
        match Handle::try_current() {
            Ok(runtime) => {
                drop(runtime.spawn(timeout(FOR_REST, give_back(connection, self.is_open, self.doubt.take()))));
            }
            Err(_) => drop(connection.detach()),
        }
    }
}

/// Gives a connection back to its pool. One that fails, or is interrupted, is closed, and the pool may make another. One
/// that was to write and has not is asked whether it can, as the reason for that is not known here.
async fn give_back(mut connection: PoolConnection<Db>, is_open: bool, doubt: Option<Doubt>) {
    if is_open {
        connection.close_on_drop();
        if sqlx::raw_sql("ROLLBACK").execute(&mut *connection).await.is_err() {
            return;
        }
    }
    if let (Some(doubt), Some(question)) = (doubt, IS_READ_ONLY) {
        connection.close_on_drop();
        match sqlx::raw_sql(question).fetch_one(&mut *connection).await.and_then(|answer| answer.try_get(0)) {
            Ok(true) => doubt.raise(),
            Ok(false) => (),
            Err(_) => return,
        }
    }
    connection.return_to_pool().await;
}

/// What a verb comes to, if it comes to anything in time.
pub(super) async fn within<T>(verb: impl Future<Output = Result<T>>) -> Result<T, StoreError> {
    bounded(PATIENCE, verb).await
}

/// The same for a verb that does something to many rows. Each statement has its limit all the same.
pub(super) async fn in_its_time<T>(verb: impl Future<Output = Result<T>>) -> Result<T, StoreError> {
    bounded(PATIENCE_FOR_MANY, verb).await
}

async fn bounded<T>(patience: Duration, verb: impl Future<Output = Result<T>>) -> Result<T, StoreError> {
    let done = timeout(patience, verb).await;
    done.unwrap_or_else(|_| Err(too_late())).map_err(super::store_error)
}

fn too_late() -> Error {
    Error::Io(ErrorKind::TimedOut.into())
}
