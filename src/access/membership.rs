//! Memberships: how far users are let in to single resources.

use std::{fmt, str::FromStr};

use crate::config::ConfigError;

/// The longest name of a kind of resource or of a level, in characters.
pub const RESOURCE_MAX: usize = 32;

/// The longest id of a resource, in characters.
pub const RESOURCE_ID_MAX: usize = 64;

/// A user's level in one resource, such as `manager` of list 42.
///
/// It shows as roles: one for every level up to the member's own, `list-42-manager` and those below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    resource: String,
    id: String,
    level: String,
}

impl Membership {
    /// A membership; `None` if its parts could not be told apart in the name of a role.
    ///
    /// The kind of resource is 1 to 32 ASCII letters, digits and `_`; the id 1 to 64 of those, `.`, `:` and `-`. The level
    /// is one of [`Levels`].
    ///
    /// ```
    /// use portcullis::access::{Levels, Membership};
    ///
    /// let levels = Levels::default();
    /// assert!(Membership::parse("list", "42", "manager", &levels).is_some());
    /// assert!(Membership::parse("list", "42", "owner", &levels).is_none());
    /// assert!(Membership::parse("to-do", "42", "manager", &levels).is_none());
    /// ```
    #[must_use]
    pub fn parse(resource: &str, id: &str, level: &str, levels: &Levels) -> Option<Self> {
        let is_good = is_resource(resource) && is_resource_id(id) && levels.rank(level).is_some();
        is_good.then(|| Self::from_stored(resource.to_owned(), id.to_owned(), level.to_owned()))
    }

    /// A membership as it came out of the store.
    pub(crate) const fn from_stored(resource: String, id: String, level: String) -> Self {
        Self { resource, id, level }
    }

    /// The kind of resource.
    #[must_use]
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// Which one it is.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// How far the user is let in.
    #[must_use]
    pub fn level(&self) -> &str {
        &self.level
    }
}

/// Whether this can be the kind of a resource.
#[must_use]
pub fn is_resource(text: &str) -> bool {
    (1..=RESOURCE_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Whether this can be the id of a resource.
#[must_use]
pub fn is_resource_id(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
    (1..=RESOURCE_ID_MAX).contains(&text.len()) && text.bytes().all(is_plain)
}

/// The levels that members may have, the lowest first. Whoever has one has those below it.
///
/// ```
/// use portcullis::access::Levels;
///
/// assert_eq!(Levels::default().to_string(), "public,invitee,member,manager,secret");
/// assert!("reader,writer".parse::<Levels>().is_ok());
/// assert!("reader,reader".parse::<Levels>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Levels(Vec<String>);

impl Levels {
    /// The roles of a member: one for each level up to their own, the lowest first. None if the level is none of these.
    ///
    /// ```
    /// use portcullis::access::{Levels, Membership};
    ///
    /// let levels = Levels::default();
    /// let membership = Membership::parse("list", "42", "member", &levels).unwrap();
    /// assert_eq!(levels.roles_of(&membership), ["list-42-public", "list-42-invitee", "list-42-member"]);
    /// ```
    #[must_use]
    pub fn roles_of(&self, Membership { resource, id, level }: &Membership) -> Vec<String> {
        let held = self.rank(level).map_or(0, |rank| rank + 1);
        self.0.iter().take(held).map(|level| format!("{resource}-{id}-{level}")).collect()
    }

    fn rank(&self, level: &str) -> Option<usize> {
        self.0.iter().position(|known| known == level)
    }
}

impl Default for Levels {
    fn default() -> Self {
        Self(["public", "invitee", "member", "manager", "secret"].map(str::to_owned).to_vec())
    }
}

impl FromStr for Levels {
    type Err = ConfigError;

    fn from_str(list: &str) -> Result<Self, ConfigError> {
        let levels: Vec<_> = list.split(',').map(|level| level.trim().to_owned()).collect();
        let is_new = |(place, level): (usize, &String)| !levels.iter().take(place).any(|earlier| earlier == level);
        if levels.iter().all(|level| is_resource(level)) && levels.iter().enumerate().all(is_new) {
            Ok(Self(levels))
        } else {
            Err(ConfigError("membership_levels must be different names of letters, digits and _, lowest first".into()))
        }
    }
}

impl fmt::Display for Levels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn az_3_no_two_memberships_come_to_one_role() {
        let levels = Levels::default();
        for (resource, id) in [("list-1", "2"), ("", "1"), ("list", ""), ("list", "a/b"), ("list", "a b"), ("ä", "1")]
        {
            assert_eq!(Membership::parse(resource, id, "member", &levels), None, "{resource} {id}");
        }
        // Neither of the two around an id has a hyphen, so it is known where the id begins and ends.
        let dashed = Membership::parse("list", "1-member", "public", &levels).unwrap();
        assert_eq!(levels.roles_of(&dashed), ["list-1-member-public"]);
        assert!("a-b".parse::<Levels>().is_err() && "".parse::<Levels>().is_err());
    }

    #[test]
    fn a_level_that_is_no_more_gives_nothing() {
        let old = Membership::from_stored("list".into(), "1".into(), "owner".into());
        assert!(Levels::default().roles_of(&old).is_empty());
    }
}
