//! Refreshing: one refresh token against the next, and a new access token with it.
//!
//! Tokens that are refused are not counted. One has 256 bits, so there is nothing to guess, and one that is unknown costs
//! a look-up by index: to count it would cost more. What succeeds is counted by session, because it leaves a row.

use std::{collections::BTreeMap, time::Duration};

use super::{Device, RefreshToken};
use crate::{
    account::{Accounts, Login},
    audit::{Event, EventKind},
    error::Error,
    principal::Scopes,
    store::{Renewed, Rotated, Rotation},
    throttle::Bucket,
};

/// How long after it was exchanged a token may come back and still get the same next one: for the answer that was lost on
/// the way, and for two tabs that refresh at once.
const GRACE: Duration = Duration::from_secs(30);

impl Accounts {
    /// Exchanges a refresh token against the next one and a new access token, which says of the user, their roles and
    /// their scopes what holds now. The session is in use by that, but ends no later than it would have.
    ///
    /// With `scope`, the access token may do only that; the next refresh starts from everything again.
    ///
    /// A token can be exchanged once. For 30 seconds, and as long as the next one was not exchanged itself, it gets that
    /// same next one again. After that somebody has it who should not: the session ends, for whoever holds its tokens,
    /// and the trail tells it.
    ///
    /// # Errors
    ///
    /// - [`Error::RefreshInvalid`], one answer for a token that is unknown or was used before, for a session that has
    ///   ended or expired, and for a user who is disabled or gone.
    /// - [`Error::TooManyAttempts`] for a session that is refreshed a thousand times on end. The token is as good as before.
    /// - [`Error::ScopeExceeded`] if `scope` is more than the user has. The token is as good as before.
    pub async fn refresh(&self, token: &RefreshToken, scope: Option<Scopes>, device: &Device) -> Result<Login, Error> {
        let presented = token.hash();
        let found = self.store().session_of_refresh_token(&presented).await?;
        let (user, session) = found.ok_or(Error::RefreshInvalid)?;
        let refresh_token = token.next(session, &self.inner().refresh_key);
        let now = self.now();
        let rotation = Rotation {
            user,
            session,
            presented,
            next: refresh_token.hash(),
            now,
            spent_since: now - GRACE,
            idle_until: now + self.config().session_idle,
            scope,
            limit: (!self.config().insecure_no_limits).then(|| Bucket::refresh(session)),
            revoke_until: self.tokens_expired_by(),
        };
        let reused = Event::new(EventKind::RefreshReused, now, device).user(user).session(session);
        let accounts = self.clone();
        Self::to_the_end(async move {
            match accounts.store().rotate_refresh_token(&rotation, &reused).await? {
                Rotated::Next(renewed) => {
                    let Renewed { user, session, scopes, memberships } = *renewed;
                    accounts.inner().last_seen.written(session.id, now);
                    let (access_token, expires_in) = accounts.mint(&user, &session, scopes, &memberships)?;
                    Ok(Login {
                        user,
                        session,
                        access_token,
                        expires_in,
                        refresh_token,
                        recovery_codes_left: None,
                        data: None,
                        resources: BTreeMap::new(),
                    })
                }
                Rotated::Refused => Err(Error::RefreshInvalid),
                Rotated::ScopeExceeded => Err(Error::ScopeExceeded),
                Rotated::TooOften(retry_after) => Err(accounts.turned_away(retry_after)),
                Rotated::Reused => {
                    accounts.revoke_session(session, rotation.revoke_until);
                    Err(Error::RefreshInvalid)
                }
            }
        })
        .await
    }
}
