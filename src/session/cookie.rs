//! Sessions that a browser keeps in a cookie: an opaque secret in place of tokens, looked up and remembered for a while.

use super::Session;
use crate::{
    account::{Accounts, Login, acr_of},
    error::Error,
    principal::{CredentialKind, Finding, Identity, Principal},
    secret::{PlainToken, RandomUnavailable, TokenHash},
    store::CookieSession,
};

/// What the secret in every session cookie begins with, so that it is known for what it is wherever it turns up.
const PREFIX: &str = "pcs_";

/// The secret in a browser's session cookie: 256 random bits. The store knows its hash only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionSecret(PlainToken);

impl SessionSecret {
    /// Reads what a browser sent; `None` if no session's secret looks like that.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        PlainToken::parse(PREFIX, text).map(Self)
    }

    fn generate() -> Result<Self, RandomUnavailable> {
        Ok(Self(PlainToken::generate()?.behind(PREFIX)))
    }

    /// The secret, to give to the browser.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// What the store knows of it.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        self.0.hash()
    }
}

impl Accounts {
    /// Moves a session that was just opened out of its tokens and into a cookie: the refresh token opens nothing any more,
    /// and the access token is not meant to be given to anyone. The secret is new with every login, so whoever set a
    /// cookie before it has nothing of it.
    ///
    /// # Errors
    ///
    /// [`Error::SessionEnded`] if the session has ended meanwhile.
    pub async fn keep_in_cookie(&self, login: &Login) -> Result<SessionSecret, Error> {
        let secret = SessionSecret::generate()?;
        let (session, refresh) = (login.session.id, login.refresh_token.hash());
        let kept = self.store().keep_in_cookie(session, &refresh, &secret.hash()).await?;
        kept.then_some(secret).ok_or(Error::SessionEnded)
    }

    /// Whoever a session cookie belongs to, by the database. `None` if it is no good: unknown, ended, expired, or its user
    /// is disabled. That the session is in use is noted now and then.
    pub(crate) async fn principal_of_cookie(&self, cookie: &str) -> Result<Option<Principal>, Error> {
        let Some(secret) = SessionSecret::parse(cookie) else { return Ok(None) };
        let inner = self.inner();
        let now = self.now();
        // Before it is looked up: what is revoked meanwhile has to be asked for next time.
        let epoch = inner.revocations.epoch();
        let found = self.store().session_of_cookie(&secret.hash(), now).await?;
        let Some(found) = found.filter(|found| found.user.disabled_at.is_none()) else { return Ok(None) };
        self.saw_session(found.session.id).await;
        let generation = Some(found.user.generation);
        let good_until = now + self.looked_up_anew_after();
        let identity = self.identity_of(found);
        let good = now..good_until.min(identity.expires_at);
        let found = (cookie.as_bytes(), Finding::new(good, 0, epoch));
        let principal = Principal::found(identity, serde_json::Map::new(), &inner.revocations, generation, found);
        inner.api_keys.remember(&principal, now);
        Ok(Some(principal))
    }

    fn identity_of(&self, found: CookieSession) -> Identity {
        let CookieSession { session, user, scopes, memberships } = found;
        let Session { id, amr, auth_time, idle_until, .. } = session;
        let mut roles = user.roles;
        roles.extend(self.roles_of_members(&memberships));
        Identity {
            id: user.id.to_string(),
            name: Some(user.name).filter(|name| !name.is_empty()),
            email: user.email_verified_at.map(|_| user.email.as_str().to_owned()),
            scopes,
            roles,
            session: Some(id.to_string()),
            acr: Some(acr_of(&amr).to_owned()),
            amr,
            auth_time: Some(auth_time),
            expires_at: idle_until,
            credential: CredentialKind::SessionCookie,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn se_1_a_secret_has_256_bits_and_a_prefix_of_its_own() {
        let secret = SessionSecret::generate().unwrap();
        assert_eq!(SessionSecret::parse(secret.expose()), Some(secret.clone()));
        assert_eq!(secret.expose().len(), PREFIX.len() + PlainToken::LEN);
        assert_ne!(SessionSecret::generate().unwrap(), secret);
        assert!(!format!("{secret:?}").contains(secret.expose()));
        let text = "A".repeat(43);
        for bad in ["", "pcs_", &text, &format!("PCS_{text}"), &format!("pcr_{text}"), &format!("pcs_{text}A")] {
            assert_eq!(SessionSecret::parse(bad), None, "{bad}");
        }
    }
}
