//! The trail.

use sqlx::{Result, Row as _};
use uuid::Uuid;

use super::{
    super::Backend,
    Connection,
    row::{Row, optional_parsed, parsed, timestamp},
};
use crate::{
    account::UserId,
    audit::{Event, EventKind},
    session::SessionId,
    store::EventQuery,
};

/// Writes a row of the trail, in the transaction of what it tells of.
pub(super) async fn insert(connection: &mut Connection, event: &Event) -> Result<()> {
    sqlx::query(
        "INSERT INTO events (id, happened_at, kind, user_id, actor_id, session_id, about, address, user_agent)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(event.id)
    .bind(event.at.as_millis())
    .bind(event.kind.as_str())
    .bind(event.user.map(|user| user.0))
    .bind(event.actor.map(|actor| actor.0))
    .bind(event.session.map(|session| session.0))
    .bind(&event.about)
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

macro_rules! select_events {
    ($condition:literal) => {
        concat!(
            "SELECT id, happened_at, kind, user_id, actor_id, session_id, about, address, user_agent FROM events WHERE ",
            $condition
        )
    };
}

/// The newest ids first. There is a statement for every question, as one for all of them would find no index to use.
pub(super) async fn page(store: &Backend, asked: &EventQuery) -> Result<Vec<Event>> {
    let statement = match (asked.user, asked.kind) {
        (None, None) => select_events!("id < $1 ORDER BY id DESC LIMIT $2"),
        (None, Some(_)) => select_events!("id < $1 AND kind = $3 ORDER BY id DESC LIMIT $2"),
        (Some(_), None) => select_events!("id < $1 AND user_id = $3 ORDER BY happened_at DESC, id DESC LIMIT $2"),
        (Some(_), Some(_)) => {
            select_events!("id < $1 AND user_id = $3 AND kind = $4 ORDER BY happened_at DESC, id DESC LIMIT $2")
        }
    };
    let mut query = sqlx::query(statement).bind(asked.after.unwrap_or(Uuid::max())).bind(i64::from(asked.limit));
    if let Some(user) = asked.user {
        query = query.bind(user.0);
    }
    if let Some(kind) = asked.kind {
        query = query.bind(kind.as_str());
    }
    query.fetch_all(&mut *store.read().await?).await?.iter().map(event).collect()
}

pub(super) async fn of(store: &Backend, user: UserId, limit: u32) -> Result<Vec<Event>> {
    let rows = sqlx::query(select_events!("user_id = $1 ORDER BY happened_at DESC, id DESC LIMIT $2"))
        .bind(user.0)
        .bind(i64::from(limit))
        .fetch_all(&mut *store.read().await?)
        .await?;
    rows.iter().map(event).collect()
}

fn event(row: &Row) -> Result<Event> {
    Ok(Event {
        id: row.try_get("id")?,
        at: timestamp(row, "happened_at")?,
        kind: parsed(row, "kind", EventKind::parse)?,
        user: row.try_get::<Option<_>, _>("user_id")?.map(UserId),
        actor: row.try_get::<Option<_>, _>("actor_id")?.map(UserId),
        session: row.try_get::<Option<_>, _>("session_id")?.map(SessionId),
        about: row.try_get("about")?,
        address: optional_parsed(row, "address", |text| text.parse().ok())?,
        user_agent: row.try_get("user_agent")?,
    })
}
