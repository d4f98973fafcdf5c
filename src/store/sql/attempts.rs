//! Counting attempts before they are made.

use std::{collections::BTreeMap, time::Duration};

use sqlx::{Result, Row as _};

use super::{super::Backend, Connection, row::timestamp};
use crate::{
    clock::Timestamp,
    store::Forgiven,
    throttle::{Bucket, Limit},
};

pub(super) async fn begin(store: &Backend, buckets: &[Bucket], now: Timestamp) -> Result<Option<Duration>> {
    let mut tx = store.begin().await?;
    let wait = count_all(&mut tx, buckets, now).await?;
    match wait {
        Some(_) => tx.rollback().await?,
        None => tx.commit().await?,
    }
    Ok(wait)
}

/// Counts an attempt in all of these buckets, and answers how long to wait if it must not be made. Then the transaction
/// has to be rolled back.
pub(super) async fn count_all(
    connection: &mut Connection,
    buckets: &[Bucket],
    now: Timestamp,
) -> Result<Option<Duration>> {
    let mut wait = Duration::ZERO;
    for (key, limit) in in_locking_order(buckets) {
        let (failures, last) = lock(connection, key, now).await?;
        // Another node's clock may run ahead of this one's; nobody waits for that.
        wait = wait.max(limit.next_allowed(failures, last.min(now)).since(now));
        count(connection, key, limit, failures.saturating_add(1), now).await?;
    }
    Ok(Some(wait).filter(|wait| !wait.is_zero()))
}

/// Counts an attempt in this bucket if it may be made, and answers whether it may.
pub(super) async fn count_if_allowed(connection: &mut Connection, bucket: &Bucket, now: Timestamp) -> Result<bool> {
    let (key, limit) = (bucket.key.as_str(), &bucket.limit);
    let (failures, last) = lock(connection, key, now).await?;
    let is_allowed = limit.next_allowed(failures, last.min(now)) <= now;
    if is_allowed {
        count(connection, key, limit, failures.saturating_add(1), now).await?;
    }
    Ok(is_allowed)
}

/// Everyone takes the rows in this order, so that two who want the same ones never wait for each other.
fn in_locking_order(buckets: &[Bucket]) -> BTreeMap<&str, &Limit> {
    buckets.iter().map(|bucket| (bucket.key.as_str(), &bucket.limit)).collect()
}

/// Keeps a bucket, made empty if it was not there, from everyone else until the transaction ends. Answers its failures
/// and the moment of the last.
async fn lock(connection: &mut Connection, key: &str, now: Timestamp) -> Result<(u32, Timestamp)> {
    // An update that changes nothing, because a row has to be updated to be both locked and returned.
    let row = sqlx::query(
        "INSERT INTO attempts (bucket, failures, last_at, forget_at) VALUES ($1, 0, $2, $2)
         ON CONFLICT (bucket) DO UPDATE SET failures = attempts.failures
         RETURNING failures, last_at, forget_at",
    )
    .bind(key)
    .bind(now.as_millis())
    .fetch_one(connection)
    .await?;
    if timestamp(&row, "forget_at")? <= now {
        return Ok((0, now));
    }
    let failures = row.try_get::<i64, _>("failures")?;
    Ok((u32::try_from(failures).unwrap_or(u32::MAX), timestamp(&row, "last_at")?))
}

async fn count(connection: &mut Connection, key: &str, limit: &Limit, failures: u32, now: Timestamp) -> Result<()> {
    sqlx::query("UPDATE attempts SET failures = $2, last_at = $3, forget_at = $4 WHERE bucket = $1")
        .bind(key)
        .bind(i64::from(failures))
        .bind(now.as_millis())
        .bind((now + limit.forget_after).as_millis())
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn take_back(store: &Backend, buckets: &[Bucket]) -> Result<()> {
    let mut tx = store.begin().await?;
    for key in in_locking_order(buckets).into_keys() {
        take_back_one(&mut tx, key).await?;
    }
    tx.commit().await
}

pub(super) async fn clear(store: &Backend, buckets: &[Bucket]) -> Result<()> {
    let mut tx = store.begin().await?;
    for key in in_locking_order(buckets).into_keys() {
        clear_one(&mut tx, key).await?;
    }
    tx.commit().await
}

/// Does both, in the transaction of what the attempts led to.
pub(super) async fn forgive(connection: &mut Connection, forgiven: &Forgiven) -> Result<()> {
    let cleared = in_locking_order(&forgiven.cleared).into_keys().map(|key| (key, true));
    let taken_back = in_locking_order(&forgiven.taken_back).into_keys().map(|key| (key, false));
    for (key, clear) in taken_back.chain(cleared).collect::<BTreeMap<_, _>>() {
        if clear { clear_one(connection, key).await? } else { take_back_one(connection, key).await? }
    }
    Ok(())
}

async fn take_back_one(connection: &mut Connection, key: &str) -> Result<()> {
    sqlx::query("UPDATE attempts SET failures = failures - 1 WHERE bucket = $1 AND failures > 0")
        .bind(key)
        .execute(connection)
        .await?;
    Ok(())
}

async fn clear_one(connection: &mut Connection, key: &str) -> Result<()> {
    sqlx::query("DELETE FROM attempts WHERE bucket = $1").bind(key).execute(connection).await?;
    Ok(())
}
