//! What those who administer may do to others: never more than they may do themselves.

use super::{ADMIN_SCOPES, Role, scopes_of};
use crate::{account::UserId, error::Error, principal::Scopes};

/// An administrator at work: who has authenticated lately, in person, and what they may do.
#[derive(Clone, Debug)]
pub struct Operator {
    /// The administrator.
    pub user: UserId,
    /// What they may do.
    pub scopes: Scopes,
}

impl Operator {
    /// Whether this one may do this to that user.
    ///
    /// # Errors
    ///
    /// [`Error::ScopeLacking`] if the user holds a scope of the service's own that this one does not: whoever runs a part of
    /// the service cannot take it from those who run all of it.
    pub(crate) fn may_act_on(&self, scopes: &Scopes) -> Result<(), Error> {
        let own = |scope: &&str| ADMIN_SCOPES.contains(scope);
        lacking(&self.scopes, scopes.iter().filter(own))
    }
}

/// Whether someone who may do what `held` says can let others do `granted`.
///
/// # Errors
///
/// [`Error::ScopeLacking`] with what is missing.
pub(crate) fn may_grant(held: &Scopes, granted: &Scopes) -> Result<(), Error> {
    lacking(held, granted.iter())
}

/// What these roles of a user may do, by the roles there are.
pub(super) fn scopes_by(roles: &[String], known: &[Role]) -> Scopes {
    let listed = known.iter().filter(|role| roles.iter().any(|name| name == role.name.as_str()));
    let listed: Scopes = listed.flat_map(|role| role.scopes.iter().map(str::to_owned)).collect();
    scopes_of(roles, &listed)
}

fn lacking<'s>(held: &Scopes, asked: impl Iterator<Item = &'s str>) -> Result<(), Error> {
    let missing: Scopes = asked.filter(|scope| !held.contains(scope)).collect();
    if missing.is_empty() { Ok(()) } else { Err(Error::ScopeLacking(missing)) }
}
