//! What is remembered of users for whom something else vouches.

use async_trait::async_trait;

use super::{NewUser, Result};
use crate::{account::UserRecord, audit::Event};

/// A user of a backend, about to get an account.
#[derive(Clone, Debug)]
pub struct NewExternalUser {
    /// The account, without a password.
    pub user: NewUser,
    /// The backend's name.
    pub backend: String,
    /// Who they are there.
    pub subject: String,
}

/// The verbs of users of backends. Each is one transaction, like every verb of [`Store`](super::Store).
#[async_trait]
pub trait ExternalStore {
    /// The user whom this backend knows as that.
    async fn external_user(&self, backend: &str, subject: &str) -> Result<Option<UserRecord>>;

    /// Makes a user of a backend.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`](super::StoreError::Conflict) as for any other user, with
    /// [`Conflict::Id`](super::Conflict::Id) if the backend's user has an account.
    async fn create_external_user(&self, new: &NewExternalUser, event: &Event) -> Result<()>;
}
