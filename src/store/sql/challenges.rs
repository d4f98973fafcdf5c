//! Challenges that wait for an authenticator.

use sqlx::{Result, Row as _};

use super::{
    super::Backend,
    row::{Row, parsed, timestamp},
    users,
};
use crate::{
    account::UserId,
    clock::Timestamp,
    passkey::{Ceremony, Challenge},
    secret::TokenHash,
    session::SessionId,
};

pub(super) async fn put(store: &Backend, flow: &TokenHash, challenge: &Challenge) -> Result<bool> {
    let mut tx = store.begin().await?;
    if let Some(user) = challenge.user
        && !users::hold(&mut tx, user).await?
    {
        return Ok(false);
    }
    sqlx::query(
        "INSERT INTO passkey_challenges (hash, ceremony, user_id, session_id, state, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (hash) DO UPDATE
            SET ceremony = excluded.ceremony, user_id = excluded.user_id, session_id = excluded.session_id,
                state = excluded.state, expires_at = excluded.expires_at",
    )
    .bind(flow.as_bytes().as_slice())
    .bind(challenge.ceremony.as_str())
    .bind(challenge.user.map(|user| user.0))
    .bind(challenge.session.map(|session| session.0))
    .bind(&challenge.state)
    .bind(challenge.expires_at.as_millis())
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(true)
}

pub(super) async fn take(store: &Backend, flow: &TokenHash, now: Timestamp) -> Result<Option<Challenge>> {
    let mut connection = store.writer.lend().await?;
    let row = sqlx::query(
        "DELETE FROM passkey_challenges WHERE hash = $1 AND expires_at > $2
         RETURNING ceremony, user_id, session_id, state, expires_at",
    )
    .bind(flow.as_bytes().as_slice())
    .bind(now.as_millis())
    .fetch_optional(&mut *connection)
    .await?;
    connection.commit().await?;
    row.as_ref().map(challenge).transpose()
}

fn challenge(row: &Row) -> Result<Challenge> {
    Ok(Challenge {
        ceremony: parsed(row, "ceremony", Ceremony::parse)?,
        user: row.try_get::<Option<_>, _>("user_id")?.map(UserId),
        session: row.try_get::<Option<_>, _>("session_id")?.map(SessionId),
        state: row.try_get("state")?,
        expires_at: timestamp(row, "expires_at")?,
    })
}
