//! Logins: opened on the strength of what was checked, ended once.

use sqlx::{Result, Row as _};
use uuid::Uuid;

use super::{
    super::Backend,
    Connection, access, attempts, devices, events, flows, outbox, refresh, revocations, roles,
    row::{Row, optional_parsed, timestamp},
    users,
};
use crate::{
    account::{UserId, is_multiple},
    audit::{Event, EventKind},
    clock::Timestamp,
    mail::{MailKind, MailTo},
    revocation::Revocation,
    session::{Device, Session, SessionId},
    store::{NewSession, Opened},
};

/// All of a session, as [`session`] reads it.
macro_rules! select_session {
    ($rest:literal) => {
        concat!("SELECT ", columns!(), " FROM sessions ", $rest)
    };
}

macro_rules! columns {
    () => {
        "id, user_id, created_at, last_seen_at, idle_until, expires_at, auth_time, amr, address, user_agent"
    };
}

pub(super) async fn open(store: &Backend, new: &NewSession, event: &Event) -> Result<Option<Opened>> {
    let user = new.session.user;
    let mut tx = store.begin().await?;
    users::hold(&mut tx, user).await?;
    if let Some(flow) = &new.flow
        && !flows::end(&mut tx, user, flow, event.at).await?
    {
        return Ok(None);
    }
    let mut ended = Vec::new();
    if let Some(old) = new.replaces {
        if !end_one(&mut tx, user, old, event.at).await? {
            return Ok(None);
        }
        ended.push(old);
    }
    if !insert(&mut tx, new).await? {
        return Ok(None);
    }
    refresh::insert(&mut tx, &new.refresh, new.session.id).await?;
    for evicted in end_beyond(&mut tx, user, new.cap, event.at).await? {
        events::insert(&mut tx, &event.entailing(EventKind::SessionEvicted).session(evicted)).await?;
        ended.push(evicted);
    }
    if devices::remember(&mut tx, &new.session).await? && event.kind == EventKind::LoginSucceeded {
        outbox::tell(&mut tx, MailKind::NewDevice, MailTo::User(user), event).await?;
    }
    attempts::forgive(&mut tx, &new.forgiven).await?;
    events::insert(&mut tx, event).await?;
    let Some(user) = users::by_id(&mut tx, user).await? else { return Ok(None) };
    let scopes = roles::scopes_of(&mut tx, &user.user).await?;
    let memberships = access::memberships_of(&mut tx, user.user.id).await?;
    revocations::commit(tx, &revocations::of_sessions(&ended, new.revoke_until)).await?;
    Ok(Some(Opened { user: user.user, scopes, memberships, ended }))
}

/// `false` if the user is not as they were when they were checked.
async fn insert(connection: &mut Connection, new: &NewSession) -> Result<bool> {
    let session = &new.session;
    let opened = sqlx::query(
        "INSERT INTO sessions (id, user_id, created_at, last_seen_at, idle_until, expires_at, auth_time, amr, address,
            user_agent)
         SELECT $1, id, $3, $4, $5, $6, $7, $8, $9, $10 FROM users
         WHERE id = $2 AND generation = $11 AND password_version = $12 AND disabled_at IS NULL
            AND ($13 OR NOT EXISTS (SELECT 1 FROM totp WHERE user_id = users.id)
                AND NOT EXISTS (SELECT 1 FROM passkeys WHERE user_id = users.id))
            AND ($14 IS NULL OR EXISTS (SELECT 1 FROM passkeys WHERE id = $14 AND user_id = users.id))",
    )
    .bind(session.id.0)
    .bind(session.user.0)
    .bind(session.created_at.as_millis())
    .bind(session.last_seen_at.as_millis())
    .bind(session.idle_until.as_millis())
    .bind(session.expires_at.as_millis())
    .bind(session.auth_time.as_millis())
    .bind(session.amr.join(" "))
    .bind(session.device.address.map(|address| address.to_string()))
    .bind(&session.device.user_agent)
    .bind(new.generation)
    .bind(new.password_version)
    .bind(is_multiple(&session.amr))
    .bind(new.passkey.map(|passkey| passkey.0))
    .execute(connection)
    .await?;
    Ok(opened.rows_affected() == 1)
}

/// Ends all but the `cap` sessions of a user that were used last, and answers which. The caller holds the user, so no
/// other is opened meanwhile.
async fn end_beyond(connection: &mut Connection, user: UserId, cap: u32, at: Timestamp) -> Result<Vec<SessionId>> {
    let ended: Vec<Uuid> = sqlx::query_scalar(
        "UPDATE sessions SET ended_at = $2 WHERE id IN (
            SELECT id FROM sessions WHERE user_id = $1 AND ended_at IS NULL AND idle_until > $2
            ORDER BY last_seen_at DESC, id DESC LIMIT $4 OFFSET $3
         ) RETURNING id",
    )
    .bind(user.0)
    .bind(at.as_millis())
    .bind(i64::from(cap))
    .bind(i64::MAX)
    .fetch_all(connection)
    .await?;
    Ok(ended.into_iter().map(SessionId).collect())
}

pub(super) async fn living(store: &Backend, id: SessionId, now: Timestamp) -> Result<Option<Session>> {
    let query = sqlx::query(select_session!("WHERE id = $1 AND ended_at IS NULL AND idle_until > $2"));
    let row = query.bind(id.0).bind(now.as_millis()).fetch_optional(&mut *store.read().await?).await?;
    row.as_ref().map(session).transpose()
}

pub(super) async fn of(
    store: &Backend,
    user: UserId,
    now: Timestamp,
    after: Option<SessionId>,
    limit: u32,
) -> Result<Vec<Session>> {
    let rows = sqlx::query(select_session!(
        "WHERE user_id = $1 AND ended_at IS NULL AND idle_until > $2 AND ($3 IS NULL OR id < $3)
         ORDER BY id DESC LIMIT $4"
    ))
    .bind(user.0)
    .bind(now.as_millis())
    .bind(after.map(|after| after.0))
    .bind(i64::from(limit))
    .fetch_all(&mut *store.read().await?)
    .await?;
    rows.iter().map(session).collect()
}

pub(super) async fn saw(store: &Backend, id: SessionId, now: Timestamp, idle_until: Timestamp) -> Result<()> {
    let mut tx = store.begin().await?;
    touch(&mut tx, id, now, idle_until).await?;
    tx.commit().await
}

/// Notes that a session is in use and answers it as it is then; `None` if it has ended or expired. It lives until
/// `idle_until`, unless it is to end before that or may rest for longer.
pub(super) async fn touch(
    connection: &mut Connection,
    id: SessionId,
    now: Timestamp,
    idle_until: Timestamp,
) -> Result<Option<Session>> {
    let row = sqlx::query(concat!(
        "UPDATE sessions SET last_seen_at = $2, idle_until = CASE
            WHEN idle_until >= $3 THEN idle_until WHEN expires_at < $3 THEN expires_at ELSE $3 END
         WHERE id = $1 AND ended_at IS NULL AND idle_until > $2 RETURNING ",
        columns!()
    ))
    .bind(id.0)
    .bind(now.as_millis())
    .bind(idle_until.as_millis())
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(session).transpose()
}

fn session(row: &Row) -> Result<Session> {
    Ok(Session {
        id: SessionId(row.try_get("id")?),
        user: UserId(row.try_get("user_id")?),
        created_at: timestamp(row, "created_at")?,
        last_seen_at: timestamp(row, "last_seen_at")?,
        idle_until: timestamp(row, "idle_until")?,
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
    if !end_one(&mut tx, user, id, event.at).await? {
        return Ok(false);
    }
    events::insert(&mut tx, event).await?;
    revocations::commit(tx, std::slice::from_ref(revocation)).await?;
    Ok(true)
}

/// Ends a session of this user. `false` if it had ended already or is not theirs.
pub(super) async fn end_one(connection: &mut Connection, user: UserId, id: SessionId, at: Timestamp) -> Result<bool> {
    let ended = sqlx::query("UPDATE sessions SET ended_at = $3 WHERE id = $1 AND user_id = $2 AND ended_at IS NULL")
        .bind(id.0)
        .bind(user.0)
        .bind(at.as_millis())
        .execute(connection)
        .await?;
    Ok(ended.rows_affected() == 1)
}

pub(super) async fn end_all(
    store: &Backend,
    user: UserId,
    revoke_until: Timestamp,
    event: &Event,
) -> Result<Option<i64>> {
    let mut tx = store.begin().await?;
    let Some(generation) = users::supersede(&mut tx, user, event.at).await? else {
        return Ok(None);
    };
    end_except(&mut tx, user, None, event.at).await?;
    events::insert(&mut tx, event).await?;
    revocations::commit(tx, &[revocations::of_user(user, generation, revoke_until)]).await?;
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
