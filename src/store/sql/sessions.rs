//! Logins: opened on the strength of what was checked, ended once.

use std::time::Duration;

use sqlx::{Result, Row as _};
use uuid::Uuid;

use super::{
    super::{Backend, FORGET_SESSIONS, HOLD_USER},
    Connection, events, flows, revocations,
    row::{Row, optional_parsed, timestamp},
    users,
};
use crate::{
    account::{UserId, is_multiple},
    audit::Event,
    clock::Timestamp,
    revocation::{Revocation, Target},
    session::{Device, Session, SessionId},
    store::NewSession,
};

/// How long an expired session is kept, so that a token that outlives it by a little can still be revoked.
const KEPT_AFTER_EXPIRY: Duration = Duration::from_hours(24);

pub(super) async fn open(store: &Backend, new: &NewSession, event: &Event) -> Result<bool> {
    let session = &new.session;
    let mut tx = store.begin().await?;
    sqlx::query(HOLD_USER).bind(session.user.0).fetch_optional(&mut *tx).await?;
    if let Some(flow) = &new.flow
        && !flows::end(&mut tx, session.user, flow, event.at).await?
    {
        return Ok(false);
    }
    let opened = sqlx::query(
        "INSERT INTO sessions (id, user_id, created_at, expires_at, auth_time, amr, address, user_agent)
         SELECT $1, id, $3, $4, $5, $6, $7, $8 FROM users
         WHERE id = $2 AND generation = $9 AND password_version = $10 AND disabled_at IS NULL
            AND ($11 OR NOT EXISTS (SELECT 1 FROM totp WHERE user_id = users.id))",
    )
    .bind(session.id.0)
    .bind(session.user.0)
    .bind(session.created_at.as_millis())
    .bind(session.expires_at.as_millis())
    .bind(session.auth_time.as_millis())
    .bind(session.amr.join(" "))
    .bind(session.device.address.map(|address| address.to_string()))
    .bind(&session.device.user_agent)
    .bind(new.generation)
    .bind(new.password_version)
    .bind(is_multiple(&session.amr))
    .execute(&mut *tx)
    .await?;
    if opened.rows_affected() == 0 {
        return Ok(false);
    }
    events::insert(&mut tx, event).await?;
    tx.commit().await?;
    Ok(true)
}

pub(super) async fn living(store: &Backend, id: SessionId, now: Timestamp) -> Result<Option<Session>> {
    let row = sqlx::query(
        "SELECT id, user_id, created_at, expires_at, auth_time, amr, address, user_agent FROM sessions
         WHERE id = $1 AND ended_at IS NULL AND expires_at > $2",
    )
    .bind(id.0)
    .bind(now.as_millis())
    .fetch_optional(&store.reader)
    .await?;
    row.as_ref().map(session).transpose()
}

fn session(row: &Row) -> Result<Session> {
    Ok(Session {
        id: SessionId(row.try_get("id")?),
        user: UserId(row.try_get("user_id")?),
        created_at: timestamp(row, "created_at")?,
        expires_at: timestamp(row, "expires_at")?,
        auth_time: timestamp(row, "auth_time")?,
        amr: row.try_get::<&str, _>("amr")?.split_whitespace().map(str::to_owned).collect(),
        device: Device {
            address: optional_parsed(row, "address", |text| text.parse().ok())?,
            user_agent: row.try_get("user_agent")?,
        },
    })
}

pub(super) async fn end(
    store: &Backend,
    user: UserId,
    id: SessionId,
    revocation: &Revocation,
    event: &Event,
) -> Result<bool> {
    let mut tx = store.begin().await?;
    let ended = sqlx::query("UPDATE sessions SET ended_at = $3 WHERE id = $1 AND user_id = $2 AND ended_at IS NULL")
        .bind(id.0)
        .bind(user.0)
        .bind(event.at.as_millis())
        .execute(&mut *tx)
        .await?;
    if ended.rows_affected() == 0 {
        return Ok(false);
    }
    revocations::insert(&mut tx, revocation).await?;
    events::insert(&mut tx, event).await?;
    tx.commit().await?;
    Ok(true)
}

pub(super) async fn end_all(
    store: &Backend,
    user: UserId,
    revoke_until: Timestamp,
    event: &Event,
) -> Result<Option<i64>> {
    let mut tx = store.begin().await?;
    let Some(generation) = users::raise_generation(&mut tx, user, event.at).await? else {
        return Ok(None);
    };
    end_except(&mut tx, user, None, event.at).await?;
    let target = Target::User { id: user.to_string(), minimum: generation };
    revocations::insert(&mut tx, &Revocation { target, until: revoke_until }).await?;
    events::insert(&mut tx, event).await?;
    tx.commit().await?;
    Ok(Some(generation))
}

/// Ends the sessions of a user, all but `keep`, and answers which. The caller holds the user's row, so no other is
/// opened meanwhile.
pub(super) async fn end_except(
    connection: &mut Connection,
    user: UserId,
    keep: Option<SessionId>,
    at: Timestamp,
) -> Result<Vec<SessionId>> {
    let ended: Vec<Uuid> = sqlx::query_scalar(
        "UPDATE sessions SET ended_at = $3
         WHERE user_id = $1 AND ended_at IS NULL AND ($2 IS NULL OR id <> $2)
         RETURNING id",
    )
    .bind(user.0)
    .bind(keep.map(|keep| keep.0))
    .bind(at.as_millis())
    .fetch_all(connection)
    .await?;
    Ok(ended.into_iter().map(SessionId).collect())
}

pub(super) async fn forget_expired(store: &Backend, now: Timestamp) -> Result<()> {
    let long_expired = now - KEPT_AFTER_EXPIRY;
    sqlx::query(FORGET_SESSIONS).bind(long_expired.as_millis()).execute(&store.writer).await?;
    Ok(())
}
