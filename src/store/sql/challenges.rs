//! Challenges that wait for an authenticator.

use sqlx::{Result, Row as _};

use super::{
    super::{Backend, EVICT_CHALLENGES},
    row::{Row, known, timestamp},
    users,
};
use crate::{
    account::UserId,
    clock::Timestamp,
    passkey::{CHALLENGES_MAX, Ceremony, Challenge},
    secret::TokenHash,
    session::SessionId,
};

pub(super) async fn put(store: &Backend, flow: &TokenHash, challenge: &Challenge, asker: Option<&str>) -> Result<bool> {
    let mut tx = store.begin().await?;
    if let Some(user) = challenge.user
        && !users::hold(&mut tx, user).await?
    {
        return Ok(false);
    }
    sqlx::query(
        "INSERT INTO passkey_challenges (hash, ceremony, user_id, session_id, state, expires_at, asker)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (hash) DO UPDATE
            SET ceremony = excluded.ceremony, user_id = excluded.user_id, session_id = excluded.session_id,
                state = excluded.state, expires_at = excluded.expires_at, asker = excluded.asker",
    )
    .bind(flow.as_bytes().as_slice())
    .bind(challenge.ceremony.as_str())
    .bind(challenge.user.map(|user| user.0))
    .bind(challenge.session.map(|session| session.0))
    .bind(&challenge.state)
    .bind(challenge.expires_at.as_millis())
    .bind(asker)
    .execute(&mut *tx)
    .await?;
    sqlx::query(EVICT_CHALLENGES).bind(asker).bind(i64::from(CHALLENGES_MAX)).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(true)
}

pub(super) async fn take(store: &Backend, flow: &TokenHash, now: Timestamp) -> Result<Option<Challenge>> {
    let mut connection = store.writer.lend_to_write().await?;
    let row = sqlx::query(
        "DELETE FROM passkey_challenges WHERE hash = $1 AND expires_at > $2
         RETURNING ceremony, user_id, session_id, state, expires_at",
    )
    .bind(flow.as_bytes().as_slice())
    .bind(now.as_millis())
    .fetch_optional(&mut *connection)
    .await?;
    connection.commit().await?;
    Ok(row.as_ref().map(challenge).transpose()?.flatten())
}

/// `None` for one of a ceremony that only a newer program holds.
fn challenge(row: &Row) -> Result<Option<Challenge>> {
    let Some(ceremony) = known(row, "ceremony", Ceremony::parse)? else { return Ok(None) };
    Ok(Some(Challenge {
        ceremony,
        user: row.try_get::<Option<_>, _>("user_id")?.map(UserId),
        session: row.try_get::<Option<_>, _>("session_id")?.map(SessionId),
        state: row.try_get("state")?,
        expires_at: timestamp(row, "expires_at")?,
    }))
}
