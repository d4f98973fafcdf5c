//! How a verb of the store can fail. No type of the database driver shows.

use std::{error::Error, fmt};

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Something that must be unique is taken.
    #[error("{0} is taken")]
    Conflict(Conflict),
    /// Nobody who runs the service would be left.
    #[error("this is the last administrator")]
    LastAdmin,
    /// The database did not answer, or not in time. Trying again later may help.
    #[error("the database is unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// The database answered with something that this program never wrote, or refused what it should have taken.
    #[error("the database is not as it should be: {0}")]
    Broken(String),
    /// The URL does not name a database that this build can open. The URL itself is not told: it may hold a password.
    #[error("the database URL cannot be used: {0}")]
    Url(&'static str),
}

/// Whoever it is done to is the last one who runs the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LastAdmin;

impl From<LastAdmin> for StoreError {
    fn from(_: LastAdmin) -> Self {
        Self::LastAdmin
    }
}

/// What is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Conflict {
    /// The user name, by an account or by one that was deleted.
    Username,
    /// The e-mail address.
    Email,
    /// The id, where it was not made here.
    Id,
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Username => "the user name",
            Self::Email => "the e-mail address",
            Self::Id => "the id",
        })
    }
}
