//! Who a key belongs to and what it may do: looked up once, and remembered until something about it changes.

use std::{fmt, time::Duration};

use super::{API_KEY_OVERLAP_MIN, ApiKeyId, PlainApiKey};
use crate::{
    account::{Accounts, User, UserId},
    clock::Timestamp,
    error::Error,
    guard::AuthError,
    jwt::Cache,
    principal::{CredentialKind, Finding, Identity, Principal, Scopes},
    store::OwnedApiKey,
};

/// How many keys are remembered at most.
const REMEMBERED: usize = 10_000;

/// How long after one note that a key was used, at least, the next one is written.
const NOTED_EVERY: Duration = Duration::from_hours(1);

/// What a good key comes to.
#[derive(Clone, Debug)]
pub struct ApiAccess {
    /// Which key it is.
    pub key: ApiKeyId,
    /// Its owner, as they are now.
    pub user: User,
    /// What it may do now: of its scopes, those that its owner holds.
    pub scopes: Scopes,
    /// When it stops being good.
    pub expires_at: Timestamp,
}

/// What the database was asked about credentials, by their text: whose keys and cookies are good, and which roles did not
/// fit into a token.
pub(crate) struct KeyCache(Cache);

impl Default for KeyCache {
    fn default() -> Self {
        Self(Cache::new(REMEMBERED))
    }
}

impl KeyCache {
    /// Keeps what was found, by the credential that it was found by.
    pub(crate) fn remember(&self, found: &Principal, now: Timestamp) {
        self.0.insert(found, now);
    }
}

impl fmt::Debug for KeyCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyCache").finish_non_exhaustive()
    }
}

impl Accounts {
    /// Who a key belongs to and what it may do, by the database. `None` if it is no good: unknown, deleted, expired, or its
    /// owner is disabled. That it was used is noted once an hour.
    ///
    /// The guard asks this by itself; it is for keys that come another way.
    ///
    /// ```
    /// use portcullis::{Error, account::Accounts};
    ///
    /// # async fn may_read(accounts: &Accounts, shown: &str) -> Result<bool, Error> {
    /// let access = accounts.api_access(shown).await?;
    /// Ok(access.is_some_and(|access| access.scopes.contains("notes:read")))
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the database does not answer.
    pub async fn api_access(&self, key: &str) -> Result<Option<ApiAccess>, Error> {
        let Some(plain) = PlainApiKey::parse(key) else { return Ok(None) };
        let now = self.now();
        let Some(OwnedApiKey { key, hash, owner, owner_scopes }) = self.store().api_key(plain.id(), now).await? else {
            return Ok(None);
        };
        if !hash.matches(&plain.hash()) || owner.disabled_at.is_some() {
            return Ok(None);
        }
        if key.last_used_at.is_none_or(|last| now.since(last) >= NOTED_EVERY)
            && let Err(error) = self.store().saw_api_key(key.id, now).await
        {
            tracing::warn!(key = %key.id, %error, "that a key was used could not be noted");
        }
        let scopes = key.scopes.iter().filter(|scope| owner_scopes.contains(scope)).collect();
        Ok(Some(ApiAccess { key: key.id, user: owner, scopes, expires_at: key.expires_at }))
    }

    /// The principal of a credential that was looked up a while ago and is still good.
    pub(super) fn looked_up(&self, credential: &str) -> Option<Principal> {
        let inner = self.inner();
        inner.api_keys.0.find(credential.as_bytes(), self.now(), 0, &inner.revocations)
    }

    /// The principal of a key, by the database.
    pub(super) async fn principal_of_key(&self, key: &str) -> Result<Option<Principal>, Error> {
        let inner = self.inner();
        // Before it is looked up: what is revoked meanwhile has to be asked for next time.
        let epoch = inner.revocations.epoch();
        let Some(access) = self.api_access(key).await? else { return Ok(None) };
        let generation = Some(access.user.generation);
        let revoked_as = access.key.to_string();
        let found = (key.as_bytes(), self.finding(access.expires_at, epoch));
        let principal = Principal::of_key(identity(access), &inner.revocations, revoked_as, generation, found);
        inner.api_keys.remember(&principal, self.now());
        Ok(Some(principal))
    }

    /// Counts a request made with a good key, if it may make another one.
    pub(super) fn count_use(&self, key: &str) -> Result<(), AuthError> {
        let id = PlainApiKey::id_in(key).filter(|_| !self.config().insecure_no_limits);
        let counted = id.map(|id| self.inner().api_key_rates.count(id, self.config().api_key_rate, self.now()));
        counted.unwrap_or(Ok(())).map_err(|retry_after| AuthError::TooManyRequests { retry_after })
    }

    /// The principal of a good token, with the roles that did not fit into it.
    pub(super) async fn with_memberships(&self, token: &str, principal: &Principal) -> Result<Principal, Error> {
        let epoch = self.inner().revocations.epoch();
        let memberships = match UserId::parse(principal.id()) {
            Some(user) => self.store().memberships_of(user).await?,
            None => Vec::new(),
        };
        let found = (token.as_bytes(), self.finding(principal.expires_at(), epoch));
        let principal = principal.and_roles(self.roles_of_members(&memberships), found);
        self.inner().api_keys.remember(&principal, self.now());
        Ok(principal)
    }

    /// It holds for as long as an access token would be good: what revokes it is remembered for longer. And for no longer
    /// than a key that has a successor is good.
    fn finding(&self, expires_at: Timestamp, epoch: u64) -> Finding {
        let now = self.now();
        Finding::new(now..expires_at.min(now + self.config().access_token_ttl.min(API_KEY_OVERLAP_MIN)), 0, epoch)
    }
}

fn identity(ApiAccess { user, scopes, expires_at, .. }: ApiAccess) -> Identity {
    Identity {
        id: user.id.to_string(),
        name: Some(user.name).filter(|name| !name.is_empty()),
        email: user.email_verified_at.map(|_| user.email.as_str().to_owned()),
        scopes,
        roles: Vec::new(),
        session: None,
        amr: Vec::new(),
        acr: None,
        auth_time: None,
        expires_at,
        credential: CredentialKind::ApiKey,
    }
}
