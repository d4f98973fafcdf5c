//! The keys that this database keeps, each of them sealed.

use sqlx::{Result, Row as _};

use super::{
    super::Backend,
    row::{Row, timestamp},
};
use crate::{clock::Timestamp, secret::Sealed, store::StoredKey};

pub(super) async fn data_key(store: &Backend, offered: &Sealed, now: Timestamp) -> Result<Sealed> {
    // The slot is the same for every offer, so one wins and the others do nothing, once the winner has committed.
    sqlx::query("INSERT INTO data_keys (slot, sealed, created_at) VALUES (1, $1, $2) ON CONFLICT DO NOTHING")
        .bind(offered.as_bytes())
        .bind(now.as_millis())
        .execute(&store.writer)
        .await?;
    let sealed = sqlx::query_scalar("SELECT sealed FROM data_keys WHERE slot = 1").fetch_one(&store.reader).await?;
    Ok(Sealed::from_stored(sealed))
}

pub(super) async fn signing_keys(store: &Backend, offered: &StoredKey) -> Result<Vec<StoredKey>> {
    // Offers that race past the condition still meet in the number.
    sqlx::query(
        "INSERT INTO signing_keys (kid, number, algorithm, sealed, created_at)
         SELECT $1, 1, $2, $3, $4 WHERE NOT EXISTS (SELECT 1 FROM signing_keys)
         ON CONFLICT DO NOTHING",
    )
    .bind(&offered.kid)
    .bind(&offered.algorithm)
    .bind(offered.sealed.as_bytes())
    .bind(offered.created_at.as_millis())
    .execute(&store.writer)
    .await?;
    let rows = sqlx::query("SELECT kid, algorithm, sealed, created_at FROM signing_keys ORDER BY number")
        .fetch_all(&store.reader)
        .await?;
    rows.iter().map(stored_key).collect()
}

fn stored_key(row: &Row) -> Result<StoredKey> {
    Ok(StoredKey {
        kid: row.try_get("kid")?,
        algorithm: row.try_get("algorithm")?,
        sealed: Sealed::from_stored(row.try_get("sealed")?),
        created_at: timestamp(row, "created_at")?,
    })
}
