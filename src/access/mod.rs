//! Who may do what: a role is a named set of scopes.

use crate::principal::Scopes;

/// The role of those who run the service.
pub const ADMIN: &str = "admin";

/// Every scope that the service's own routes ask for.
const ADMIN_SCOPES: [&str; 5] = ["users:read", "users:write", "roles:write", "events:read", "revocations:read"];

/// What these roles together may do.
#[must_use]
pub fn scopes_of(roles: &[String]) -> Scopes {
    if roles.iter().any(|role| role == ADMIN) { ADMIN_SCOPES.into_iter().collect() } else { Scopes::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_role_admin_holds_its_scopes() {
        assert!(scopes_of(&["admin".into()]).contains("users:write"));
        for other in ["", "Admin", "administrator", "admin "] {
            assert!(scopes_of(&[other.into()]).is_empty(), "{other}");
        }
    }
}
