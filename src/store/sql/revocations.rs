//! What has been revoked and could still be met, numbered in the order in which it became so.

use serde_json::{Value, json};
use sqlx::{Result, Row as _};

use super::{
    super::{Backend, INSERT_REVOCATIONS, NEXT_CHANGES},
    Connection, Transaction,
    row::{Row, malformed, timestamp},
};
use crate::{
    account::UserId,
    api_key::ApiKeyId,
    clock::Timestamp,
    revocation::{Change, Cursor, Revocation, Target},
    session::SessionId,
};

const SESSION: &str = "session";
const USER: &str = "user";

/// How many are written at once. A role that changes may concern everyone, and whoever revokes anything waits for that.
const BATCH: usize = 1000;

/// The revocation of every token of this session.
pub(super) fn of_session(id: SessionId, until: Timestamp) -> Revocation {
    Revocation { target: Target::Session(id.to_string()), until }
}

/// Those of each of these sessions.
pub(super) fn of_sessions(ids: &[SessionId], until: Timestamp) -> Vec<Revocation> {
    ids.iter().map(|id| of_session(*id, until)).collect()
}

/// Those of these API keys, which are revoked by their ids as sessions are: no session has the id of a key.
pub(super) fn of_api_keys(ids: &[ApiKeyId], until: Timestamp) -> Vec<Revocation> {
    ids.iter().map(|id| Revocation { target: Target::Session(id.to_string()), until }).collect()
}

/// The revocation of every older token of this user.
pub(super) fn of_user(id: UserId, minimum: i64, until: Timestamp) -> Revocation {
    Revocation { target: Target::User { id: id.to_string(), minimum }, until }
}

/// Writes these revocations, and ends the transaction.
///
/// They come last because each takes the row of the journal, which the transaction then holds: no one else gets a number
/// before this one is visible or given back. Without that a later number could show first, and whoever had read up to it
/// would never look below it again. And whoever holds the journal waits for nothing more, so that nobody who waits for it
/// can be waited for.
pub(super) async fn commit(mut tx: Transaction, revocations: &[Revocation]) -> Result<()> {
    for piece in revocations.chunks(BATCH) {
        insert(&mut tx, piece).await?;
    }
    tx.commit().await
}

/// Writes revocations under the next numbers, each another one. One that is already there is only ever tightened.
async fn insert(connection: &mut Connection, revocations: &[Revocation]) -> Result<()> {
    let count = i64::try_from(revocations.len()).unwrap_or(i64::MAX);
    let last: i64 = sqlx::query_scalar(NEXT_CHANGES).bind(count).fetch_one(&mut *connection).await?;
    let rows: Vec<_> =
        (last - count + 1..).zip(revocations).map(|(change, revocation)| row(revocation, change)).collect();
    sqlx::query(INSERT_REVOCATIONS).bind(Value::from(rows).to_string()).execute(connection).await?;
    Ok(())
}

/// The columns in the order in which [`INSERT_REVOCATIONS`] takes them.
fn row(revocation: &Revocation, change: i64) -> Value {
    let (kind, subject, minimum) = match &revocation.target {
        Target::Session(sid) => (SESSION, sid, None),
        Target::User { id, minimum } => (USER, id, Some(*minimum)),
    };
    json!([kind, subject, minimum, revocation.until.as_millis(), change])
}

pub(super) async fn last(store: &Backend) -> Result<Cursor> {
    let row =
        sqlx::query("SELECT id, last_change FROM revocation_journal").fetch_one(&mut *store.read().await?).await?;
    Ok(Cursor { journal: row.try_get("id")?, change: row.try_get("last_change")? })
}

pub(super) async fn after(store: &Backend, change: i64, limit: u32) -> Result<Vec<Change>> {
    let rows = sqlx::query(
        "SELECT kind, subject, minimum, until, change FROM revocations WHERE change > $1 ORDER BY change LIMIT $2",
    )
    .bind(change)
    .bind(i64::from(limit))
    .fetch_all(&mut *store.read().await?)
    .await?;
    rows.iter().map(self::change).collect()
}

fn change(row: &Row) -> Result<Change> {
    let subject = row.try_get("subject")?;
    let target = match (row.try_get("kind")?, row.try_get("minimum")?) {
        (SESSION, None) => Target::Session(subject),
        (USER, Some(minimum)) => Target::User { id: subject, minimum },
        _ => return Err(malformed("kind")),
    };
    Ok(Change { number: row.try_get("change")?, revocation: Revocation { target, until: timestamp(row, "until")? } })
}
