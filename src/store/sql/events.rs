//! The trail.

use sqlx::{QueryBuilder, Result, Row as _};
use uuid::Uuid;

use super::{
    super::{Backend, Db, FORGET_EVENTS},
    connection::Transaction,
    row::{Row, known, optional_parsed, timestamp},
    sweep::BATCH,
};
use crate::{
    account::UserId,
    audit::{Event, EventKind},
    clock::Timestamp,
    session::SessionId,
    store::EventQuery,
};

/// Writes a row of the trail, in the transaction of what it tells of. The factors are those of its session, unless it
/// names others.
pub(super) async fn insert(tx: &mut Transaction, event: &Event) -> Result<()> {
    let named = (!event.amr.is_empty()).then(|| event.amr.join(" "));
    let amr: Option<String> = sqlx::query_scalar(
        "INSERT INTO events (id, happened_at, kind, user_id, actor_id, session_id, about, address, user_agent, amr)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9,
            COALESCE($10, (SELECT amr FROM sessions WHERE sessions.id = $6)))
         RETURNING amr",
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
    .bind(named)
    .fetch_one(&mut **tx)
    .await?;
    tx.wrote(Event { amr: words(amr.as_deref()), ..event.clone() });
    Ok(())
}

/// The same for many at once, none of them in a session, and no more than one statement may have values for.
pub(super) async fn insert_all(tx: &mut Transaction, events: impl Iterator<Item = &Event> + Clone) -> Result<()> {
    let mut query = QueryBuilder::<Db>::new(
        "INSERT INTO events (id, happened_at, kind, user_id, actor_id, about, address, user_agent, amr) ",
    );
    query.push_values(events.clone(), |mut row, event| {
        row.push_bind(event.id)
            .push_bind(event.at.as_millis())
            .push_bind(event.kind.as_str())
            .push_bind(event.user.map(|user| user.0))
            .push_bind(event.actor.map(|actor| actor.0))
            .push_bind(&event.about)
            .push_bind(event.address.map(|address| address.to_string()))
            .push_bind(&event.user_agent)
            .push_bind((!event.amr.is_empty()).then(|| event.amr.join(" ")));
    });
    query.build().execute(&mut **tx).await?;
    events.for_each(|event| tx.wrote(event.clone()));
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
            "SELECT id, happened_at, kind, user_id, actor_id, session_id, about, address, user_agent, amr
             FROM events WHERE ",
            $condition
        )
    };
}

/// The newest ids first. What a newer program wrote, of a kind that this one has no word for, is passed over and does not
/// count: fewer than were asked for means that there are no more.
pub(super) async fn page(store: &Backend, asked: &EventQuery) -> Result<Vec<Event>> {
    let limit = usize::try_from(asked.limit).unwrap_or(usize::MAX);
    let (mut events, mut after, mut is_last) = (Vec::new(), asked.after, false);
    while events.len() < limit && !is_last {
        let rows = rows(store, &EventQuery { after, ..*asked }).await?;
        is_last = rows.len() < limit;
        after = rows.last().map(|row| row.try_get("id")).transpose()?;
        for row in &rows {
            events.extend(event(row)?);
        }
    }
    events.truncate(limit);
    Ok(events)
}

/// There is a statement for every question, as one for all of them would find no index to use.
async fn rows(store: &Backend, asked: &EventQuery) -> Result<Vec<Row>> {
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
    query.fetch_all(&mut *store.read().await?).await
}

/// `None` for one of a kind that only a newer program has.
fn event(row: &Row) -> Result<Option<Event>> {
    let Some(kind) = known(row, "kind", EventKind::parse)? else { return Ok(None) };
    Ok(Some(Event {
        id: row.try_get("id")?,
        at: timestamp(row, "happened_at")?,
        kind,
        user: row.try_get::<Option<_>, _>("user_id")?.map(UserId),
        actor: row.try_get::<Option<_>, _>("actor_id")?.map(UserId),
        session: row.try_get::<Option<_>, _>("session_id")?.map(SessionId),
        amr: words(row.try_get("amr")?),
        about: row.try_get("about")?,
        address: optional_parsed(row, "address", |text| text.parse().ok())?,
        user_agent: row.try_get("user_agent")?,
    }))
}

fn words(joined: Option<&str>) -> Vec<String> {
    joined.map(|amr| amr.split_whitespace().map(str::to_owned).collect()).unwrap_or_default()
}

/// Forgets what happened before, a few rows at a time. The database removes nothing that is not said to be too old first.
pub(super) async fn forget(store: &Backend, before: Timestamp) -> Result<()> {
    let horizon = sqlx::query("UPDATE event_horizon SET forgets_before = $1 WHERE forgets_before < $1");
    store.execute(horizon.bind(before.as_millis())).await?;
    loop {
        let query = sqlx::query(FORGET_EVENTS).bind(before.as_millis()).bind(BATCH);
        if store.execute(query).await?.rows_affected() == 0 {
            return Ok(());
        }
    }
}
