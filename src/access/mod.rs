//! Who may do what: a role is a named set of scopes.
//!
//! What a role may do is read where a token is minted, with the user, so no process mints by a table it remembers. A
//! change makes every token of those whom it concerns stale: their next refresh brings one that says what they may do
//! now.

mod administration;
mod change;
mod grant;
mod member;
mod membership;
mod role;

pub use self::administration::Administration;
pub use self::grant::Operator;
pub(crate) use self::grant::may_grant;
pub use self::membership::{Levels, Membership, RESOURCE_ID_MAX, RESOURCE_MAX, is_resource, is_resource_id};
pub use self::role::{ROLE_NAME_MAX, Role, RoleName, SCOPE_MAX, is_scope};
use crate::principal::Scopes;

/// The role of those who run the service.
pub const ADMIN: &str = "admin";

/// The claim of a token that the roles of its user's memberships did not fit into: `true`, or absent.
pub const ROLES_TRUNCATED: &str = "roles_truncated";

/// Every scope that the service's own routes ask for.
const ADMIN_SCOPES: [&str; 5] = ["users:read", "users:write", "roles:write", "events:read", "revocations:read"];

/// What these roles together may do: the scopes that are `listed` for them, and for [`ADMIN`] every scope of the
/// service's own.
///
/// ```
/// use portcullis::{Scopes, access::scopes_of};
///
/// let listed = Scopes::parse("notes:read");
/// assert_eq!(scopes_of(&["reader".into()], &listed).to_string(), "notes:read");
/// assert!(scopes_of(&["admin".into()], &listed).contains("users:write"));
/// ```
#[must_use]
pub fn scopes_of(roles: &[String], listed: &Scopes) -> Scopes {
    let own: &[&str] = if is_admin(roles) { &ADMIN_SCOPES } else { &[] };
    own.iter().copied().chain(listed.iter()).collect()
}

/// Whether the role [`ADMIN`] is among these.
#[must_use]
pub fn is_admin(roles: &[String]) -> bool {
    roles.iter().any(|role| role == ADMIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn az_3_only_the_very_role_admin_holds_its_scopes() {
        let none = Scopes::default();
        assert!(scopes_of(&["admin".into()], &none).contains("users:write"));
        for other in ["", "Admin", "administrator", "admin "] {
            assert!(scopes_of(&[other.into()], &none).is_empty(), "{other}");
        }
    }
}
