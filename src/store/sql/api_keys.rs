//! API keys: made by their owners, looked up with them.

use async_trait::async_trait;
use sqlx::{Result, Row as _};
use uuid::Uuid;

use super::{
    super::Backend,
    Connection, events, revocations, roles,
    row::{Row, malformed, optional_timestamp, timestamp},
    users, within,
};
use crate::{
    account::UserId,
    api_key::{ApiKey, ApiKeyId},
    audit::Event,
    clock::Timestamp,
    principal::Scopes,
    revocation::Revocation,
    secret::TokenHash,
    store::{self, ApiKeyMade, ApiKeyStore, NewApiKey, OwnedApiKey},
};

#[async_trait]
impl ApiKeyStore for Backend {
    async fn create_api_key(&self, new: &NewApiKey, event: &Event) -> store::Result<ApiKeyMade> {
        within(create(self, new, event)).await
    }

    async fn api_key(&self, id: ApiKeyId, now: Timestamp) -> store::Result<Option<OwnedApiKey>> {
        within(living(self, id, now)).await
    }

    async fn api_keys_of(
        &self,
        user: UserId,
        now: Timestamp,
        after: Option<ApiKeyId>,
        limit: u32,
    ) -> store::Result<Vec<ApiKey>> {
        within(of(self, user, now, after, limit)).await
    }

    async fn saw_api_key(&self, id: ApiKeyId, now: Timestamp) -> store::Result<()> {
        within(saw(self, id, now)).await
    }

    async fn delete_api_key(
        &self,
        user: UserId,
        id: ApiKeyId,
        revocation: &Revocation,
        event: &Event,
    ) -> store::Result<bool> {
        within(delete(self, user, id, revocation, event)).await
    }

    async fn delete_api_keys(
        &self,
        user: UserId,
        revoke_until: Timestamp,
        event: &Event,
    ) -> store::Result<Vec<ApiKeyId>> {
        within(delete_all(self, user, revoke_until, event)).await
    }
}

async fn create(store: &Backend, new: &NewApiKey, event: &Event) -> Result<ApiKeyMade> {
    let NewApiKey { key, hash, session, cap } = new;
    let mut tx = store.begin().await?;
    users::hold(&mut tx, key.owner).await?;
    let held: i64 = sqlx::query_scalar("SELECT count(*) FROM api_keys WHERE user_id = $1 AND expires_at > $2")
        .bind(key.owner.0)
        .bind(event.at.as_millis())
        .fetch_one(&mut *tx)
        .await?;
    if held >= i64::from(*cap) {
        return Ok(ApiKeyMade::TooMany);
    }
    let made = sqlx::query(
        "INSERT INTO api_keys (id, user_id, hash, name, scopes, created_at, expires_at)
         SELECT $1, user_id, $3, $4, $5, $6, $7 FROM sessions
         WHERE id = $8 AND user_id = $2 AND ended_at IS NULL AND idle_until > $6",
    )
    .bind(key.id.0)
    .bind(key.owner.0)
    .bind(hash.as_bytes().as_slice())
    .bind(&key.name)
    .bind(key.scopes.to_string())
    .bind(key.created_at.as_millis())
    .bind(key.expires_at.as_millis())
    .bind(session.0)
    .execute(&mut *tx)
    .await?;
    if made.rows_affected() == 0 {
        return Ok(ApiKeyMade::SessionEnded);
    }
    events::insert(&mut tx, event).await?;
    tx.commit().await?;
    Ok(ApiKeyMade::Made)
}

/// The owner is read after the key, and what they may do after the owner: whatever changes in between raises their
/// generation, and what was read is known for stale by the older one.
async fn living(store: &Backend, id: ApiKeyId, now: Timestamp) -> Result<Option<OwnedApiKey>> {
    let row = sqlx::query(
        "SELECT id, user_id, name, scopes, created_at, expires_at, last_used_at, hash FROM api_keys
         WHERE id = $1 AND expires_at > $2",
    )
    .bind(id.0)
    .bind(now.as_millis())
    .fetch_optional(&mut *store.read().await?)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let (key, hash) = (key(&row)?, row.try_get::<Vec<u8>, _>("hash")?);
    let hash = TokenHash::from_stored(&hash).ok_or_else(|| malformed("hash"))?;
    let mut connection = store.read().await?;
    let Some(owner) = users::by_id(&mut connection, key.owner).await? else { return Ok(None) };
    let owner_scopes = roles::scopes_of(&mut connection, &owner.user).await?;
    Ok(Some(OwnedApiKey { key, hash, owner: owner.user, owner_scopes }))
}

async fn of(store: &Backend, user: UserId, now: Timestamp, after: Option<ApiKeyId>, limit: u32) -> Result<Vec<ApiKey>> {
    let rows = sqlx::query(
        "SELECT id, user_id, name, scopes, created_at, expires_at, last_used_at FROM api_keys
         WHERE user_id = $1 AND expires_at > $2 AND id < $3 ORDER BY id DESC LIMIT $4",
    )
    .bind(user.0)
    .bind(now.as_millis())
    .bind(after.map_or(Uuid::max(), |after| after.0))
    .bind(i64::from(limit))
    .fetch_all(&mut *store.read().await?)
    .await?;
    rows.iter().map(key).collect()
}

fn key(row: &Row) -> Result<ApiKey> {
    Ok(ApiKey {
        id: ApiKeyId(row.try_get("id")?),
        owner: UserId(row.try_get("user_id")?),
        name: row.try_get("name")?,
        scopes: Scopes::parse(row.try_get("scopes")?),
        created_at: timestamp(row, "created_at")?,
        expires_at: timestamp(row, "expires_at")?,
        last_used_at: optional_timestamp(row, "last_used_at")?,
    })
}

async fn saw(store: &Backend, id: ApiKeyId, now: Timestamp) -> Result<()> {
    let query = sqlx::query("UPDATE api_keys SET last_used_at = $2 WHERE id = $1").bind(id.0).bind(now.as_millis());
    store.execute(query).await?;
    Ok(())
}

async fn delete(store: &Backend, user: UserId, id: ApiKeyId, revocation: &Revocation, event: &Event) -> Result<bool> {
    let mut tx = store.begin().await?;
    let deleted = sqlx::query("DELETE FROM api_keys WHERE id = $1 AND user_id = $2")
        .bind(id.0)
        .bind(user.0)
        .execute(&mut *tx)
        .await?;
    if deleted.rows_affected() == 0 {
        return Ok(false);
    }
    events::insert(&mut tx, event).await?;
    revocations::commit(tx, std::slice::from_ref(revocation)).await?;
    Ok(true)
}

async fn delete_all(store: &Backend, user: UserId, revoke_until: Timestamp, event: &Event) -> Result<Vec<ApiKeyId>> {
    let mut tx = store.begin().await?;
    users::hold(&mut tx, user).await?;
    let ended = end_all(&mut tx, user).await?;
    if ended.is_empty() {
        return Ok(ended);
    }
    events::insert(&mut tx, event).await?;
    revocations::commit(tx, &revocations::of_api_keys(&ended, revoke_until)).await?;
    Ok(ended)
}

/// Deletes every key of a user, and answers which they were. Where their generation is not raised by the same
/// transaction, each has to be revoked. The caller holds the user, so no other is made meanwhile.
pub(super) async fn end_all(connection: &mut Connection, user: UserId) -> Result<Vec<ApiKeyId>> {
    let ended: Vec<Uuid> = sqlx::query_scalar("DELETE FROM api_keys WHERE user_id = $1 RETURNING id")
        .bind(user.0)
        .fetch_all(connection)
        .await?;
    Ok(ended.into_iter().map(ApiKeyId).collect())
}
