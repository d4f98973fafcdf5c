//! From where users have logged in.

use sqlx::{Result, Row as _};

use super::{super::Backend, Connection};
use crate::{account::UserId, clock::Timestamp, session::Session, throttle};

pub(super) async fn knows_network(store: &Backend, user: UserId, network: &str, since: Timestamp) -> Result<bool> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM known_devices WHERE user_id = $1 AND network = $2 AND last_seen_at > $3)",
    )
    .bind(user.0)
    .bind(network)
    .bind(since.as_millis())
    .fetch_one(&mut *store.read().await?)
    .await
}

/// Remembers the device of a session, whose user the caller holds. Answers whether it is one that the user should be told
/// of: neither its network nor its kind is known, and others are.
pub(super) async fn remember(connection: &mut Connection, session: &Session) -> Result<bool> {
    let network = session.device.address.map(throttle::network).map(|network| network.to_string()).unwrap_or_default();
    let label = session.device.label();
    let row = sqlx::query(
        "SELECT COUNT(*) AS known, COUNT(CASE WHEN network = $2 OR label = $3 THEN 1 END) AS alike
         FROM known_devices WHERE user_id = $1",
    )
    .bind(session.user.0)
    .bind(&network)
    .bind(&label)
    .fetch_one(&mut *connection)
    .await?;
    sqlx::query(
        "INSERT INTO known_devices (user_id, network, label, last_seen_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (user_id, network, label) DO UPDATE SET last_seen_at = excluded.last_seen_at",
    )
    .bind(session.user.0)
    .bind(&network)
    .bind(&label)
    .bind(session.last_seen_at.as_millis())
    .execute(connection)
    .await?;
    Ok(row.try_get::<i64, _>("known")? > 0 && row.try_get::<i64, _>("alike")? == 0)
}
