//! Accounts, their names and their passwords.

use sqlx::{Result, Row as _};
use uuid::Uuid;

use super::{
    super::{Backend, HOLD_USER},
    Connection, Transaction,
    access::Admins,
    events, one_time, outbox, revocations, roles,
    row::{Row, optional_timestamp, parsed, timestamp},
    sessions,
};
use crate::{
    account::{Email, SecondFactors, User, UserId, UserRecord, Username},
    audit::{Event, EventKind},
    clock::Timestamp,
    mail::{MailKind, MailTo},
    password::PasswordHash,
    revocation::Revocation,
    session::SessionId,
    store::{Conflict, LastAdmin, NewUser},
};

pub(super) async fn create(store: &Backend, new: &NewUser, event: &Event) -> Result<Result<(), Conflict>> {
    let mut tx = store.begin().await?;
    let made = make(&mut tx, new, event).await?;
    if made.is_ok() {
        tx.commit().await?;
    }
    Ok(made)
}

/// Makes a user who sets a password by the link of a mail.
pub(super) async fn invite(store: &Backend, new: &NewUser, event: &Event) -> Result<Result<(), Conflict>> {
    let mut tx = store.begin().await?;
    let made = make(&mut tx, new, event).await?;
    if made.is_ok() {
        outbox::tell(&mut tx, MailKind::Invitation, MailTo::User(new.user.id), event).await?;
        tx.commit().await?;
    }
    Ok(made)
}

/// Makes a user in a transaction that is to be rolled back if something is taken.
pub(super) async fn make(tx: &mut Transaction, new: &NewUser, event: &Event) -> Result<Result<(), Conflict>> {
    roles::hold(tx, &new.user.roles).await?;
    let inserted = insert(tx, new).await?;
    // Asked after the insert, which has waited for any transaction that is just deleting the owner of this name: a
    // name it retired shows now and might not have before.
    if name_is_taken(tx, &new.user).await? {
        return Ok(Err(Conflict::Username));
    }
    if !inserted {
        let of_email = email_is_taken(tx, &new.user).await?;
        return Ok(Err(if of_email { Conflict::Email } else { Conflict::Id }));
    }
    if one_time::is_promised(tx, &new.user.email, new.user.id, event.at).await? {
        return Ok(Err(Conflict::Email));
    }
    for role in &new.user.roles {
        sqlx::query("INSERT INTO user_roles (user_id, role) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(new.user.id.0)
            .bind(role)
            .execute(&mut **tx)
            .await?;
    }
    events::insert(tx, event).await?;
    Ok(Ok(()))
}

/// `false` if something that must be unique is taken.
async fn insert(connection: &mut Connection, new: &NewUser) -> Result<bool> {
    let user = &new.user;
    let inserted = sqlx::query(
        "INSERT INTO users (id, username, username_key, email, email_key, email_verified_at, name, password_hash,
            password_version, generation, disabled_at, created_at, updated_at, must_change_password, pending)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $10, $11, $11, $12, $13)
         ON CONFLICT DO NOTHING",
    )
    .bind(user.id.0)
    .bind(user.username.as_str())
    .bind(user.username.key())
    .bind(user.email.as_str())
    .bind(user.email.key())
    .bind(user.email_verified_at.map(Timestamp::as_millis))
    .bind(&user.name)
    .bind(new.password.as_ref().map(PasswordHash::as_str))
    .bind(user.generation)
    .bind(user.disabled_at.map(Timestamp::as_millis))
    .bind(user.created_at.as_millis())
    .bind(new.must_change_password)
    .bind(new.pending)
    .execute(connection)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

async fn name_is_taken(connection: &mut Connection, user: &User) -> Result<bool> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM retired_usernames WHERE username_key = $1)
             OR EXISTS (SELECT 1 FROM users WHERE username_key = $1 AND id <> $2)",
    )
    .bind(user.username.key())
    .bind(user.id.0)
    .fetch_one(connection)
    .await
}

pub(super) async fn is_name_used(store: &Backend, username: &Username) -> Result<bool> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM retired_usernames WHERE username_key = $1)
             OR EXISTS (SELECT 1 FROM users WHERE username_key = $1)",
    )
    .bind(username.key())
    .fetch_one(&mut *store.read().await?)
    .await
}

async fn email_is_taken(connection: &mut Connection, user: &User) -> Result<bool> {
    sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM users WHERE email_key = $1 AND id <> $2)")
        .bind(user.email.key())
        .bind(user.id.0)
        .fetch_one(connection)
        .await
}

/// The statement that reads a user with their roles, which come in one column, a line each.
macro_rules! select_user {
    ($condition:literal) => {
        concat!(
            "SELECT id, username, email, email_verified_at, name, password_hash, password_version, generation,
                disabled_at, created_at, must_change_password, pending,
                EXISTS (SELECT 1 FROM totp WHERE user_id = users.id) AS has_totp,
                EXISTS (SELECT 1 FROM passkeys WHERE user_id = users.id) AS has_passkey,
                (SELECT backend FROM external_users WHERE user_id = users.id) AS backend,
                (SELECT string_agg(role, '\n' ORDER BY role) FROM user_roles WHERE user_id = users.id) AS roles
             FROM users WHERE ",
            $condition
        )
    };
}
pub(super) use select_user;

pub(super) async fn with_id(store: &Backend, id: UserId) -> Result<Option<UserRecord>> {
    by_id(&mut *store.read().await?, id).await
}

pub(super) async fn by_id(connection: &mut Connection, id: UserId) -> Result<Option<UserRecord>> {
    let row = sqlx::query(select_user!("id = $1")).bind(id.0).fetch_optional(connection).await?;
    row.as_ref().map(record).transpose()
}

/// Keeps a user as they are until the transaction ends. `false` if there is no such user.
pub(super) async fn hold(connection: &mut Connection, id: UserId) -> Result<bool> {
    Ok(sqlx::query(HOLD_USER).bind(id.0).fetch_optional(connection).await?.is_some())
}

pub(super) async fn by_username(store: &Backend, username: &Username) -> Result<Option<UserRecord>> {
    let query = sqlx::query(select_user!("username_key = $1")).bind(username.key());
    query.fetch_optional(&mut *store.read().await?).await?.as_ref().map(record).transpose()
}

pub(super) async fn by_email(store: &Backend, email: &Email) -> Result<Option<UserRecord>> {
    let query = sqlx::query(select_user!("email_key = $1")).bind(email.key());
    query.fetch_optional(&mut *store.read().await?).await?.as_ref().map(record).transpose()
}

pub(super) async fn id_of(store: &Backend, to: &MailTo) -> Result<Option<UserId>> {
    // One row comes either way, so that what is read of it tells nothing by its time.
    let query = match to {
        MailTo::User(id) => return Ok(Some(*id)),
        MailTo::Username(name) => {
            sqlx::query_scalar("SELECT (SELECT id FROM users WHERE username_key = $1)").bind(name.key())
        }
        MailTo::Address(email) => {
            sqlx::query_scalar("SELECT (SELECT id FROM users WHERE email_key = $1)").bind(email.key())
        }
    };
    let id: Option<Uuid> = query.fetch_one(&mut *store.read().await?).await?;
    Ok(id.map(UserId))
}

pub(super) fn record(row: &Row) -> Result<UserRecord> {
    let roles: Option<&str> = row.try_get("roles")?;
    let user = User {
        id: UserId(row.try_get("id")?),
        username: parsed(row, "username", Username::parse)?,
        email: parsed(row, "email", Email::parse)?,
        email_verified_at: optional_timestamp(row, "email_verified_at")?,
        name: row.try_get("name")?,
        roles: roles.map(|roles| roles.lines().map(str::to_owned).collect()).unwrap_or_default(),
        generation: row.try_get("generation")?,
        disabled_at: optional_timestamp(row, "disabled_at")?,
        created_at: timestamp(row, "created_at")?,
    };
    let hash: Option<String> = row.try_get("password_hash")?;
    Ok(UserRecord {
        user,
        password: hash.map(PasswordHash::from_stored),
        password_version: row.try_get("password_version")?,
        second_factors: SecondFactors { totp: row.try_get("has_totp")?, webauthn: row.try_get("has_passkey")? },
        must_change_password: row.try_get("must_change_password")?,
        pending: row.try_get("pending")?,
        backend: row.try_get("backend")?,
    })
}

pub(super) async fn rename(store: &Backend, id: UserId, name: &str, event: &Event) -> Result<bool> {
    let mut tx = store.begin().await?;
    let renamed = sqlx::query("UPDATE users SET name = $2, updated_at = $3 WHERE id = $1")
        .bind(id.0)
        .bind(name)
        .bind(event.at.as_millis())
        .execute(&mut *tx)
        .await?;
    if renamed.rows_affected() == 0 {
        return Ok(false);
    }
    events::insert(&mut tx, event).await?;
    tx.commit().await?;
    Ok(true)
}

pub(super) async fn delete(
    store: &Backend,
    id: UserId,
    revocation: &Revocation,
    event: &Event,
) -> Result<Result<bool, LastAdmin>> {
    let mut tx = store.begin().await?;
    let admins = Admins::hold(&mut tx, id).await?;
    if !hold(&mut tx, id).await? {
        return Ok(Ok(false));
    }
    // First, while there is the session that it is done in.
    events::insert(&mut tx, event).await?;
    let name: Option<String> = sqlx::query_scalar("DELETE FROM users WHERE id = $1 RETURNING username_key")
        .bind(id.0)
        .fetch_optional(&mut *tx)
        .await?;
    let Some(name) = name else {
        return Ok(Ok(false));
    };
    if let Err(last) = admins.remain(&mut tx).await? {
        return Ok(Err(last));
    }
    retire_name(&mut tx, &name, event.at).await?;
    revocations::commit(tx, std::slice::from_ref(revocation)).await?;
    Ok(Ok(true))
}

pub(super) async fn retire_name(connection: &mut Connection, key: &str, at: Timestamp) -> Result<()> {
    sqlx::query("INSERT INTO retired_usernames (username_key, retired_at) VALUES ($1, $2) ON CONFLICT DO NOTHING")
        .bind(key)
        .bind(at.as_millis())
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn rehash_password(
    store: &Backend,
    id: UserId,
    version: i64,
    hash: &PasswordHash,
    event: &Event,
) -> Result<bool> {
    let mut tx = store.begin().await?;
    let rehashed = sqlx::query("UPDATE users SET password_hash = $3 WHERE id = $1 AND password_version = $2")
        .bind(id.0)
        .bind(version)
        .bind(hash.as_str())
        .execute(&mut *tx)
        .await?;
    if rehashed.rows_affected() == 0 {
        return Ok(false);
    }
    events::insert(&mut tx, event).await?;
    tx.commit().await?;
    Ok(true)
}

pub(super) async fn change_password(
    store: &Backend,
    id: UserId,
    version: i64,
    hash: &PasswordHash,
    keep: Option<SessionId>,
    revoke_until: Timestamp,
    event: &Event,
) -> Result<Option<Vec<SessionId>>> {
    let mut tx = store.begin().await?;
    let changed = sqlx::query(
        "UPDATE users SET password_hash = $3, password_version = password_version + 1, must_change_password = FALSE,
            updated_at = $4
         WHERE id = $1 AND password_version = $2",
    )
    .bind(id.0)
    .bind(version)
    .bind(hash.as_str())
    .bind(event.at.as_millis())
    .execute(&mut *tx)
    .await?;
    if changed.rows_affected() == 0 {
        return Ok(None);
    }
    let ended = sessions::end_except(&mut tx, id, keep, event.at).await?;
    one_time::kill(&mut tx, id).await?;
    outbox::tell(&mut tx, MailKind::PasswordChanged, MailTo::User(id), event).await?;
    events::insert(&mut tx, event).await?;
    revocations::commit(tx, &revocations::of_sessions(&ended, revoke_until)).await?;
    Ok(Some(ended))
}

pub(super) async fn disable(
    store: &Backend,
    id: UserId,
    revoke_until: Timestamp,
    event: &Event,
) -> Result<Result<Option<i64>, LastAdmin>> {
    let mut tx = store.begin().await?;
    let admins = Admins::hold(&mut tx, id).await?;
    let Some(generation) = supersede(&mut tx, id, event.at).await? else {
        return Ok(Ok(None));
    };
    sqlx::query("UPDATE users SET disabled_at = $2 WHERE id = $1 AND disabled_at IS NULL")
        .bind(id.0)
        .bind(event.at.as_millis())
        .execute(&mut *tx)
        .await?;
    if let Err(last) = admins.remain(&mut tx).await? {
        return Ok(Err(last));
    }
    sessions::end_except(&mut tx, id, None, event.at).await?;
    events::insert(&mut tx, event).await?;
    revocations::commit(tx, &[revocations::of_user(id, generation, revoke_until)]).await?;
    Ok(Ok(Some(generation)))
}

pub(super) async fn enable(store: &Backend, id: UserId, event: &Event) -> Result<bool> {
    let mut tx = store.begin().await?;
    if !hold(&mut tx, id).await? {
        return Ok(false);
    }
    let was_pending: bool =
        sqlx::query_scalar("SELECT pending FROM users WHERE id = $1").bind(id.0).fetch_one(&mut *tx).await?;
    sqlx::query("UPDATE users SET disabled_at = NULL, pending = FALSE, updated_at = $2 WHERE id = $1")
        .bind(id.0)
        .bind(event.at.as_millis())
        .execute(&mut *tx)
        .await?;
    if was_pending {
        let event = Event { kind: EventKind::UserApproved, ..event.clone() };
        outbox::tell(&mut tx, MailKind::VerifyEmail, MailTo::User(id), &event).await?;
        events::insert(&mut tx, &event).await?;
    } else {
        events::insert(&mut tx, event).await?;
    }
    tx.commit().await?;
    Ok(true)
}

/// Raises a user's generation, which makes every token stale that they have once it is revoked. Answers the new one, or
/// `None` if there is no such user.
pub(super) async fn supersede(connection: &mut Connection, id: UserId, at: Timestamp) -> Result<Option<i64>> {
    sqlx::query_scalar(
        "UPDATE users SET generation = generation + 1, updated_at = $2 WHERE id = $1 RETURNING generation",
    )
    .bind(id.0)
    .bind(at.as_millis())
    .fetch_optional(connection)
    .await
}
