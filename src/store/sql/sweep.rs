//! Forgetting what has expired, a few rows at a time.

use std::time::Duration;

use sqlx::Result;

use super::super::{
    Backend, FORGET_API_KEYS, FORGET_ATTEMPTS, FORGET_CHALLENGES, FORGET_DEVICES, FORGET_FLOWS, FORGET_MAILS,
    FORGET_ONE_TIME_TOKENS, FORGET_REFRESH_TOKENS, FORGET_REVOCATIONS, FORGET_SESSIONS, FORGET_TOTP_SETUPS,
};
use crate::clock::Timestamp;

/// How long an expired session is kept, so that a token that outlives it by a little can still be revoked.
const KEPT_AFTER_EXPIRY: Duration = Duration::from_hours(24);

/// How long a device that is not seen again stays known.
const KEPT_AFTER_LAST_SEEN: Duration = Duration::from_hours(90 * 24);

/// How long a mail that was given up is kept to be seen.
const KEPT_AFTER_GIVING_UP: Duration = Duration::from_hours(7 * 24);

/// How many rows one statement removes at most. Others may write after each, and nobody waits for longer than one takes.
pub(super) const BATCH: i64 = 500;

pub(super) async fn sessions(store: &Backend, now: Timestamp) -> Result<()> {
    let long_expired = now - KEPT_AFTER_EXPIRY;
    in_batches(store, FORGET_REFRESH_TOKENS, long_expired).await?;
    in_batches(store, FORGET_SESSIONS, long_expired).await
}

pub(super) async fn revocations(store: &Backend, now: Timestamp) -> Result<()> {
    in_batches(store, FORGET_REVOCATIONS, now).await
}

pub(super) async fn attempts(store: &Backend, now: Timestamp) -> Result<()> {
    in_batches(store, FORGET_ATTEMPTS, now).await
}

pub(super) async fn flows(store: &Backend, now: Timestamp) -> Result<()> {
    in_batches(store, FORGET_FLOWS, now).await?;
    in_batches(store, FORGET_CHALLENGES, now).await?;
    in_batches(store, FORGET_TOTP_SETUPS, now).await
}

pub(super) async fn one_time_tokens(store: &Backend, now: Timestamp) -> Result<()> {
    in_batches(store, FORGET_ONE_TIME_TOKENS, now).await
}

pub(super) async fn known_devices(store: &Backend, now: Timestamp) -> Result<()> {
    in_batches(store, FORGET_DEVICES, now - KEPT_AFTER_LAST_SEEN).await
}

pub(super) async fn api_keys(store: &Backend, now: Timestamp) -> Result<()> {
    in_batches(store, FORGET_API_KEYS, now).await
}

pub(super) async fn mails_given_up(store: &Backend, now: Timestamp) -> Result<()> {
    in_batches(store, FORGET_MAILS, now - KEPT_AFTER_GIVING_UP).await
}

/// Repeats a statement until it finds nothing more to remove, or only a few. The connection goes back to the pool after
/// each time, which hands it to whoever has waited for longest.
async fn in_batches(store: &Backend, statement: &'static str, expired_by: Timestamp) -> Result<()> {
    loop {
        let query = sqlx::query(statement).bind(expired_by.as_millis()).bind(BATCH);
        if store.execute(query).await?.rows_affected() < BATCH.unsigned_abs() {
            return Ok(());
        }
    }
}
