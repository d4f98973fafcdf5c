//! PostgreSQL: for more than one machine.

use std::time::Duration;

use futures_util::TryFutureExt as _;
use sqlx::{
    ConnectOptions, Connection, PgConnection, Row as _,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::time::timeout;

use self::sql::{Pool, store_error};
use super::{
    PoolFigures, Result, doubt::Doubt, listener::Listener, migrations, notices::Notices, postgres_url::PostgresUrl,
};

#[path = "sql/mod.rs"]
#[allow(clippy::duplicate_mod, reason = "the verbs are written once and compiled for each database")]
mod sql;

type Db = sqlx::Postgres;
type Backend = PostgresStore;

/// The verbs are written for this level, whatever the server's default is.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// Keeps a user as they are until the transaction ends, and waits for whoever is just changing them. Without it, a
/// statement would still see, and act on, the user as they were before an unfinished change. One user is held by one at a
/// time, so that what is counted of theirs does not change meanwhile.
const HOLD_USER: &str = "SELECT id FROM users WHERE id = $1 FOR NO KEY UPDATE";

/// Keeps a role as it is until the transaction ends, and waits for whoever is just changing it.
const HOLD_ROLE: &str = "SELECT name FROM roles WHERE name = $1 FOR SHARE";

/// Keeps some of those who have a role as they are until the transaction ends, by their ids from behind one on. All who
/// hold many take them in this order.
const HOLD_HOLDERS: &str = "SELECT user_id FROM user_roles JOIN users ON users.id = user_id
    WHERE role = $1 AND user_id > $2 ORDER BY user_id LIMIT $3 FOR NO KEY UPDATE OF users";

/// Writes revocations, given as JSON, and tightens those that are there.
const INSERT_REVOCATIONS: &str = "INSERT INTO revocations (kind, subject, minimum, until, change)
    SELECT value ->> 0, value ->> 1, CAST(value ->> 2 AS BIGINT), CAST(value ->> 3 AS BIGINT), CAST(value ->> 4 AS BIGINT)
    FROM jsonb_array_elements(CAST($1 AS JSONB)) WHERE TRUE
    ON CONFLICT (kind, subject) DO UPDATE SET
        minimum = CASE WHEN excluded.minimum > revocations.minimum THEN excluded.minimum ELSE revocations.minimum END,
        until = CASE WHEN excluded.until > revocations.until THEN excluded.until ELSE revocations.until END,
        change = excluded.change";

/// Keeps who is an administrator as it is until the transaction ends: whoever makes one or removes one waits for it.
const HOLD_ADMINS: &str = "SELECT name FROM roles WHERE name = $1 FOR NO KEY UPDATE";

/// Removes some of the refresh tokens of sessions that had expired by then, and how many at most. Rows in use are left
/// for the next time, here and below: waiting for one while holding others is how two statements come to wait for each
/// other.
const FORGET_REFRESH_TOKENS: &str = "DELETE FROM refresh_tokens WHERE hash IN
    (SELECT hash FROM refresh_tokens JOIN sessions ON sessions.id = session_id WHERE idle_until <= $1
     LIMIT $2 FOR UPDATE OF refresh_tokens SKIP LOCKED)";

/// Removes some of the sessions that had expired by then, and have no refresh tokens left.
const FORGET_SESSIONS: &str = "DELETE FROM sessions WHERE id IN
    (SELECT id FROM sessions WHERE idle_until <= $1
        AND NOT EXISTS (SELECT 1 FROM refresh_tokens WHERE session_id = sessions.id)
     LIMIT $2 FOR UPDATE SKIP LOCKED)";

/// Removes some of the revocations that had expired by then, except those that are just being tightened.
const FORGET_REVOCATIONS: &str = "DELETE FROM revocations WHERE (kind, subject) IN
    (SELECT kind, subject FROM revocations WHERE until <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)";

/// Removes some of the buckets that count as empty by then.
const FORGET_ATTEMPTS: &str = "DELETE FROM attempts WHERE bucket IN
    (SELECT bucket FROM attempts WHERE forget_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)";

/// Removes some of the mailed tokens that had expired by then.
const FORGET_ONE_TIME_TOKENS: &str = "DELETE FROM one_time_tokens WHERE id IN
    (SELECT id FROM one_time_tokens WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)";

/// Removes some of the devices that were not seen since then.
const FORGET_DEVICES: &str = "DELETE FROM known_devices WHERE (user_id, network, label) IN
    (SELECT user_id, network, label FROM known_devices WHERE last_seen_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)";

/// Removes some of the flows that had expired by then.
const FORGET_FLOWS: &str = "DELETE FROM flows WHERE hash IN
    (SELECT hash FROM flows WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)";

/// Removes all but the newest challenges that someone asked for, but for those that somebody is just taking.
const EVICT_CHALLENGES: &str = "DELETE FROM passkey_challenges WHERE hash IN
    (SELECT hash FROM passkey_challenges WHERE asker = $1 ORDER BY expires_at DESC, hash OFFSET $2
        FOR UPDATE SKIP LOCKED)";

/// Removes some of the challenges that had expired by then, but for those that somebody is just taking.
const FORGET_CHALLENGES: &str = "DELETE FROM passkey_challenges WHERE hash IN
    (SELECT hash FROM passkey_challenges WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)";

/// Removes some of the set-ups of authenticators that had expired by then.
const FORGET_TOTP_SETUPS: &str = "DELETE FROM totp_setups WHERE user_id IN
    (SELECT user_id FROM totp_setups WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)";

/// Removes some of the API keys that had expired by then.
const FORGET_API_KEYS: &str = "DELETE FROM api_keys WHERE id IN
    (SELECT id FROM api_keys WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)";

/// Removes some of the mails that had been given up by then.
const FORGET_MAILS: &str = "DELETE FROM outbox WHERE id IN
    (SELECT id FROM outbox WHERE given_up_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)";

/// Removes some of the rows of the trail that are from before then. The lowest ids are the oldest rows, and the times of no
/// other rows need be read.
const FORGET_EVENTS: &str = "DELETE FROM events WHERE id IN
    (SELECT id FROM (SELECT id, happened_at FROM events ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED) AS oldest
     WHERE happened_at < $1)";

/// Finds the mailbox of mails that are for a user or a user name, oldest first. Those that another node is just looking
/// up are left to it.
const FIND_LANES: &str = "UPDATE outbox SET lane = COALESCE(
        CASE WHEN to_username IS NULL
            THEN (SELECT email_key FROM users WHERE users.id = outbox.user_id)
            ELSE (SELECT email_key FROM users WHERE users.username_key = outbox.to_username) END,
        to_username, '')
    WHERE id = ANY(ARRAY(SELECT id FROM outbox WHERE lane IS NULL ORDER BY id LIMIT 1000 FOR UPDATE SKIP LOCKED))";

/// Takes the first mails of their mailboxes that are due.
const TAKE_MAIL: &str = "UPDATE outbox SET attempts = attempts + 1, due_at = $2
    WHERE id = ANY(ARRAY(
        SELECT id FROM outbox AS first WHERE given_up_at IS NULL AND due_at <= $1 AND lane IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM outbox AS other
                WHERE other.lane = first.lane AND other.given_up_at IS NULL AND other.id < first.id)
            AND NOT EXISTS (SELECT 1 FROM outbox AS other WHERE other.lane IS NULL AND other.id < first.id)
        ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED))
    RETURNING id, kind, asked_at, to_email, to_username, user_id, about, address, user_agent, attempts";

/// Counts revocations, and tells those who listen once they can be read.
const NEXT_CHANGES: &str = "UPDATE revocation_journal SET last_change = last_change + $1
    RETURNING last_change, pg_notify('portcullis', 'revocations')";

/// Counts a change of the signing keys, and tells those who listen.
const NEXT_KEYS: &str = "UPDATE signing_key_versions SET version = version + 1 WHERE slot = 1
    RETURNING pg_notify('portcullis', 'signing_keys')";

/// Asks whether the session takes no writes: its server follows another one, or was told so.
const READ_ONLY: &str = "SELECT CAST(current_setting('transaction_read_only') AS BOOLEAN)";

/// What is asked of a connection that was to write and has not.
const IS_READ_ONLY: Option<&str> = Some(READ_ONLY);

/// How long to wait for a connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// What holds in every session: no statement runs for longer than a request is waited for, no transaction whose client
/// has gone silent keeps its locks, and a statement that is a transaction by itself is one of that level too.
const SESSION: [(&str, &str); 3] = [
    ("statement_timeout", "5s"),
    ("idle_in_transaction_session_timeout", "10s"),
    ("default_transaction_isolation", "read committed"),
];

/// Begins a transaction in a session that someone else has used, and will use: what they prepared is forgotten, whose names
/// would be taken, and the limits hold for this transaction alone.
const BEGIN_BEHIND_POOLER: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; DEALLOCATE ALL;
    SET LOCAL statement_timeout = '5s'; SET LOCAL idle_in_transaction_session_timeout = '10s'";

/// Begins a transaction that takes as long as it takes, in a session that may be one of a pooler's.
pub(super) const BEGIN_LONG: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; DEALLOCATE ALL;
    SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";

/// Ends what such a transaction has prepared, for whoever gets the session next.
pub(super) const LEAVE_NOTHING_PREPARED: &str = "DEALLOCATE ALL";

/// Keeps other migrations out. Whoever comes second waits here for the first; the server remarks each time that the table
/// of migrations is there already, which is nothing to worry about.
const LOCK_MIGRATIONS: &str = "SET LOCAL client_min_messages = 'warning'; SELECT pg_advisory_xact_lock(8242068319471)";

/// A connection that has rested for longer than this is tested before it is used, for not longer than that. So is one that
/// was made longer ago while it is doubted that it takes writes: younger ones would be replaced by their like.
const TRUSTED_REST: Duration = Duration::from_secs(1);

/// Whether an error of this SQLSTATE may go away by itself: connection lost (08), read-only after a failover (25006),
/// rolled back as a deadlock's victim (40), resources exhausted (53), lock not available (55P03), cancelled by timeout
/// or shut down (57), system error (58).
fn is_passing(code: &str) -> bool {
    let class = code.get(..2).unwrap_or_default();
    matches!(class, "08" | "40" | "53" | "57" | "58") || matches!(code, "25006" | "25P03" | "55P03")
}

/// The store in a PostgreSQL database.
///
/// Several processes may share it. What one of them revokes is told to the others by the database, within milliseconds;
/// where that is lost, they read it within a second.
///
/// It keeps up to 16 connections, and one to listen on; it waits up to 5 s for one. No statement may run longer than
/// 5 s, and no verb takes longer than 10 s, however the network fails. When the server restarts, requests in flight fail
/// with [`Unavailable`](super::StoreError::Unavailable) and later ones find new connections.
///
/// # The URL
///
/// `postgres://user:password@host:port/database`, with the parameters of libpq such as `sslmode`, and these:
///
/// | parameter | means | default |
/// |---|---|---|
/// | `connections` | how many connections this process keeps at most | 16 |
/// | `pooler` | `transaction` for a pooler such as `PgBouncer` that finds a session for each transaction: nothing is prepared in one to be used in another, nothing is set in a session, and nobody listens | `none` |
/// | `listen` | `off`: nobody listens, and changes are found by asking twice a second | `on` |
#[derive(Clone, Debug)]
pub struct PostgresStore {
    writer: Pool,
    reader: Pool,
    listener: Option<Listener>,
}

impl PostgresStore {
    /// Connects to the database of a `postgres://` URL and brings its schema up to date. When several nodes start at
    /// once, one migrates and the others wait for it.
    ///
    /// # Errors
    ///
    /// [`Url`](super::StoreError::Url) if the URL cannot be read; [`Unavailable`](super::StoreError::Unavailable) if the
    /// server does not answer within 5 s; [`Broken`](super::StoreError::Broken) if it refuses, or its schema is not one of
    /// this program.
    ///
    /// ```no_run
    /// # use portcullis::store::PostgresStore;
    /// # async fn example() -> Result<(), portcullis::store::StoreError> {
    /// let store = PostgresStore::connect("postgres://portcullis@db.example/portcullis").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn connect(url: &str) -> Result<Self> {
        let PostgresUrl { options, connections, has_pooler, listens } = PostgresUrl::parse(url)?;
        let options = of_sessions(options, has_pooler);
        let begin = if has_pooler { BEGIN_BEHIND_POOLER } else { BEGIN };
        let doubt = Doubt::default();
        let doubted = doubt.clone();
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(PATIENCE)
            .test_before_acquire(false)
            .before_acquire(move |connection, rest| {
                let is_doubted = rest.age > TRUSTED_REST && doubted.lasts();
                Box::pin(async move {
                    // One that does not answer, or not as it should, is closed, and another one made.
                    let good = if is_doubted {
                        timeout(TRUSTED_REST, takes_writes(connection)).await
                    } else if rest.idle_for > TRUSTED_REST {
                        timeout(TRUSTED_REST, connection.ping().map_ok(|()| true)).await
                    } else {
                        return Ok(true);
                    };
                    Ok(good.is_ok_and(|good| good.unwrap_or(false)))
                })
            })
            .connect_with(options.clone())
            .await
            .map_err(store_error)?;
        migrate(&options).await.map_err(store_error)?;
        let pool = Pool::new(pool, begin, has_pooler, doubt);
        let listener = listens.then(|| Listener::new(options));
        Ok(Self { writer: pool.clone(), reader: pool, listener })
    }

    /// Readers and writers share one pool.
    fn connections(&self) -> Vec<PoolFigures> {
        vec![self.writer.figures("all")]
    }

    fn notices(&self) -> Notices {
        self.listener.as_ref().map_or_else(Notices::none, Listener::notices)
    }
}

async fn takes_writes(connection: &mut PgConnection) -> sqlx::Result<bool> {
    let answer = sqlx::raw_sql(READ_ONLY).fetch_one(connection).await?;
    Ok(!answer.try_get::<bool, _>(0)?)
}

/// What an error of the driver means, on a connection that is not the store's.
#[cfg(feature = "sqlite")]
pub(super) fn failure(error: sqlx::Error) -> super::StoreError {
    store_error(error)
}

/// A connection that is not one of a store's, to the server of this URL.
#[cfg(feature = "sqlite")]
pub(super) async fn connect_alone(url: &str) -> Result<PgConnection> {
    let PostgresUrl { options, has_pooler, .. } = PostgresUrl::parse(url)?;
    of_sessions(options, has_pooler).connect().await.map_err(store_error)
}

/// How to connect, so that every session is as it has to be.
fn of_sessions(options: PgConnectOptions, has_pooler: bool) -> PgConnectOptions {
    if has_pooler {
        // Poolers let only a few settings through to the server, and these are none of them.
        options.statement_cache_capacity(0).extra_float_digits(None)
    } else {
        options.options(SESSION)
    }
}

/// Brings the schema up to date in one transaction, so that a pooler keeps it together, and nobody sees half of it.
async fn migrate(options: &PgConnectOptions) -> sqlx::Result<()> {
    let mut connection = options.connect().await?;
    let mut tx = connection.begin_with(BEGIN_LONG).await?;
    sqlx::raw_sql(LOCK_MIGRATIONS).execute(&mut *tx).await?;
    migrations::run_on_postgres(&mut tx).await?;
    sqlx::raw_sql(LEAVE_NOTHING_PREPARED).execute(&mut *tx).await?;
    tx.commit().await?;
    connection.close().await
}
