//! Logins between two steps.

use sqlx::{Result, Row as _};

use super::{
    super::Backend,
    Connection, events,
    row::{Row, known, timestamp},
    users,
};
use crate::{
    account::UserId,
    audit::Event,
    clock::Timestamp,
    flow::{Flow, Step},
    secret::TokenHash,
};

pub(super) async fn start(
    store: &Backend,
    id: &TokenHash,
    flow: &Flow,
    follows: Option<&TokenHash>,
    event: &Event,
) -> Result<bool> {
    let mut tx = store.begin().await?;
    users::hold(&mut tx, flow.user).await?;
    if let Some(follows) = follows
        && !end(&mut tx, flow.user, follows, event.at).await?
    {
        return Ok(false);
    }
    let started = sqlx::query(
        "INSERT INTO flows (hash, step, user_id, amr, auth_time, password_version, generation, remember, expires_at)
         SELECT $1, $3, id, $4, $5, password_version, generation, $8, $9 FROM users
         WHERE id = $2 AND password_version = $6 AND generation = $7 AND disabled_at IS NULL",
    )
    .bind(id.as_bytes().as_slice())
    .bind(flow.user.0)
    .bind(flow.step.as_str())
    .bind(flow.amr.join(" "))
    .bind(flow.auth_time.as_millis())
    .bind(flow.password_version)
    .bind(flow.generation)
    .bind(flow.remember)
    .bind(flow.expires_at.as_millis())
    .execute(&mut *tx)
    .await?;
    if started.rows_affected() == 0 {
        return Ok(false);
    }
    events::insert(&mut tx, event).await?;
    tx.commit().await?;
    Ok(true)
}

pub(super) async fn living(store: &Backend, id: &TokenHash, now: Timestamp) -> Result<Option<Flow>> {
    let row = sqlx::query(
        "SELECT step, user_id, amr, auth_time, password_version, generation, remember, expires_at FROM flows
         WHERE hash = $1 AND expires_at > $2",
    )
    .bind(id.as_bytes().as_slice())
    .bind(now.as_millis())
    .fetch_optional(&mut *store.read().await?)
    .await?;
    Ok(row.as_ref().map(flow).transpose()?.flatten())
}

/// `None` for one that waits for a step of a newer program.
fn flow(row: &Row) -> Result<Option<Flow>> {
    let Some(step) = known(row, "step", Step::parse)? else { return Ok(None) };
    Ok(Some(Flow {
        step,
        user: UserId(row.try_get("user_id")?),
        amr: row.try_get::<&str, _>("amr")?.split_whitespace().map(str::to_owned).collect(),
        auth_time: timestamp(row, "auth_time")?,
        password_version: row.try_get("password_version")?,
        generation: row.try_get("generation")?,
        remember: row.try_get("remember")?,
        expires_at: timestamp(row, "expires_at")?,
    }))
}

/// Ends a flow of this user, because its step is taken. `false` if it has ended already.
pub(super) async fn end(connection: &mut Connection, user: UserId, id: &TokenHash, now: Timestamp) -> Result<bool> {
    let ended = sqlx::query("DELETE FROM flows WHERE hash = $1 AND user_id = $2 AND expires_at > $3")
        .bind(id.as_bytes().as_slice())
        .bind(user.0)
        .bind(now.as_millis())
        .execute(connection)
        .await?;
    Ok(ended.rows_affected() == 1)
}
