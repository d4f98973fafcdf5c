//! What is remembered of the cookies that browsers hold.

use async_trait::async_trait;

use super::Result;
use crate::{
    access::Membership,
    account::User,
    clock::Timestamp,
    principal::Scopes,
    secret::TokenHash,
    session::{Session, SessionId},
};

/// The session that a cookie stands for, with its user as they are now.
#[derive(Clone, Debug)]
pub struct CookieSession {
    /// The session.
    pub session: Session,
    /// Its user.
    pub user: User,
    /// What they may do.
    pub scopes: Scopes,
    /// What they are members of.
    pub memberships: Vec<Membership>,
}

/// The verbs about cookies.
#[async_trait]
pub trait CookieStore {
    /// Gives a session that was just opened a cookie in place of its first refresh token. `false` if that token was
    /// exchanged, or the session has ended.
    async fn keep_in_cookie(&self, session: SessionId, refresh: &TokenHash, cookie: &TokenHash) -> Result<bool>;

    /// The session that this cookie stands for, if it has neither ended nor expired by `now`.
    async fn session_of_cookie(&self, cookie: &TokenHash, now: Timestamp) -> Result<Option<CookieSession>>;
}
