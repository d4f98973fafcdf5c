//! Refresh tokens: each exchanged once.

use sqlx::{Result, Row as _};

use super::{
    super::Backend,
    Connection, access, attempts, events, revocations, roles,
    row::{Row, optional_timestamp},
    sessions, users,
};
use crate::{
    account::UserId,
    audit::Event,
    clock::Timestamp,
    secret::TokenHash,
    session::SessionId,
    store::{Renewed, Rotated, Rotation},
};

/// Makes this the token of a session.
pub(super) async fn insert(connection: &mut Connection, token: &TokenHash, session: SessionId) -> Result<()> {
    sqlx::query("INSERT INTO refresh_tokens (hash, session_id) VALUES ($1, $2)")
        .bind(token.as_bytes().as_slice())
        .bind(session.0)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn session_of(store: &Backend, token: &TokenHash) -> Result<Option<(UserId, SessionId)>> {
    let row: Option<Row> = sqlx::query(
        "SELECT user_id, session_id FROM refresh_tokens JOIN sessions ON sessions.id = session_id WHERE hash = $1",
    )
    .bind(token.as_bytes().as_slice())
    .fetch_optional(&mut *store.read().await?)
    .await?;
    row.map(|row| Ok((UserId(row.try_get("user_id")?), SessionId(row.try_get("session_id")?)))).transpose()
}

/// Takes its locks in the order in which everyone does: the user, the session, its tokens, what is counted.
pub(super) async fn rotate(store: &Backend, rotation: &Rotation, reused: &Event) -> Result<Rotated> {
    let mut tx = store.begin().await?;
    users::hold(&mut tx, rotation.user).await?;
    let session = sessions::touch(&mut tx, rotation.session, rotation.now, rotation.idle_until).await?;
    let user = users::by_id(&mut tx, rotation.user).await?.map(|record| record.user);
    let (Some(session), Some(user)) = (session, user.filter(|user| user.disabled_at.is_none())) else {
        return Ok(Rotated::Refused);
    };
    if spend(&mut tx, &rotation.presented, rotation.now).await? {
        if let Some(wait) = attempts::count_all(&mut tx, rotation.limit.as_slice(), rotation.now).await? {
            return Ok(Rotated::TooOften(wait));
        }
        insert(&mut tx, &rotation.next, session.id).await?;
    } else if !may_come_back(&mut tx, rotation).await? {
        sessions::end_one(&mut tx, user.id, session.id, rotation.now).await?;
        events::insert(&mut tx, reused).await?;
        revocations::commit(tx, &[revocations::of_session(session.id, rotation.revoke_until)]).await?;
        return Ok(Rotated::Reused);
    }
    let granted = roles::scopes_of(&mut tx, &user).await?;
    let scopes = match &rotation.scope {
        Some(asked) if !asked.iter().all(|scope| granted.contains(scope)) => return Ok(Rotated::ScopeExceeded),
        Some(asked) => asked.clone(),
        None => granted,
    };
    let memberships = access::memberships_of(&mut tx, user.id).await?;
    tx.commit().await?;
    Ok(Rotated::Next(Box::new(Renewed { user, session, scopes, memberships })))
}

/// Marks a token as exchanged. `false` if it was already.
async fn spend(connection: &mut Connection, token: &TokenHash, now: Timestamp) -> Result<bool> {
    let spent = sqlx::query("UPDATE refresh_tokens SET spent_at = $2 WHERE hash = $1 AND spent_at IS NULL")
        .bind(token.as_bytes().as_slice())
        .bind(now.as_millis())
        .execute(connection)
        .await?;
    Ok(spent.rows_affected() == 1)
}

/// Whether a token that was exchanged may be presented again: just now, and while the one that follows it is unused.
async fn may_come_back(connection: &mut Connection, rotation: &Rotation) -> Result<bool> {
    let just_now = spent_at(connection, &rotation.presented).await?.flatten() >= Some(rotation.spent_since);
    Ok(just_now && spent_at(connection, &rotation.next).await? == Some(None))
}

/// When a token was exchanged, if it was; `None` if it is not there.
async fn spent_at(connection: &mut Connection, token: &TokenHash) -> Result<Option<Option<Timestamp>>> {
    let query = sqlx::query("SELECT spent_at FROM refresh_tokens WHERE hash = $1").bind(token.as_bytes().as_slice());
    query.fetch_optional(connection).await?.map(|row| optional_timestamp(&row, "spent_at")).transpose()
}
