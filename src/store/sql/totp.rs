//! Authenticator apps: those that are live, and those being set up.
//!
//! Whoever writes more than one row of a user holds the user first: a deletion of the user, which takes their row and then
//! all of theirs, and a statement here would otherwise wait for each other.

use sqlx::{Result, Row as _};
use uuid::Uuid;

use super::{super::Backend, Connection, events, recovery, row::Row, second_factors, users};
use crate::{
    account::UserId,
    audit::Event,
    clock::Timestamp,
    mail::MailKind,
    secret::Sealed,
    store::{StoredTotp, TotpConfirmation, TotpConfirmed},
};

/// What mails call it.
const AUTHENTICATOR: &str = "an authenticator app";

pub(super) async fn live(store: &Backend, user: UserId) -> Result<Option<StoredTotp>> {
    let query = sqlx::query("SELECT id, secret FROM totp WHERE user_id = $1").bind(user.0);
    query.fetch_optional(&mut *store.read().await?).await?.as_ref().map(stored).transpose()
}

pub(super) async fn setup(store: &Backend, user: UserId, now: Timestamp) -> Result<Option<StoredTotp>> {
    let query = sqlx::query("SELECT id, secret FROM totp_setups WHERE user_id = $1 AND expires_at > $2")
        .bind(user.0)
        .bind(now.as_millis());
    query.fetch_optional(&mut *store.read().await?).await?.as_ref().map(stored).transpose()
}

fn stored(row: &Row) -> Result<StoredTotp> {
    Ok(StoredTotp { id: row.try_get("id")?, secret: Sealed::from_stored(row.try_get("secret")?) })
}

pub(super) async fn start_setup(
    store: &Backend,
    user: UserId,
    setup: &StoredTotp,
    expires_at: Timestamp,
    event: &Event,
) -> Result<bool> {
    let mut tx = store.begin().await?;
    users::hold(&mut tx, user).await?;
    let started = sqlx::query(
        "INSERT INTO totp_setups (user_id, id, secret, expires_at) SELECT id, $2, $3, $4 FROM users WHERE id = $1
         ON CONFLICT (user_id) DO UPDATE
            SET id = excluded.id, secret = excluded.secret, expires_at = excluded.expires_at",
    )
    .bind(user.0)
    .bind(setup.id)
    .bind(setup.secret.as_bytes())
    .bind(expires_at.as_millis())
    .execute(&mut *tx)
    .await?;
    if started.rows_affected() == 0 {
        return Ok(false);
    }
    events::insert(&mut tx, event).await?;
    tx.commit().await?;
    Ok(true)
}

pub(super) async fn confirm(store: &Backend, confirmation: &TotpConfirmation, event: &Event) -> Result<TotpConfirmed> {
    let user = confirmation.user;
    let mut tx = store.begin().await?;
    users::hold(&mut tx, user).await?;
    let Some(secret) = take_setup(&mut tx, user, confirmation.id, event.at).await? else {
        return Ok(TotpConfirmed::Refused);
    };
    let first = !second_factors::any(&mut tx, user).await?;
    let confirmed = if insert(&mut tx, confirmation, &secret, event.at).await? {
        if first {
            recovery::put(&mut tx, user, &confirmation.recovery_codes).await?;
            TotpConfirmed::First
        } else {
            TotpConfirmed::Further
        }
    } else if confirmation.may_replace && replace(&mut tx, confirmation, &secret, event.at).await? {
        TotpConfirmed::Replaced
    } else {
        return Ok(TotpConfirmed::Refused);
    };
    second_factors::tell(&mut tx, MailKind::SecondFactorAdded, AUTHENTICATOR, event).await?;
    events::insert(&mut tx, event).await?;
    tx.commit().await?;
    Ok(confirmed)
}

async fn take_setup(connection: &mut Connection, user: UserId, id: Uuid, now: Timestamp) -> Result<Option<Vec<u8>>> {
    sqlx::query_scalar("DELETE FROM totp_setups WHERE user_id = $1 AND id = $2 AND expires_at > $3 RETURNING secret")
        .bind(user.0)
        .bind(id)
        .bind(now.as_millis())
        .fetch_optional(connection)
        .await
}

/// `false` if the user has an authenticator already.
async fn insert(
    connection: &mut Connection,
    confirmation: &TotpConfirmation,
    secret: &[u8],
    at: Timestamp,
) -> Result<bool> {
    let inserted = sqlx::query(
        "INSERT INTO totp (user_id, id, secret, last_step, confirmed_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (user_id) DO NOTHING",
    )
    .bind(confirmation.user.0)
    .bind(confirmation.id)
    .bind(secret)
    .bind(confirmation.step)
    .bind(at.as_millis())
    .execute(connection)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

async fn replace(
    connection: &mut Connection,
    confirmation: &TotpConfirmation,
    secret: &[u8],
    at: Timestamp,
) -> Result<bool> {
    let replaced =
        sqlx::query("UPDATE totp SET id = $2, secret = $3, last_step = $4, confirmed_at = $5 WHERE user_id = $1")
            .bind(confirmation.user.0)
            .bind(confirmation.id)
            .bind(secret)
            .bind(confirmation.step)
            .bind(at.as_millis())
            .execute(connection)
            .await?;
    Ok(replaced.rows_affected() == 1)
}

pub(super) async fn use_step(store: &Backend, user: UserId, authenticator: Uuid, step: i64) -> Result<bool> {
    let accept = sqlx::query("UPDATE totp SET last_step = $3 WHERE user_id = $1 AND id = $2 AND last_step < $3");
    let accepted = store.execute(accept.bind(user.0).bind(authenticator).bind(step)).await?;
    Ok(accepted.rows_affected() == 1)
}

pub(super) async fn remove(store: &Backend, user: UserId, event: &Event) -> Result<bool> {
    let mut tx = store.begin().await?;
    users::hold(&mut tx, user).await?;
    if !take(&mut tx, user).await? {
        return Ok(false);
    }
    second_factors::tell(&mut tx, MailKind::SecondFactorRemoved, AUTHENTICATOR, event).await?;
    events::insert(&mut tx, event).await?;
    tx.commit().await?;
    Ok(true)
}

/// Takes a user's authenticator, what they have begun to set up, and with their last second factor their recovery codes.
/// `false` if they had no authenticator. The caller holds the user.
pub(super) async fn take(connection: &mut Connection, user: UserId) -> Result<bool> {
    let removed = sqlx::query("DELETE FROM totp WHERE user_id = $1").bind(user.0).execute(&mut *connection).await?;
    sqlx::query("DELETE FROM totp_setups WHERE user_id = $1").bind(user.0).execute(&mut *connection).await?;
    second_factors::codes_follow(connection, user).await?;
    Ok(removed.rows_affected() == 1)
}
