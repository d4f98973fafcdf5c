//! What is remembered of API keys.

use async_trait::async_trait;

use super::Result;
use crate::{
    account::{User, UserId},
    api_key::{ApiKey, ApiKeyId},
    audit::Event,
    clock::Timestamp,
    principal::Scopes,
    revocation::Revocation,
    secret::TokenHash,
    session::SessionId,
};

/// A key about to be made.
#[derive(Clone, Debug)]
pub struct NewApiKey {
    /// The key.
    pub key: ApiKey,
    /// The hash of its text.
    pub hash: TokenHash,
    /// The session it is made from, which has to be alive for that.
    pub session: SessionId,
    /// How many keys its owner may have.
    pub cap: u32,
}

/// What became of a [`NewApiKey`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiKeyMade {
    /// It is there.
    Made,
    /// Its owner has as many as they may have.
    TooMany,
    /// The session has ended.
    SessionEnded,
}

/// A key about to take the place of another one.
#[derive(Clone, Debug)]
pub struct KeyRotation {
    /// The successor.
    pub new: NewApiKey,
    /// The one it takes the place of.
    pub old: ApiKeyId,
    /// Until when that is good at most.
    pub old_until: Timestamp,
}

/// A key as it is looked up, with whom it is of.
#[derive(Clone, Debug)]
pub struct OwnedApiKey {
    /// The key.
    pub key: ApiKey,
    /// The hash of its text.
    pub hash: TokenHash,
    /// Its owner, as they are now.
    pub owner: User,
    /// What the owner may do now.
    pub owner_scopes: Scopes,
}

/// The verbs of API keys. Each is one transaction, like every verb of [`Store`](super::Store).
#[async_trait]
pub trait ApiKeyStore {
    /// Makes a key, if the session it is made from is alive and its owner has fewer than they may have.
    async fn create_api_key(&self, new: &NewApiKey, event: &Event) -> Result<ApiKeyMade>;

    /// Makes a key in the same way, and lets another one of its owner's end by `old_until`. `None` if there is no other one.
    async fn rotate_api_key(&self, rotation: &KeyRotation, event: &Event) -> Result<Option<ApiKeyMade>>;

    /// The key with this id and its owner, unless it has expired by `now`.
    async fn api_key(&self, id: ApiKeyId, now: Timestamp) -> Result<Option<OwnedApiKey>>;

    /// The keys of this user that have not expired by `now`, the newest ids first: at most `limit`, from behind `after`
    /// on.
    async fn api_keys_of(
        &self,
        user: UserId,
        now: Timestamp,
        after: Option<ApiKeyId>,
        limit: u32,
    ) -> Result<Vec<ApiKey>>;

    /// Notes that a key was used.
    async fn saw_api_key(&self, id: ApiKeyId, now: Timestamp) -> Result<()>;

    /// Deletes a key of this user and revokes it. `false` if there is none, or it is not theirs.
    async fn delete_api_key(&self, user: UserId, id: ApiKeyId, revocation: &Revocation, event: &Event) -> Result<bool>;

    /// Deletes every key of a user and revokes each until `revoke_until`. Answers which they were.
    async fn delete_api_keys(&self, user: UserId, revoke_until: Timestamp, event: &Event) -> Result<Vec<ApiKeyId>>;
}
