//! SQLite: one file, one writer at a time, as many readers as like.

use std::{fs::OpenOptions, io, path::Path, time::Duration};

use sqlx::{
    SqlitePool,
    error::DatabaseError,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use self::sql::{Pool, store_error};
use super::{PoolFigures, Result, StoreError, doubt::Doubt, migrations, notices::Notices};

#[path = "sql/mod.rs"]
#[allow(clippy::duplicate_mod, reason = "the verbs are written once and compiled for each database")]
mod sql;

type Db = sqlx::Sqlite;
type Backend = SqliteStore;

/// Takes the write lock at the start: a transaction that reads first and then finds another has written fails at once,
/// however long it would have waited.
const BEGIN: &str = "BEGIN IMMEDIATE";

/// Keeps a user as they are until the transaction ends. The write lock already does.
const HOLD_USER: &str = "SELECT id FROM users WHERE id = $1";

/// Keeps a role as it is until the transaction ends. The write lock already does.
const HOLD_ROLE: &str = "SELECT name FROM roles WHERE name = $1";

/// Some of those who have a role, by their ids from behind one on. The write lock keeps them as they are.
const HOLD_HOLDERS: &str = "SELECT user_id FROM user_roles WHERE role = $1 AND user_id > $2 ORDER BY user_id LIMIT $3";

/// Writes revocations, given as JSON, and tightens those that are there.
const INSERT_REVOCATIONS: &str = "INSERT INTO revocations (kind, subject, minimum, until, change)
    SELECT value ->> 0, value ->> 1, CAST(value ->> 2 AS BIGINT), CAST(value ->> 3 AS BIGINT), CAST(value ->> 4 AS BIGINT)
    FROM json_each($1) WHERE TRUE
    ON CONFLICT (kind, subject) DO UPDATE SET
        minimum = CASE WHEN excluded.minimum > revocations.minimum THEN excluded.minimum ELSE revocations.minimum END,
        until = CASE WHEN excluded.until > revocations.until THEN excluded.until ELSE revocations.until END,
        change = excluded.change";

/// Keeps who is an administrator as it is until the transaction ends. The write lock already does.
const HOLD_ADMINS: &str = "SELECT name FROM roles WHERE name = $1";

/// Removes some of the revocations that had expired by then.
const FORGET_REVOCATIONS: &str = "DELETE FROM revocations WHERE (kind, subject) IN
    (SELECT kind, subject FROM revocations WHERE until <= $1 LIMIT $2)";

/// Removes some of the refresh tokens of sessions that had expired by then, and how many at most.
const FORGET_REFRESH_TOKENS: &str = "DELETE FROM refresh_tokens WHERE hash IN
    (SELECT hash FROM refresh_tokens JOIN sessions ON sessions.id = session_id WHERE idle_until <= $1 LIMIT $2)";

/// Removes some of the sessions that had expired by then, and have no refresh tokens left.
const FORGET_SESSIONS: &str = "DELETE FROM sessions WHERE id IN
    (SELECT id FROM sessions WHERE idle_until <= $1
        AND NOT EXISTS (SELECT 1 FROM refresh_tokens WHERE session_id = sessions.id) LIMIT $2)";

/// Removes some of the buckets that count as empty by then.
const FORGET_ATTEMPTS: &str =
    "DELETE FROM attempts WHERE bucket IN (SELECT bucket FROM attempts WHERE forget_at <= $1 LIMIT $2)";

/// Removes some of the mailed tokens that had expired by then.
const FORGET_ONE_TIME_TOKENS: &str =
    "DELETE FROM one_time_tokens WHERE id IN (SELECT id FROM one_time_tokens WHERE expires_at <= $1 LIMIT $2)";

/// Removes some of the devices that were not seen since then.
const FORGET_DEVICES: &str = "DELETE FROM known_devices WHERE (user_id, network, label) IN
    (SELECT user_id, network, label FROM known_devices WHERE last_seen_at <= $1 LIMIT $2)";

/// Removes some of the flows that had expired by then.
const FORGET_FLOWS: &str = "DELETE FROM flows WHERE hash IN (SELECT hash FROM flows WHERE expires_at <= $1 LIMIT $2)";

/// Removes all but the newest challenges that someone asked for.
const EVICT_CHALLENGES: &str = "DELETE FROM passkey_challenges WHERE hash IN
    (SELECT hash FROM passkey_challenges WHERE asker = $1 ORDER BY expires_at DESC, hash LIMIT -1 OFFSET $2)";

/// Removes some of the challenges that had expired by then.
const FORGET_CHALLENGES: &str = "DELETE FROM passkey_challenges WHERE hash IN
    (SELECT hash FROM passkey_challenges WHERE expires_at <= $1 LIMIT $2)";

/// Removes some of the set-ups of authenticators that had expired by then.
const FORGET_TOTP_SETUPS: &str =
    "DELETE FROM totp_setups WHERE user_id IN (SELECT user_id FROM totp_setups WHERE expires_at <= $1 LIMIT $2)";

/// Removes some of the API keys that had expired by then.
const FORGET_API_KEYS: &str =
    "DELETE FROM api_keys WHERE id IN (SELECT id FROM api_keys WHERE expires_at <= $1 LIMIT $2)";

/// Removes some of the mails that had been given up by then.
const FORGET_MAILS: &str = "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE given_up_at <= $1 LIMIT $2)";

/// Removes some of the rows of the trail that are from before then. The lowest ids are the oldest rows, and the times of no
/// other rows need be read.
const FORGET_EVENTS: &str = "DELETE FROM events WHERE id IN
    (SELECT id FROM (SELECT id, happened_at FROM events ORDER BY id LIMIT $2) AS oldest WHERE happened_at < $1)";

/// Finds the mailbox of mails that are for a user or a user name, oldest first.
const FIND_LANES: &str = "UPDATE outbox SET lane = COALESCE(
        CASE WHEN to_username IS NULL
            THEN (SELECT email_key FROM users WHERE users.id = outbox.user_id)
            ELSE (SELECT email_key FROM users WHERE users.username_key = outbox.to_username) END,
        to_username, '')
    WHERE id IN (SELECT id FROM outbox WHERE lane IS NULL ORDER BY id LIMIT 1000)";

/// Takes the first mails of their mailboxes that are due.
const TAKE_MAIL: &str = "UPDATE outbox SET attempts = attempts + 1, due_at = $2
    WHERE id IN (
        SELECT id FROM outbox AS first WHERE given_up_at IS NULL AND due_at <= $1 AND lane IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM outbox AS other
                WHERE other.lane = first.lane AND other.given_up_at IS NULL AND other.id < first.id)
            AND NOT EXISTS (SELECT 1 FROM outbox AS other WHERE other.lane IS NULL AND other.id < first.id)
        ORDER BY id LIMIT $3)
    RETURNING id, kind, asked_at, to_email, to_username, user_id, about, address, user_agent, attempts";

/// Counts revocations.
const NEXT_CHANGES: &str = "UPDATE revocation_journal SET last_change = last_change + $1 RETURNING last_change";

/// Counts a change of the signing keys.
const NEXT_KEYS: &str = "UPDATE signing_key_versions SET version = version + 1 WHERE slot = 1";

/// A file that takes no writes does so on every connection: there is no better one to be had.
const IS_READ_ONLY: Option<&str> = None;

/// How long to wait for the write lock while another process holds it, and for a connection.
const PATIENCE: Duration = Duration::from_secs(5);

const READERS: u32 = 4;

/// Whether an error of this code may go away by itself.
fn is_passing(code: &str) -> bool {
    const BUSY: u32 = 5;
    const LOCKED: u32 = 6;
    const READ_ONLY: u32 = 8;
    const IO_ERROR: u32 = 10;
    const FULL: u32 = 13;
    const CANNOT_OPEN: u32 = 14;
    // The low byte is the kind of error, the rest its detail.
    code.parse::<u32>()
        .is_ok_and(|code| matches!(code & 0xFF, BUSY | LOCKED | READ_ONLY | IO_ERROR | FULL | CANNOT_OPEN))
}

/// The store in a SQLite file.
///
/// The file is in WAL mode and every commit reaches the disk before it is answered (`synchronous = FULL`). Writing
/// goes through one connection, so writers queue here rather than in the file; reading has four of its own and never
/// waits for a writer. Other processes may have the same file open, and read what this one revokes within a second.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    writer: Pool,
    reader: Pool,
}

impl SqliteStore {
    /// Opens the file at `path`, makes it (readable by its owner only) if it is not there, and brings its schema up to
    /// date. Its folder must exist.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] if the file cannot be made or opened, or another process keeps it locked for 5 s;
    /// [`StoreError::Broken`] if it is not a database of this program.
    ///
    /// ```
    /// # use portcullis::store::{SqliteStore, Store};
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// let store = SqliteStore::open(folder.path().join("portcullis.db")).await?;
    /// store.ping().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn open(path: impl AsRef<Path>) -> Result<Self> {
        let unavailable = |error: io::Error| StoreError::Unavailable(error.into());
        // Made absolute, no path can be one of the names that SQLite reads as something else (`:memory:`, `file:…`).
        let path = std::path::absolute(path).map_err(unavailable)?;
        create_private(&path).map_err(unavailable)?;
        let options = SqliteConnectOptions::new().filename(&path).busy_timeout(PATIENCE).foreign_keys(true);

        let for_writing = options.clone().journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
        let writer = first_connection(&for_writing).await.map_err(store_error)?;
        let mut tx = writer.begin_with(BEGIN).await.map_err(store_error)?;
        migrations::run_on_sqlite(&mut tx).await.map_err(store_error)?;
        tx.commit().await.map_err(store_error)?;

        let reader = pool(READERS).connect_lazy_with(options.pragma("query_only", "ON"));
        let pool = |raw| Pool::new(raw, BEGIN, false, Doubt::default());
        Ok(Self { writer: pool(writer), reader: pool(reader) })
    }

    fn connections(&self) -> Vec<PoolFigures> {
        vec![self.writer.figures("writer"), self.reader.figures("reader")]
    }

    /// A file tells nothing.
    #[expect(clippy::unused_self, reason = "another database may have something to tell")]
    const fn notices(&self) -> Notices {
        Notices::none()
    }
}

/// Makes the file, if it is not there, so that only its owner can read it. SQLite gives the same rights to the files
/// it keeps beside it.
fn create_private(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Switching a file to WAL fails at once, whatever the patience, where another process is just doing the same.
async fn first_connection(options: &SqliteConnectOptions) -> sqlx::Result<SqlitePool> {
    const TRIES: u32 = 100;
    let is_busy = |error: &sqlx::Error| {
        error.as_database_error().and_then(DatabaseError::code).is_some_and(|code| is_passing(&code))
    };
    for _ in 1..TRIES {
        match pool(1).connect_with(options.clone()).await {
            Err(error) if is_busy(&error) => tokio::time::sleep(PATIENCE / TRIES).await,
            done => return done,
        }
    }
    pool(1).connect_with(options.clone()).await
}

/// The connections are to a file and cannot go stale: they are neither tested nor replaced.
fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(PATIENCE)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}
