//! Mailed tokens: granted, sent, and spent once.
//!
//! Whoever spends one takes its user's row first, as everyone does who changes a user, and only then the token: so nobody
//! waits for someone who waits for them.

use sqlx::{Result, Row as _};
use uuid::Uuid;

use super::{
    super::Backend,
    Connection,
    row::{Row, parsed, timestamp},
    users,
};
use crate::{
    account::{Email, UserId},
    clock::Timestamp,
    one_time::{CODE_TRIES, Purpose},
    secret::TokenHash,
    store::{Grant, NewToken},
};

/// A token that was good, and is spent once the transaction ends.
pub(super) struct Spent {
    pub(super) id: Uuid,
    pub(super) user: UserId,
    pub(super) email: Email,
    /// When it would have expired.
    pub(super) expires_at: Timestamp,
}

pub(super) async fn issue(store: &Backend, new: &NewToken) -> Result<bool> {
    let grant = &new.grant;
    let mut tx = store.begin().await?;
    users::hold(&mut tx, grant.user).await?;
    let wanted: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM users WHERE id = $1 AND email_key = $2 AND disabled_at IS NULL
            AND ($3 <> 'verify' OR email_verified_at IS NULL)
            AND ($3 <> 'reset' OR NOT EXISTS (SELECT 1 FROM external_users WHERE user_id = $1)))",
    )
    .bind(grant.user.0)
    .bind(grant.email.key())
    .bind(grant.purpose.as_str())
    .fetch_one(&mut *tx)
    .await?;
    if !wanted {
        return Ok(false);
    }
    self::grant(&mut tx, grant).await?;
    sqlx::query("UPDATE one_time_tokens SET hash = $2, code_hash = $3, code_expires_at = $4 WHERE id = $1")
        .bind(grant.id)
        .bind(new.hash.as_bytes().as_slice())
        .bind(new.code.as_ref().map(|code| code.hash.as_bytes().as_slice()))
        .bind(new.code.as_ref().map(|code| code.expires_at.as_millis()))
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(true)
}

/// Gives a right in place of the one that the user had for the same. Those to have an address back stand side by side, one
/// for each address. The caller holds the user.
pub(super) async fn grant(connection: &mut Connection, grant: &Grant) -> Result<()> {
    sqlx::query(
        "DELETE FROM one_time_tokens WHERE user_id = $1 AND purpose = $2 AND (purpose <> 'undo' OR email_key = $3)",
    )
    .bind(grant.user.0)
    .bind(grant.purpose.as_str())
    .bind(grant.email.key())
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "INSERT INTO one_time_tokens (id, purpose, user_id, email, email_key, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(grant.id)
    .bind(grant.purpose.as_str())
    .bind(grant.user.0)
    .bind(grant.email.as_str())
    .bind(grant.email.key())
    .bind(grant.expires_at.as_millis())
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn arm(store: &Backend, id: Uuid, hash: &TokenHash, now: Timestamp) -> Result<Option<Timestamp>> {
    let mut connection = store.writer.lend_to_write().await?;
    let expires_at: Option<i64> = sqlx::query_scalar(
        "UPDATE one_time_tokens SET hash = $2 WHERE id = $1 AND expires_at > $3 RETURNING expires_at",
    )
    .bind(id)
    .bind(hash.as_bytes().as_slice())
    .bind(now.as_millis())
    .fetch_optional(&mut *connection)
    .await?;
    connection.commit().await?;
    Ok(expires_at.map(Timestamp::from_millis))
}

pub(super) async fn user_of(
    store: &Backend,
    purpose: Purpose,
    hash: &TokenHash,
    now: Timestamp,
) -> Result<Option<UserId>> {
    let user: Option<Uuid> =
        sqlx::query_scalar("SELECT user_id FROM one_time_tokens WHERE hash = $1 AND purpose = $2 AND expires_at > $3")
            .bind(hash.as_bytes().as_slice())
            .bind(purpose.as_str())
            .bind(now.as_millis())
            .fetch_optional(&mut *store.read().await?)
            .await?;
    Ok(user.map(UserId))
}

pub(super) async fn pending_email(store: &Backend, user: UserId, now: Timestamp) -> Result<Option<Email>> {
    let row = sqlx::query("SELECT email FROM one_time_tokens WHERE user_id = $1 AND purpose = $2 AND expires_at > $3")
        .bind(user.0)
        .bind(Purpose::Confirm.as_str())
        .bind(now.as_millis())
        .fetch_optional(&mut *store.read().await?)
        .await?;
    row.map(|row| parsed(&row, "email", Email::parse)).transpose()
}

/// Spends a token, and holds its user until the transaction ends. `None` if it is not good for this now.
pub(super) async fn spend(
    connection: &mut Connection,
    purpose: Purpose,
    hash: &TokenHash,
    now: Timestamp,
) -> Result<Option<Spent>> {
    let user: Option<Uuid> = sqlx::query_scalar("SELECT user_id FROM one_time_tokens WHERE hash = $1")
        .bind(hash.as_bytes().as_slice())
        .fetch_optional(&mut *connection)
        .await?;
    let Some(user) = user.map(UserId) else { return Ok(None) };
    users::hold(connection, user).await?;
    let row = sqlx::query(
        "DELETE FROM one_time_tokens WHERE hash = $1 AND purpose = $2 AND expires_at > $3 RETURNING id, email, expires_at",
    )
    .bind(hash.as_bytes().as_slice())
    .bind(purpose.as_str())
    .bind(now.as_millis())
    .fetch_optional(connection)
    .await?;
    row.map(|row| spent_of(&row, user)).transpose()
}

fn spent_of(row: &Row, user: UserId) -> Result<Spent> {
    let (id, email) = (row.try_get("id")?, parsed(row, "email", Email::parse)?);
    Ok(Spent { id, user, email, expires_at: timestamp(row, "expires_at")? })
}

/// What came of a code that was typed.
pub(super) enum Typed {
    /// It was right: it is spent once the transaction ends, and its user held until then.
    Right(Spent),
    /// It was wrong, which counts if the transaction is committed.
    Wrong,
}

/// Tries a code, which counts before it is looked at.
pub(super) async fn try_code(
    connection: &mut Connection,
    email: &Email,
    hash: &TokenHash,
    now: Timestamp,
) -> Result<Typed> {
    let user: Option<Uuid> =
        sqlx::query_scalar("SELECT user_id FROM one_time_tokens WHERE email_key = $1 AND purpose = 'verify'")
            .bind(email.key())
            .fetch_optional(&mut *connection)
            .await?;
    let Some(user) = user.map(UserId) else { return Ok(Typed::Wrong) };
    users::hold(connection, user).await?;
    let row = sqlx::query(
        "UPDATE one_time_tokens SET code_tries = code_tries + 1
         WHERE email_key = $1 AND purpose = 'verify' AND code_tries < $2 AND code_expires_at > $3 AND expires_at > $3
         RETURNING id, code_hash, email, expires_at",
    )
    .bind(email.key())
    .bind(i64::from(CODE_TRIES))
    .bind(now.as_millis())
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(Typed::Wrong) };
    if row.try_get::<Vec<u8>, _>("code_hash")? != hash.as_bytes() {
        return Ok(Typed::Wrong);
    }
    let spent = spent_of(&row, user)?;
    sqlx::query("DELETE FROM one_time_tokens WHERE id = $1").bind(spent.id).execute(connection).await?;
    Ok(Typed::Right(spent))
}

/// Takes every token of a user but those that give an address back. The caller holds the user.
pub(super) async fn kill(connection: &mut Connection, user: UserId) -> Result<()> {
    sqlx::query("DELETE FROM one_time_tokens WHERE user_id = $1 AND purpose <> 'undo'")
        .bind(user.0)
        .execute(connection)
        .await?;
    Ok(())
}

/// Takes the rights to have an address back that are no older than this one: whoever had the account after its owner
/// lost it must not get it again, and the owner of a time before that may.
pub(super) async fn kill_undo_since(connection: &mut Connection, user: UserId, id: Uuid) -> Result<()> {
    sqlx::query("DELETE FROM one_time_tokens WHERE user_id = $1 AND purpose = 'undo' AND id >= $2")
        .bind(user.0)
        .bind(id)
        .execute(connection)
        .await?;
    Ok(())
}

/// Whether this address may yet come back to an account other than this one, so that nobody else can have it.
pub(super) async fn is_promised(
    connection: &mut Connection,
    email: &Email,
    but: UserId,
    now: Timestamp,
) -> Result<bool> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM one_time_tokens
            WHERE email_key = $1 AND purpose = 'undo' AND user_id <> $2 AND expires_at > $3)",
    )
    .bind(email.key())
    .bind(but.0)
    .bind(now.as_millis())
    .fetch_one(connection)
    .await
}
