//! The trail.

use sqlx::{Result, Row as _};

use super::{
    super::Backend,
    Connection,
    row::{Row, optional_parsed, parsed, timestamp},
};
use crate::{
    account::UserId,
    audit::{Event, EventKind},
    session::SessionId,
};

/// Writes a row of the trail, in the transaction of what it tells of.
pub(super) async fn insert(connection: &mut Connection, event: &Event) -> Result<()> {
    sqlx::query(
        "INSERT INTO events (id, happened_at, kind, user_id, session_id, address, user_agent)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(event.id)
    .bind(event.at.as_millis())
    .bind(event.kind.as_str())
    .bind(event.user.map(|user| user.0))
    .bind(event.session.map(|session| session.0))
    .bind(event.address.map(|address| address.to_string()))
    .bind(&event.user_agent)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn record(store: &Backend, event: &Event) -> Result<()> {
    let mut tx = store.begin().await?;
    insert(&mut tx, event).await?;
    tx.commit().await
}

pub(super) async fn of(store: &Backend, user: UserId, limit: u32) -> Result<Vec<Event>> {
    let rows = sqlx::query(
        "SELECT id, happened_at, kind, user_id, session_id, address, user_agent FROM events
         WHERE user_id = $1 ORDER BY happened_at DESC, id DESC LIMIT $2",
    )
    .bind(user.0)
    .bind(i64::from(limit))
    .fetch_all(&store.reader)
    .await?;
    rows.iter().map(event).collect()
}

fn event(row: &Row) -> Result<Event> {
    Ok(Event {
        id: row.try_get("id")?,
        at: timestamp(row, "happened_at")?,
        kind: parsed(row, "kind", EventKind::parse)?,
        user: row.try_get::<Option<_>, _>("user_id")?.map(UserId),
        session: row.try_get::<Option<_>, _>("session_id")?.map(SessionId),
        address: optional_parsed(row, "address", |text| text.parse().ok())?,
        user_agent: row.try_get("user_agent")?,
    })
}
