//! Recovery codes that are not spent.

use sqlx::Result;

use super::{super::Backend, Connection, events, outbox, users};
use crate::{
    account::UserId,
    audit::Event,
    mail::{MailKind, MailTo},
    recovery::RecoveryHash,
};

pub(super) async fn spend(store: &Backend, user: UserId, code: &RecoveryHash, event: &Event) -> Result<bool> {
    let mut tx = store.begin().await?;
    let spent = sqlx::query("DELETE FROM recovery_codes WHERE user_id = $1 AND hash = $2")
        .bind(user.0)
        .bind(code.as_bytes().as_slice())
        .execute(&mut *tx)
        .await?;
    if spent.rows_affected() == 0 {
        return Ok(false);
    }
    outbox::tell(&mut tx, MailKind::RecoveryCodeUsed, MailTo::User(user), event).await?;
    events::insert(&mut tx, event).await?;
    tx.commit().await?;
    Ok(true)
}

pub(super) async fn replace(store: &Backend, user: UserId, codes: &[RecoveryHash], event: &Event) -> Result<bool> {
    let mut tx = store.begin().await?;
    if !users::hold(&mut tx, user).await? {
        return Ok(false);
    }
    put(&mut tx, user, codes).await?;
    events::insert(&mut tx, event).await?;
    tx.commit().await?;
    Ok(true)
}

/// Makes these the only codes of a user, whom the caller holds.
pub(super) async fn put(connection: &mut Connection, user: UserId, codes: &[RecoveryHash]) -> Result<()> {
    sqlx::query("DELETE FROM recovery_codes WHERE user_id = $1").bind(user.0).execute(&mut *connection).await?;
    for code in codes {
        sqlx::query("INSERT INTO recovery_codes (user_id, hash) VALUES ($1, $2)")
            .bind(user.0)
            .bind(code.as_bytes().as_slice())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

pub(super) async fn left(store: &Backend, user: UserId) -> Result<u32> {
    let left: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM recovery_codes WHERE user_id = $1")
        .bind(user.0)
        .fetch_one(&mut *store.read().await?)
        .await?;
    Ok(u32::try_from(left).unwrap_or(u32::MAX))
}
