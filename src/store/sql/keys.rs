//! The keys that this database keeps, each of them sealed.

use sqlx::{Result, Row as _};

use super::{
    super::{Backend, NEXT_KEYS},
    Transaction, events,
    row::{Row, optional_timestamp, timestamp},
};
use crate::{audit::Event, clock::Timestamp, secret::Sealed, store::StoredKey};

pub(super) async fn data_key(store: &Backend, offered: &Sealed, now: Timestamp) -> Result<Sealed> {
    // The slot is the same for every offer, so one wins and the others do nothing, once the winner has committed.
    let offer =
        sqlx::query("INSERT INTO data_keys (slot, sealed, created_at) VALUES (1, $1, $2) ON CONFLICT DO NOTHING");
    store.execute(offer.bind(offered.as_bytes()).bind(now.as_millis())).await?;
    let sealed =
        sqlx::query_scalar("SELECT sealed FROM data_keys WHERE slot = 1").fetch_one(&mut *store.read().await?).await?;
    Ok(Sealed::from_stored(sealed))
}

pub(super) async fn rewrap_data_key(store: &Backend, from: &Sealed, to: &Sealed, event: &Event) -> Result<bool> {
    let mut tx = store.begin().await?;
    let rewrapped = sqlx::query("UPDATE data_keys SET sealed = $2 WHERE slot = 1 AND sealed = $1")
        .bind(from.as_bytes())
        .bind(to.as_bytes())
        .execute(&mut *tx)
        .await?
        .rows_affected();
    if rewrapped == 0 {
        return Ok(false);
    }
    events::insert(&mut tx, event).await?;
    tx.commit().await?;
    Ok(true)
}

pub(super) async fn signing_keys(store: &Backend) -> Result<Vec<StoredKey>> {
    let rows = sqlx::query(
        "SELECT kid, algorithm, sealed, created_at, signs_from, retired_at FROM signing_keys ORDER BY number",
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    rows.iter().map(stored_key).collect()
}

pub(super) async fn signing_keys_version(store: &Backend) -> Result<i64> {
    sqlx::query_scalar("SELECT version FROM signing_key_versions WHERE slot = 1")
        .fetch_one(&mut *store.read().await?)
        .await
}

pub(super) async fn first_signing_key(store: &Backend, offered: &StoredKey) -> Result<()> {
    // Offers that race past the condition still meet in the number.
    let offer = sqlx::query(
        "INSERT INTO signing_keys (kid, number, algorithm, sealed, created_at, signs_from)
         SELECT $1, 1, $2, $3, $4, $5 WHERE NOT EXISTS (SELECT 1 FROM signing_keys)
         ON CONFLICT DO NOTHING",
    )
    .bind(&offered.kid)
    .bind(&offered.algorithm)
    .bind(offered.sealed.as_bytes())
    .bind(offered.created_at.as_millis())
    .bind(offered.signs_from.as_millis());
    store.execute(offer).await?;
    Ok(())
}

pub(super) async fn add_signing_key(
    store: &Backend,
    key: &StoredKey,
    forget_before: Timestamp,
    event: &Event,
) -> Result<bool> {
    let mut tx = begin_change(store).await?;
    let added = sqlx::query(
        "INSERT INTO signing_keys (kid, number, algorithm, sealed, created_at, signs_from)
         SELECT $1, (SELECT COALESCE(MAX(number), 0) + 1 FROM signing_keys), $2, $3, $4, $5
         WHERE $5 <= $4 OR NOT EXISTS (
            SELECT 1 FROM signing_keys WHERE retired_at IS NULL AND signs_from > $4
            AND number = (SELECT MAX(number) FROM signing_keys))",
    )
    .bind(&key.kid)
    .bind(&key.algorithm)
    .bind(key.sealed.as_bytes())
    .bind(key.created_at.as_millis())
    .bind(key.signs_from.as_millis())
    .execute(&mut *tx)
    .await?
    .rows_affected();
    if added == 0 {
        return Ok(false);
    }
    sqlx::query(
        "DELETE FROM signing_keys WHERE number < (
            SELECT MAX(number) FROM signing_keys
            WHERE signs_from <= $1 AND (retired_at IS NULL OR retired_at > signs_from))",
    )
    .bind(forget_before.as_millis())
    .execute(&mut *tx)
    .await?;
    events::insert(&mut tx, event).await?;
    tx.commit().await?;
    Ok(true)
}

pub(super) async fn retire_signing_key(store: &Backend, kid: &str, now: Timestamp, event: &Event) -> Result<bool> {
    let mut tx = begin_change(store).await?;
    // The one that signs is the first that is not retired from the last one on that has begun to.
    let retired = sqlx::query(
        "UPDATE signing_keys SET retired_at = $2, sealed = $3
         WHERE kid = $1 AND retired_at IS NULL AND number <> (
            SELECT MIN(number) FROM signing_keys WHERE retired_at IS NULL AND number >= (
                SELECT COALESCE(MAX(number), 0) FROM signing_keys
                WHERE signs_from <= $2 AND (retired_at IS NULL OR retired_at > signs_from)))",
    )
    .bind(kid)
    .bind(now.as_millis())
    .bind(Sealed::from_stored(Vec::new()).as_bytes())
    .execute(&mut *tx)
    .await?
    .rows_affected();
    if retired == 0 {
        return Ok(false);
    }
    events::insert(&mut tx, event).await?;
    tx.commit().await?;
    Ok(true)
}

/// Begins a transaction that changes the signing keys. The next one waits here until it is over, and then sees it.
async fn begin_change(store: &Backend) -> Result<Transaction> {
    let mut tx = store.begin().await?;
    sqlx::query(NEXT_KEYS).execute(&mut *tx).await?;
    Ok(tx)
}

fn stored_key(row: &Row) -> Result<StoredKey> {
    Ok(StoredKey {
        kid: row.try_get("kid")?,
        algorithm: row.try_get("algorithm")?,
        sealed: Sealed::from_stored(row.try_get("sealed")?),
        created_at: timestamp(row, "created_at")?,
        signs_from: timestamp(row, "signs_from")?,
        retired_at: optional_timestamp(row, "retired_at")?,
    })
}
