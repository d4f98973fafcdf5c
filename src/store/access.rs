//! What is remembered of who may do what, and what administrators ask for.

use async_trait::async_trait;
use uuid::Uuid;

use super::{NewUser, Result};
use crate::{
    access::Membership,
    account::{UserId, UserRecord},
    audit::{Event, EventKind},
    clock::Timestamp,
    password::PasswordHash,
    secret::TokenHash,
};

/// Which users are looked for.
#[derive(Clone, Debug, Default)]
pub struct UserQuery {
    /// What the user name, the address or the name to show has in it, in any case. Nothing for everyone.
    pub text: String,
    /// The last one of the piece before.
    pub after: Option<UserId>,
    /// In which state, if that matters.
    pub state: Option<UserState>,
    /// How many at most.
    pub limit: u32,
}

/// Whether an account can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserState {
    /// It can.
    Active,
    /// An administrator has shut it.
    Disabled,
    /// Its user asked for it and waits to be let in.
    Pending,
}

impl UserState {
    /// Its name in queries.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
            Self::Pending => "pending",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Active, Self::Disabled, Self::Pending].into_iter().find(|state| state.as_str() == name)
    }
}

/// Which part of the trail is looked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct EventQuery {
    /// What concerns this user, as the one it happened to.
    pub user: Option<UserId>,
    /// What is of this kind.
    pub kind: Option<EventKind>,
    /// The last one of the piece before.
    pub after: Option<Uuid>,
    /// How many at most.
    pub limit: u32,
}

/// A password that someone else sets for a user.
#[derive(Clone, Debug)]
pub struct NewUserPassword {
    /// For whom.
    pub user: UserId,
    /// The generation they had when it was found that this may be done to them.
    pub generation: i64,
    /// The password's hash.
    pub hash: PasswordHash,
}

/// A membership, and whose it is.
#[derive(Clone, Debug)]
pub struct NewMembership {
    /// Whose.
    pub user: UserId,
    /// In what, and how far.
    pub membership: Membership,
}

/// The verbs of administration. Each is one transaction, like every verb of [`Store`](super::Store).
#[async_trait]
pub trait AccessStore {
    /// The users that are looked for, the newest ids first.
    async fn find_users(&self, query: &UserQuery) -> Result<Vec<UserRecord>>;

    /// The part of the trail that is looked for, the newest first.
    async fn events(&self, query: &EventQuery) -> Result<Vec<Event>>;

    /// Sets a password that has to be changed before it opens anything, ends every session and every API key of the
    /// user, removes their second factors, raises their generation and revokes every older token until `revoke_until`.
    /// Answers the new generation, or `None` if the user is not there or of another generation.
    async fn force_password(
        &self,
        new: &NewUserPassword,
        revoke_until: Timestamp,
        event: &Event,
    ) -> Result<Option<i64>>;

    /// Removes every second factor of a user of this generation, with the recovery codes, ends every session of theirs,
    /// raises their generation and revokes every older token until `revoke_until`. Answers the new generation, or `None`
    /// if the user is not there or of another generation.
    async fn remove_second_factors(
        &self,
        user: UserId,
        generation: i64,
        revoke_until: Timestamp,
        event: &Event,
    ) -> Result<Option<i64>>;

    /// Remembers a link that makes the first administrator, until `expires_at`. `false` if there is one already.
    async fn offer_first_admin(&self, token: &TokenHash, expires_at: Timestamp) -> Result<bool>;

    /// Whether such a link is good at that time.
    async fn is_first_admin_offered(&self, token: &TokenHash, now: Timestamp) -> Result<bool>;

    /// Makes the first administrator for whoever has the link, and ends every such link. `false` if it is not good, or
    /// there is an administrator by now.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`](super::StoreError::Conflict) as for any other user; the link stays good.
    async fn make_first_admin(&self, token: &TokenHash, new: &NewUser, event: &Event) -> Result<bool>;

    /// Lets a user in to a resource, in place of how far they were let in before; raises their generation and revokes
    /// every older token until `revoke_until`. Answers the new generation, or `None` if there is no such user.
    async fn set_membership(&self, new: &NewMembership, revoke_until: Timestamp, event: &Event) -> Result<Option<i64>>;

    /// Ends a membership and does the same. `None` if there is none.
    async fn end_membership(
        &self,
        user: UserId,
        resource: &str,
        resource_id: &str,
        revoke_until: Timestamp,
        event: &Event,
    ) -> Result<Option<i64>>;

    /// Every membership of a user, in the order of resources and their ids.
    async fn memberships_of(&self, user: UserId) -> Result<Vec<Membership>>;
}
