//! What has been revoked and could still be met.

use sqlx::{Result, Row as _};

use super::{
    super::Backend,
    Connection,
    row::{Row, malformed, timestamp},
};
use crate::{
    clock::Timestamp,
    revocation::{Revocation, Target},
    session::SessionId,
};

const SESSION: &str = "session";
const USER: &str = "user";

/// The revocation of every token of this session.
pub(super) fn of_session(id: SessionId, until: Timestamp) -> Revocation {
    Revocation { target: Target::Session(id.to_string()), until }
}

/// Writes a revocation. One that is already there is only ever tightened.
pub(super) async fn insert(connection: &mut Connection, revocation: &Revocation) -> Result<()> {
    let (kind, subject, minimum) = match &revocation.target {
        Target::Session(sid) => (SESSION, sid, None),
        Target::User { id, minimum } => (USER, id, Some(*minimum)),
    };
    sqlx::query(
        "INSERT INTO revocations (kind, subject, minimum, until) VALUES ($1, $2, $3, $4)
         ON CONFLICT (kind, subject) DO UPDATE SET
            minimum = CASE WHEN excluded.minimum > revocations.minimum
                THEN excluded.minimum ELSE revocations.minimum END,
            until = CASE WHEN excluded.until > revocations.until
                THEN excluded.until ELSE revocations.until END",
    )
    .bind(kind)
    .bind(subject)
    .bind(minimum)
    .bind(revocation.until.as_millis())
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn forget_expired(store: &Backend, now: Timestamp) -> Result<()> {
    sqlx::query("DELETE FROM revocations WHERE until <= $1").bind(now.as_millis()).execute(&store.writer).await?;
    Ok(())
}

pub(super) async fn in_force(store: &Backend, now: Timestamp) -> Result<Vec<Revocation>> {
    let rows = sqlx::query("SELECT kind, subject, minimum, until FROM revocations WHERE until > $1")
        .bind(now.as_millis())
        .fetch_all(&store.reader)
        .await?;
    rows.iter().map(revocation).collect()
}

fn revocation(row: &Row) -> Result<Revocation> {
    let subject = row.try_get("subject")?;
    let target = match (row.try_get("kind")?, row.try_get("minimum")?) {
        (SESSION, None) => Target::Session(subject),
        (USER, Some(minimum)) => Target::User { id: subject, minimum },
        _ => return Err(malformed("kind")),
    };
    Ok(Revocation { target, until: timestamp(row, "until")? })
}
