//! Sessions that browsers keep in a cookie.

use async_trait::async_trait;
use sqlx::Result;

use super::{super::Backend, access, refresh, roles, sessions, users, within};
use crate::{
    clock::Timestamp,
    secret::TokenHash,
    session::SessionId,
    store::{self, CookieSession, CookieStore},
};

#[async_trait]
impl CookieStore for Backend {
    async fn keep_in_cookie(&self, session: SessionId, refresh: &TokenHash, cookie: &TokenHash) -> store::Result<bool> {
        within(keep(self, session, refresh, cookie)).await
    }

    async fn session_of_cookie(&self, cookie: &TokenHash, now: Timestamp) -> store::Result<Option<CookieSession>> {
        within(living(self, cookie, now)).await
    }
}

async fn keep(store: &Backend, session: SessionId, token: &TokenHash, cookie: &TokenHash) -> Result<bool> {
    let mut tx = store.begin().await?;
    let kept = sqlx::query("UPDATE sessions SET cookie = $2 WHERE id = $1 AND ended_at IS NULL AND cookie IS NULL")
        .bind(session.0)
        .bind(cookie.as_bytes().as_slice())
        .execute(&mut *tx)
        .await?;
    if kept.rows_affected() == 0 || !refresh::remove(&mut tx, token, session).await? {
        return Ok(false);
    }
    tx.commit().await?;
    Ok(true)
}

/// The user is read after the session, and what they may do after the user: whatever changes in between raises their
/// generation, and what was read is known for stale by the older one.
async fn living(store: &Backend, cookie: &TokenHash, now: Timestamp) -> Result<Option<CookieSession>> {
    let Some(session) = sessions::of_cookie(store, cookie, now).await? else { return Ok(None) };
    let mut connection = store.read().await?;
    let Some(record) = users::by_id(&mut connection, session.user).await? else { return Ok(None) };
    let user = record.user;
    let scopes = roles::scopes_of(&mut connection, &user).await?;
    let memberships = access::memberships_of(&mut connection, user.id).await?;
    Ok(Some(CookieSession { session, user, scopes, memberships }))
}
