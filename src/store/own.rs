//! What people look up and end of their own.

use async_trait::async_trait;

use super::Result;
use crate::{
    account::{Email, UserId},
    audit::Event,
    clock::Timestamp,
    session::SessionId,
};

/// The verbs of people about their own account. Each is one transaction, like every verb of [`Store`](super::Store).
#[async_trait]
pub trait OwnStore {
    /// The address that this user asked for and has not confirmed by `now`, while it can be.
    async fn pending_email(&self, user: UserId, now: Timestamp) -> Result<Option<Email>>;

    /// Ends every session of this user but `keep`, revoking each until `revoke_until`, and answers which. The trail tells
    /// of each.
    async fn end_other_sessions(
        &self,
        user: UserId,
        keep: SessionId,
        revoke_until: Timestamp,
        event: &Event,
    ) -> Result<Vec<SessionId>>;
}
