//! Letting users in to resources, and out. It is in force on the user's next request.

use super::{Membership, is_resource, is_resource_id};
use crate::{
    account::{Accounts, Caller, UserId},
    audit::{Event, EventKind},
    error::Error,
    session::Device,
    store::NewMembership,
};

impl Accounts {
    /// The roles that a user has in one resource: `<resource>-<id>-<level>` for every level up to their own. None if they
    /// are no member.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the database does not answer.
    pub async fn get_roles(&self, user: UserId, resource: &str, id: &str) -> Result<Vec<String>, Error> {
        let mut all = self.store().memberships_of(user).await?;
        all.retain(|membership| membership.resource() == resource && membership.id() == id);
        Ok(self.roles_of_members(&all))
    }

    /// Every membership of a user, in the order of resources and their ids.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the database does not answer.
    pub async fn memberships_of(&self, user: UserId) -> Result<Vec<Membership>, Error> {
        Ok(self.store().memberships_of(user).await?)
    }

    /// The roles of all memberships of a user.
    pub(crate) fn roles_of_members(&self, memberships: &[Membership]) -> Vec<String> {
        memberships.iter().flat_map(|membership| self.config().membership_levels.roles_of(membership)).collect()
    }

    /// Lets a user in to a resource up to this level, in place of the one they had. Every token of theirs is refused from
    /// the next request on, and a refresh brings one with the new roles.
    ///
    /// `by` is the administrator who does it, if one does.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is no such user.
    pub async fn set_membership(
        &self,
        user: UserId,
        membership: Membership,
        by: Option<Caller>,
        device: &Device,
    ) -> Result<(), Error> {
        let about = format!("{}-{}-{}", membership.resource(), membership.id(), membership.level());
        let event = self.done_by(by, EventKind::MembershipChanged, device).user(user).about(about);
        let (accounts, new) = (self.clone(), NewMembership { user, membership });
        Self::to_the_end(async move {
            let until = accounts.tokens_expired_by();
            let minimum = accounts.store().set_membership(&new, until, &event).await?.ok_or(Error::NotFound)?;
            accounts.revoke_user(user, minimum, until);
            Ok(())
        })
        .await
    }

    /// Ends a user's membership in a resource, and does the same.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if they are no member.
    pub async fn end_membership(
        &self,
        user: UserId,
        resource: &str,
        id: &str,
        by: Option<Caller>,
        device: &Device,
    ) -> Result<(), Error> {
        if !is_resource(resource) || !is_resource_id(id) {
            return Err(Error::NotFound);
        }
        let about = format!("{resource}-{id}");
        let event = self.done_by(by, EventKind::MembershipEnded, device).user(user).about(about);
        let (accounts, resource, id) = (self.clone(), resource.to_owned(), id.to_owned());
        Self::to_the_end(async move {
            let until = accounts.tokens_expired_by();
            let ended = accounts.store().end_membership(user, &resource, &id, until, &event).await?;
            let minimum = ended.ok_or(Error::NotFound)?;
            accounts.revoke_user(user, minimum, until);
            Ok(())
        })
        .await
    }

    /// An event of something that is done to others, by this administrator or by the operator.
    pub(crate) fn done_by(&self, by: Option<Caller>, kind: EventKind, device: &Device) -> Event {
        let event = Event::new(kind, self.now(), device);
        match by {
            Some(Caller { user, session }) => Event { session, ..event.actor(user) },
            None => event,
        }
    }
}
