//! What is remembered of second factors, and of logins that wait for one.

use async_trait::async_trait;
use uuid::Uuid;

use super::Result;
use crate::{
    account::UserId,
    audit::Event,
    clock::Timestamp,
    flow::Flow,
    recovery::RecoveryHash,
    secret::{Sealed, TokenHash},
};

/// An authenticator app's secret as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredTotp {
    /// Which authenticator it is: another one for every set-up.
    pub id: Uuid,
    /// The secret, sealed under the data key for this id.
    pub secret: Sealed,
}

/// A set-up that has shown a right code.
#[derive(Clone, Debug)]
pub struct TotpConfirmation {
    /// Whose it is.
    pub user: UserId,
    /// The authenticator that was being set up.
    pub id: Uuid,
    /// The step of the code. It counts as used.
    pub step: i64,
    /// Whether it may take the place of one that is live.
    pub may_replace: bool,
    /// The recovery codes that the user gets if this is their first second factor.
    pub recovery_codes: Vec<RecoveryHash>,
}

/// What became of a set-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TotpConfirmed {
    /// It is live, as the user's first second factor, and their recovery codes are stored.
    First,
    /// It is live beside a key that the user had before. The recovery codes are as they were.
    Further,
    /// It is live in place of the one before. The recovery codes are as they were.
    Replaced,
    /// Nothing changed: it has expired, another took its place, or it may not replace the one that is live.
    Refused,
}

/// The verbs of second factors. Each is one transaction, like every verb of [`Store`](super::Store).
#[async_trait]
pub trait FactorStore {
    /// Begins a flow, if the user is still as they were when checked (enabled, of the same generation and with the same
    /// password version), and ends the one that it follows, which has to be alive. `false` if not.
    async fn start_flow(&self, id: &TokenHash, flow: &Flow, follows: Option<&TokenHash>, event: &Event)
    -> Result<bool>;

    /// The flow with this id, if it has not ended by `now`.
    async fn flow(&self, id: &TokenHash, now: Timestamp) -> Result<Option<Flow>>;

    /// The user's live authenticator.
    async fn totp(&self, user: UserId) -> Result<Option<StoredTotp>>;

    /// The authenticator that the user is setting up, unless that has expired by `now`.
    async fn totp_setup(&self, user: UserId, now: Timestamp) -> Result<Option<StoredTotp>>;

    /// Begins a set-up, in place of any other that has begun. The live authenticator stays as it is. `false` if there is
    /// no such user.
    async fn start_totp_setup(
        &self,
        user: UserId,
        setup: &StoredTotp,
        expires_at: Timestamp,
        event: &Event,
    ) -> Result<bool>;

    /// Makes the authenticator live that was being set up, for exactly one of any number of racing callers. A mail tells
    /// the user of it.
    async fn confirm_totp(&self, confirmation: &TotpConfirmation, event: &Event) -> Result<TotpConfirmed>;

    /// Accepts a code of this step, if the user still has this authenticator and no code of this step or a later one was
    /// accepted before. Of any number of racing callers one gets `true`.
    async fn use_totp_step(&self, user: UserId, authenticator: Uuid, step: i64) -> Result<bool>;

    /// Removes the user's authenticator, what they have begun to set up, and with their last second factor their
    /// recovery codes; and a mail tells them of it. `false` if they have none.
    async fn remove_totp(&self, user: UserId, event: &Event) -> Result<bool>;

    /// Spends a recovery code, and a mail tells the user of it. Of any number of racing callers one gets `true`.
    async fn use_recovery_code(&self, user: UserId, code: &RecoveryHash, event: &Event) -> Result<bool>;

    /// Replaces all recovery codes of a user. `false` if there is no such user.
    async fn replace_recovery_codes(&self, user: UserId, codes: &[RecoveryHash], event: &Event) -> Result<bool>;

    /// How many recovery codes a user has left.
    async fn recovery_codes_left(&self, user: UserId) -> Result<u32>;
}
