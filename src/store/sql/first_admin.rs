//! The links that make the first administrator.

use sqlx::Result;

use super::{
    super::{Backend, HOLD_ADMINS},
    Connection, users,
};
use crate::{
    access::ADMIN,
    audit::Event,
    clock::Timestamp,
    secret::TokenHash,
    store::{Conflict, NewUser},
};

pub(super) async fn offer(store: &Backend, token: &TokenHash, expires_at: Timestamp) -> Result<bool> {
    let mut tx = store.begin().await?;
    if is_there_one(&mut tx).await? {
        return Ok(false);
    }
    sqlx::query("INSERT INTO first_admin_links (hash, expires_at) VALUES ($1, $2)")
        .bind(token.as_bytes().as_slice())
        .bind(expires_at.as_millis())
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(true)
}

pub(super) async fn is_offered(store: &Backend, token: &TokenHash, now: Timestamp) -> Result<bool> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM first_admin_links WHERE hash = $1 AND expires_at > $2)
            AND NOT EXISTS (SELECT 1 FROM user_roles WHERE role = $3)",
    )
    .bind(token.as_bytes().as_slice())
    .bind(now.as_millis())
    .bind(ADMIN)
    .fetch_one(&mut *store.read().await?)
    .await
}

pub(super) async fn make(
    store: &Backend,
    token: &TokenHash,
    new: &NewUser,
    event: &Event,
) -> Result<Result<bool, Conflict>> {
    let mut tx = store.begin().await?;
    // Whoever else makes an administrator waits for this, or this for them.
    sqlx::query(HOLD_ADMINS).bind(ADMIN).fetch_optional(&mut *tx).await?;
    let spent = sqlx::query("DELETE FROM first_admin_links WHERE hash = $1 AND expires_at > $2")
        .bind(token.as_bytes().as_slice())
        .bind(event.at.as_millis())
        .execute(&mut *tx)
        .await?;
    if spent.rows_affected() == 0 || is_there_one(&mut tx).await? {
        return Ok(Ok(false));
    }
    if let Err(conflict) = users::make(&mut tx, new, event).await? {
        return Ok(Err(conflict));
    }
    sqlx::query("DELETE FROM first_admin_links").execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(Ok(true))
}

pub(super) async fn forget_expired(store: &Backend, now: Timestamp) -> Result<()> {
    let forgotten = sqlx::query("DELETE FROM first_admin_links WHERE expires_at <= $1").bind(now.as_millis());
    store.execute(forgotten).await?;
    Ok(())
}

async fn is_there_one(connection: &mut Connection) -> Result<bool> {
    sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM user_roles WHERE role = $1)")
        .bind(ADMIN)
        .fetch_one(connection)
        .await
}
