//! What is remembered of keys, and of challenges that wait for one.

use async_trait::async_trait;

use super::{NewUser, Result};
use crate::{
    account::UserId,
    audit::Event,
    clock::Timestamp,
    passkey::{Challenge, Passkey, PasskeyId, PasskeyName, UserHandle},
    recovery::RecoveryHash,
    secret::TokenHash,
};

/// A user about to be made who has a passkey and no password.
#[derive(Clone, Debug)]
pub struct NewPasskeyUser {
    /// The user.
    pub user: NewUser,
    /// What their authenticator knows them by.
    pub handle: UserHandle,
    /// The passkey.
    pub passkey: Passkey,
    /// Their recovery codes.
    pub recovery_codes: Vec<RecoveryHash>,
}

/// What a key said of itself when it was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasskeyUse {
    /// The key.
    pub id: PasskeyId,
    /// How often it says it has signed.
    pub sign_count: u32,
    /// Whether it says it is backed up.
    pub backed_up: bool,
    /// When it was used.
    pub at: Timestamp,
}

/// What became of a key that was registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasskeyAdded {
    /// It is the user's first second factor, and their recovery codes are stored.
    First,
    /// The user had another second factor. The recovery codes are as they were.
    Further,
    /// Nothing changed: someone has it already, perhaps the same user, or the user is gone.
    Refused,
}

/// What became of a key that was to be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasskeyRemoved {
    /// It is gone; with the user's last second factor their recovery codes are.
    Gone,
    /// Nothing changed: without it the user would have no way in.
    LastWayIn,
    /// Nothing changed: the user has no such key.
    Unknown,
}

/// The verbs of keys. Each is one transaction, like every verb of [`Store`](super::Store).
#[async_trait]
pub trait PasskeyStore {
    /// Remembers a challenge, in place of another one of the same flow. `false` if its user is gone.
    async fn put_challenge(&self, flow: &TokenHash, challenge: &Challenge) -> Result<bool>;

    /// Takes a challenge away, if it has not ended by `now`, and whatever it was for. Of any number of racing callers one
    /// gets it.
    async fn take_challenge(&self, flow: &TokenHash, now: Timestamp) -> Result<Option<Challenge>>;

    /// What authenticators know this user by; `offered` from now on, if there was nothing yet. `None` if the user is gone.
    async fn user_handle(&self, user: UserId, offered: UserHandle) -> Result<Option<UserHandle>>;

    /// The keys of a user, oldest first.
    async fn passkeys(&self, user: UserId) -> Result<Vec<Passkey>>;

    /// The key that an authenticator knows by this id, and what it knows its user by.
    async fn passkey_by_credential(&self, credential_id: &[u8]) -> Result<Option<(Passkey, UserHandle)>>;

    /// Adds a key. The recovery codes are stored if it is the user's first second factor.
    async fn add_passkey(&self, passkey: &Passkey, codes: &[RecoveryHash], event: &Event) -> Result<PasskeyAdded>;

    /// Makes a user who asked for it and has a passkey in place of a password, as
    /// [`register_user`](super::Store::register_user) makes one with a password. `false` if someone has the passkey already.
    ///
    /// # Errors
    ///
    /// As [`register_user`](super::Store::register_user).
    async fn register_passkey_user(&self, new: &NewPasskeyUser, neutral: bool, event: &Event) -> Result<bool>;

    /// Notes that a key was used, if its count has risen, or it does not count and never did. `false` if not, or if it is
    /// gone. Of any number of racing callers with the same count one gets `true`.
    async fn use_passkey(&self, used: &PasskeyUse) -> Result<bool>;

    /// Gives a key of this user another name. `false` if they have no such key.
    async fn rename_passkey(&self, user: UserId, id: PasskeyId, name: &PasskeyName, event: &Event) -> Result<bool>;

    /// Removes a key of this user, unless it is their last way in.
    async fn remove_passkey(&self, user: UserId, id: PasskeyId, event: &Event) -> Result<PasskeyRemoved>;
}
