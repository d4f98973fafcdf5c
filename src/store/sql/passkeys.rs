//! Keys of authenticators. Whoever changes how many a user has holds the user first.

use async_trait::async_trait;
use sqlx::{Result, Row as _};

use super::{
    super::Backend,
    Connection, challenges, events, recovery,
    registrations::{self, Asked},
    row::{Row, known, malformed, optional_timestamp, parsed, timestamp},
    second_factors, users, within,
};
use crate::{
    account::{UserId, Username},
    audit::Event,
    clock::Timestamp,
    mail::MailKind,
    passkey::{Challenge, PASSKEYS_MAX, Passkey, PasskeyId, PasskeyKind, PasskeyName, UserHandle},
    recovery::RecoveryHash,
    secret::TokenHash,
    store::{self, Conflict, NewPasskeyUser, PasskeyAdded, PasskeyRemoved, PasskeyStore, PasskeyUse, StoreError},
};

#[async_trait]
impl PasskeyStore for Backend {
    async fn put_challenge(&self, flow: &TokenHash, challenge: &Challenge, asker: Option<&str>) -> store::Result<bool> {
        within(challenges::put(self, flow, challenge, asker)).await
    }

    async fn take_challenge(&self, flow: &TokenHash, now: Timestamp) -> store::Result<Option<Challenge>> {
        within(challenges::take(self, flow, now)).await
    }

    async fn user_handle(&self, user: UserId, offered: UserHandle) -> store::Result<Option<UserHandle>> {
        within(handle(self, user, offered)).await
    }

    async fn passkeys(&self, user: UserId) -> store::Result<Vec<Passkey>> {
        within(of(self, user)).await
    }

    async fn passkey_by_credential(&self, credential_id: &[u8]) -> store::Result<Option<(Passkey, UserHandle)>> {
        within(by_credential(self, credential_id)).await
    }

    async fn add_passkey(
        &self,
        passkey: &Passkey,
        codes: &[RecoveryHash],
        event: &Event,
    ) -> store::Result<PasskeyAdded> {
        within(add(self, passkey, codes, event)).await
    }

    async fn is_username_used(&self, username: &Username) -> store::Result<bool> {
        within(users::is_name_used(self, username)).await
    }

    async fn register_passkey_user(&self, new: &NewPasskeyUser, neutral: bool, event: &Event) -> store::Result<bool> {
        let made = within(register_user(self, new, neutral, event)).await?;
        made.map_err(StoreError::Conflict)
    }

    async fn use_passkey(&self, used: &PasskeyUse) -> store::Result<bool> {
        within(note_use(self, used)).await
    }

    async fn rename_passkey(
        &self,
        user: UserId,
        id: PasskeyId,
        name: &PasskeyName,
        event: &Event,
    ) -> store::Result<bool> {
        within(rename(self, user, id, name, event)).await
    }

    async fn remove_passkey(&self, user: UserId, id: PasskeyId, event: &Event) -> store::Result<PasskeyRemoved> {
        within(remove(self, user, id, event)).await
    }
}

async fn handle(store: &Backend, user: UserId, offered: UserHandle) -> Result<Option<UserHandle>> {
    let mut tx = store.begin().await?;
    users::hold(&mut tx, user).await?;
    sqlx::query(
        "INSERT INTO passkey_handles (user_id, handle) SELECT id, $2 FROM users WHERE id = $1 ON CONFLICT DO NOTHING",
    )
    .bind(user.0)
    .bind(offered.as_bytes())
    .execute(&mut *tx)
    .await?;
    let query = sqlx::query("SELECT handle FROM passkey_handles WHERE user_id = $1").bind(user.0);
    let handle = query.fetch_optional(&mut *tx).await?.as_ref().map(user_handle).transpose()?;
    tx.commit().await?;
    Ok(handle)
}

fn user_handle(row: &Row) -> Result<UserHandle> {
    UserHandle::from_bytes(row.try_get("handle")?).ok_or_else(|| malformed("handle"))
}

/// All of a key, as [`passkey`] reads it.
macro_rules! columns {
    () => {
        "id, passkeys.user_id, kind, name, credential_id, public_key, sign_count, backup_eligible, backed_up, transports,
            created_at, last_used_at"
    };
}

async fn of(store: &Backend, user: UserId) -> Result<Vec<Passkey>> {
    sqlx::query(concat!("SELECT ", columns!(), " FROM passkeys WHERE user_id = $1 ORDER BY id"))
        .bind(user.0)
        .fetch_all(&mut *store.read().await?)
        .await?
        .iter()
        .filter_map(|row| passkey(row).transpose())
        .collect()
}

async fn by_credential(store: &Backend, credential_id: &[u8]) -> Result<Option<(Passkey, UserHandle)>> {
    let query = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        ", handle FROM passkeys JOIN passkey_handles ON passkey_handles.user_id = passkeys.user_id
         WHERE credential_id = $1"
    ));
    let row = query.bind(credential_id).fetch_optional(&mut *store.read().await?).await?;
    let Some(row) = row else { return Ok(None) };
    let handle = user_handle(&row)?;
    Ok(passkey(&row)?.map(|passkey| (passkey, handle)))
}

/// `None` for one of a kind that only a newer program has: here it opens nothing.
fn passkey(row: &Row) -> Result<Option<Passkey>> {
    let Some(kind) = known(row, "kind", PasskeyKind::parse)? else { return Ok(None) };
    let sign_count: i64 = row.try_get("sign_count")?;
    Ok(Some(Passkey {
        id: PasskeyId(row.try_get("id")?),
        user: UserId(row.try_get("user_id")?),
        kind,
        name: parsed(row, "name", PasskeyName::parse)?,
        credential_id: row.try_get("credential_id")?,
        public_key: row.try_get("public_key")?,
        sign_count: u32::try_from(sign_count).map_err(|_| malformed("sign_count"))?,
        backup_eligible: row.try_get("backup_eligible")?,
        backed_up: row.try_get("backed_up")?,
        transports: row.try_get::<&str, _>("transports")?.split_whitespace().map(str::to_owned).collect(),
        created_at: timestamp(row, "created_at")?,
        last_used_at: optional_timestamp(row, "last_used_at")?,
    }))
}

async fn add(store: &Backend, passkey: &Passkey, codes: &[RecoveryHash], event: &Event) -> Result<PasskeyAdded> {
    let mut tx = store.begin().await?;
    if !users::hold(&mut tx, passkey.user).await? {
        return Ok(PasskeyAdded::Refused);
    }
    let held: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM passkeys WHERE user_id = $1")
        .bind(passkey.user.0)
        .fetch_one(&mut *tx)
        .await?;
    if held >= i64::from(PASSKEYS_MAX) {
        return Ok(PasskeyAdded::TooMany);
    }
    let first = !second_factors::any(&mut tx, passkey.user).await?;
    if !insert(&mut tx, passkey).await? {
        return Ok(PasskeyAdded::Refused);
    }
    if first {
        recovery::put(&mut tx, passkey.user, codes).await?;
    }
    second_factors::tell(&mut tx, MailKind::SecondFactorAdded, passkey.kind.noun(), event).await?;
    events::insert(&mut tx, event).await?;
    tx.commit().await?;
    Ok(if first { PasskeyAdded::First } else { PasskeyAdded::Further })
}

/// `false` if someone has the key already.
async fn insert(connection: &mut Connection, passkey: &Passkey) -> Result<bool> {
    let inserted = sqlx::query(
        "INSERT INTO passkeys (id, user_id, kind, name, credential_id, public_key, sign_count, backup_eligible, backed_up,
            transports, created_at, last_used_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         ON CONFLICT (credential_id) DO NOTHING",
    )
    .bind(passkey.id.0)
    .bind(passkey.user.0)
    .bind(passkey.kind.as_str())
    .bind(passkey.name.as_str())
    .bind(passkey.credential_id.as_slice())
    .bind(&passkey.public_key)
    .bind(i64::from(passkey.sign_count))
    .bind(passkey.backup_eligible)
    .bind(passkey.backed_up)
    .bind(passkey.transports.join(" "))
    .bind(passkey.created_at.as_millis())
    .bind(passkey.last_used_at.map(Timestamp::as_millis))
    .execute(connection)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

async fn register_user(
    store: &Backend,
    new: &NewPasskeyUser,
    neutral: bool,
    event: &Event,
) -> Result<Result<bool, Conflict>> {
    // Asked first, so that the answer does not depend on whether the address is known.
    if by_credential(store, &new.passkey.credential_id).await?.is_some() {
        return Ok(Ok(false));
    }
    let mut tx = match registrations::ask(store, &new.user, neutral, event).await? {
        Asked::Made(tx) => tx,
        Asked::Known => return Ok(Ok(true)),
        Asked::Taken(conflict) => return Ok(Err(conflict)),
    };
    let user = new.user.user.id;
    sqlx::query("INSERT INTO passkey_handles (user_id, handle) VALUES ($1, $2)")
        .bind(user.0)
        .bind(new.handle.as_bytes())
        .execute(&mut *tx)
        .await?;
    if !insert(&mut tx, &new.passkey).await? {
        return Ok(Ok(false));
    }
    recovery::put(&mut tx, user, &new.recovery_codes).await?;
    tx.commit().await?;
    Ok(Ok(true))
}

async fn note_use(store: &Backend, used: &PasskeyUse) -> Result<bool> {
    let note = sqlx::query(
        "UPDATE passkeys SET sign_count = $2, backed_up = $3, last_used_at = $4
         WHERE id = $1 AND (sign_count < $2 OR (sign_count = 0 AND $2 = 0))",
    )
    .bind(used.id.0)
    .bind(i64::from(used.sign_count))
    .bind(used.backed_up)
    .bind(used.at.as_millis());
    let noted = store.execute(note).await?;
    Ok(noted.rows_affected() == 1)
}

async fn rename(store: &Backend, user: UserId, id: PasskeyId, name: &PasskeyName, event: &Event) -> Result<bool> {
    let mut tx = store.begin().await?;
    let renamed = sqlx::query("UPDATE passkeys SET name = $3 WHERE id = $1 AND user_id = $2")
        .bind(id.0)
        .bind(user.0)
        .bind(name.as_str())
        .execute(&mut *tx)
        .await?;
    if renamed.rows_affected() == 0 {
        return Ok(false);
    }
    events::insert(&mut tx, event).await?;
    tx.commit().await?;
    Ok(true)
}

async fn remove(store: &Backend, user: UserId, id: PasskeyId, event: &Event) -> Result<PasskeyRemoved> {
    let mut tx = store.begin().await?;
    users::hold(&mut tx, user).await?;
    let removed = sqlx::query("DELETE FROM passkeys WHERE id = $1 AND user_id = $2 RETURNING kind")
        .bind(id.0)
        .bind(user.0)
        .fetch_optional(&mut *tx)
        .await?;
    let kind = removed.as_ref().map(|row| known(row, "kind", PasskeyKind::parse)).transpose()?.flatten();
    let Some(kind) = kind else { return Ok(PasskeyRemoved::Unknown) };
    if !has_way_in(&mut tx, user).await? {
        return Ok(PasskeyRemoved::LastWayIn);
    }
    second_factors::codes_follow(&mut tx, user).await?;
    second_factors::tell(&mut tx, MailKind::SecondFactorRemoved, kind.noun(), event).await?;
    events::insert(&mut tx, event).await?;
    tx.commit().await?;
    Ok(PasskeyRemoved::Gone)
}

/// Whether a user, whom the caller holds, can log in at all. A security key alone opens nothing.
async fn has_way_in(connection: &mut Connection, user: UserId) -> Result<bool> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM users WHERE id = $1 AND password_hash IS NOT NULL)
             OR EXISTS (SELECT 1 FROM external_users WHERE user_id = $1)
             OR EXISTS (SELECT 1 FROM passkeys WHERE user_id = $1 AND kind = $2)",
    )
    .bind(user.0)
    .bind(PasskeyKind::Passkey.as_str())
    .fetch_one(connection)
    .await
}

/// Takes the keys that a user, whom the caller holds, has added from one moment on and before the other. Answers what
/// people call each of them. Recovery codes are left to the caller.
pub(super) async fn take_added(
    connection: &mut Connection,
    user: UserId,
    from: Timestamp,
    before: Timestamp,
) -> Result<Vec<&'static str>> {
    let removed =
        sqlx::query("DELETE FROM passkeys WHERE user_id = $1 AND created_at >= $2 AND created_at < $3 RETURNING kind")
            .bind(user.0)
            .bind(from.as_millis())
            .bind(before.as_millis())
            .fetch_all(connection)
            .await?;
    let noun = |row| Ok(known(row, "kind", PasskeyKind::parse)?.map_or("a key", PasskeyKind::noun));
    removed.iter().map(noun).collect()
}
