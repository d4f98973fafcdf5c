//! What is asked of the members of one resource, which the path names.

use std::fmt;

use super::need::Need;

/// How far a member is let in to a resource, the lowest first. Whoever has one level has those below it.
///
/// These are the levels that accounts have unless they are told others; for those a rule takes the name as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Someone the resource is shown to.
    Public,
    /// Someone who was asked in.
    Invitee,
    /// A member.
    Member,
    /// Someone who looks after it.
    Manager,
    /// Someone who sees what only its owner does.
    Secret,
}

impl Level {
    /// Its name, as it stands in roles.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Invitee => "invitee",
            Self::Member => "member",
            Self::Manager => "manager",
            Self::Secret => "secret",
        }
    }
}

impl From<Level> for String {
    fn from(level: Level) -> Self {
        level.as_str().to_owned()
    }
}

/// The need for a role in a resource whose id stands in the path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) resource: String,
    pub(super) parameter: String,
    pub(super) level: String,
    /// Which segment of the path it is, counted from 0, once the pattern is known.
    segment: Option<usize>,
}

impl Member {
    pub(super) fn new(resource: String, parameter: String, level: String) -> Self {
        Self { resource, parameter, level, segment: None }
    }

    /// Looks its parameter up in a pattern. What stands for the rest of a path is no id, nor is a part of a segment.
    pub(super) fn bind(&mut self, pattern: &str) {
        let parameter = format!("{{{}}}", self.parameter);
        self.segment = pattern.split('/').position(|segment| segment == parameter);
    }

    pub(super) const fn is_bound(&self) -> bool {
        self.segment.is_some()
    }

    /// The role that is asked on this path. Of a path that could be read in two ways nobody knows which resource it names,
    /// so there nobody passes; and the id of a resource never needs an escape.
    pub(super) fn need(&self, path: Option<&str>) -> Need {
        let named = path.zip(self.segment).and_then(|(path, place)| {
            let id = path.split('/').nth(place)?;
            let ahead = path.split('/').take(place + 1).all(|segment| !segment.contains(['%', ';']));
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
            (ahead && !id.is_empty() && id.bytes().all(is_plain)).then_some(id)
        });
        match named {
            Some(id) => Need::role(format!("{}-{id}-{}", self.resource, self.level)),
            None => Need::any([]),
        }
    }
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "role {}-{{{}}}-{}", self.resource, self.parameter, self.level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(pattern: &str, path: &str) -> String {
        let mut member = Member::new("list".into(), "id".into(), Level::Manager.into());
        member.bind(pattern);
        member.need(Some(path)).to_string()
    }

    #[test]
    fn az_2_the_role_is_that_of_the_resource_in_the_path() {
        assert_eq!(asked("/lists/{id}", "/lists/42"), "role list-42-manager");
        assert_eq!(asked("/a/{other}/lists/{id}/items/{item}", "/a/1/lists/4-2/items/7%2F"), "role list-4-2-manager");
    }

    #[test]
    fn az_2_nobody_passes_where_the_path_could_name_another() {
        for path in ["/lists/", "/lists", "/lists/4%32", "/lists/42;x", "/lists;a/42", "/l%69sts/42", "/lists/a@b", ""]
        {
            assert_eq!(asked("/lists/{id}", path), "nobody", "{path}");
        }
        for pattern in ["/lists/{*id}", "/lists/a{id}", "/lists/{other}", "/"] {
            assert_eq!(asked(pattern, "/lists/42"), "nobody", "{pattern}");
        }
    }
}
