//! What those who administer may do to others: never more than they may do themselves.

use super::{ADMIN_SCOPES, Role, RoleName, scopes_of};
use crate::{account::Caller, error::Error, principal::Scopes};

/// Whoever administers: someone who has authenticated lately, in person, and may do what their scopes say; or whoever works
/// at the machine itself.
#[derive(Clone, Debug)]
pub struct Operator(Option<Person>);

#[derive(Clone, Debug)]
struct Person {
    caller: Caller,
    scopes: Scopes,
}

impl Operator {
    /// An administrator, and what they may do.
    #[must_use]
    pub const fn person(caller: Caller, scopes: Scopes) -> Self {
        Self(Some(Person { caller, scopes }))
    }

    /// Whoever works at the machine itself, as the command line does. They could write into the database, so nothing is
    /// kept from them, and the trail names nobody.
    #[must_use]
    pub const fn console() -> Self {
        Self(None)
    }

    /// Whom the trail names.
    pub(super) fn caller(&self) -> Option<Caller> {
        self.0.as_ref().map(|person| person.caller)
    }

    /// Whether it is whoever works at the machine.
    pub(super) const fn is_console(&self) -> bool {
        self.0.is_none()
    }

    /// Whether this one may do this to that user.
    ///
    /// # Errors
    ///
    /// [`Error::ScopeLacking`] if the user holds a scope of the service's own that this one does not: whoever runs a part of
    /// the service cannot take it from those who run all of it.
    pub(super) fn may_act_on(&self, scopes: &Scopes) -> Result<(), Error> {
        let own = |scope: &&str| ADMIN_SCOPES.contains(scope);
        match &self.0 {
            Some(person) => lacking(&person.scopes, scopes.iter().filter(own)),
            None => Ok(()),
        }
    }

    /// Whether this one may let others do that.
    ///
    /// # Errors
    ///
    /// [`Error::ScopeLacking`] with what they may not do themselves.
    pub(super) fn may_grant(&self, granted: &Scopes) -> Result<(), Error> {
        self.0.as_ref().map_or(Ok(()), |person| may_grant(&person.scopes, granted))
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

/// The names of these roles, by the roles there are.
///
/// # Errors
///
/// [`Error::InvalidFields`] with `unknown_role` if one of them is not there.
pub(super) fn names_of(roles: &[RoleName], known: &[Role]) -> Result<Vec<String>, Error> {
    if !roles.iter().all(|name| known.iter().any(|role| role.name == *name)) {
        return Err(Error::field("roles", "unknown_role"));
    }
    Ok(roles.iter().map(ToString::to_string).collect())
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
