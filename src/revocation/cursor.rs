//! Places in the journal of what has been revoked.

use std::{fmt, str::FromStr};

use super::Revocation;

/// A revocation as the journal has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its number: higher than that of every revocation that was visible before it.
    pub number: i64,
    /// What is revoked.
    pub revocation: Revocation,
}

/// A place in the journal: everything up to this number has been read.
///
/// As text it is what [`Display`](fmt::Display) writes and [`FromStr`] reads. Nobody else need understand it.
///
/// ```
/// use portcullis::revocation::Cursor;
///
/// let cursor: Cursor = "6f1c09a2b3d4e5f6-42".parse().unwrap();
/// assert_eq!(cursor.change, 42);
/// assert_eq!(cursor.to_string(), "6f1c09a2b3d4e5f6-42");
/// assert!("42".parse::<Cursor>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Which journal: every database has one of its own.
    pub journal: String,
    /// The number of the last change that was read; 0 before the first.
    pub change: i64,
}

/// A text that is no [`Cursor`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor")]
pub struct NotACursor;

impl Cursor {
    /// Where this journal begins.
    pub(super) fn start(&self) -> Self {
        Self { journal: self.journal.clone(), change: 0 }
    }

    /// Whether somebody who has read up to here can go on in a journal that ends at `end`. If not, it is another
    /// journal, or one that has lost its end, as when a database is restored or fails over to a copy that lags behind.
    pub(super) fn leads_to(&self, end: &Self) -> bool {
        self.journal == end.journal && self.change <= end.change
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.journal, self.change)
    }
}

impl FromStr for Cursor {
    type Err = NotACursor;

    fn from_str(text: &str) -> Result<Self, NotACursor> {
        let (journal, change) = text.split_once('-').ok_or(NotACursor)?;
        let change = change.parse().ok().filter(|change| *change >= 0).ok_or(NotACursor)?;
        Ok(Self { journal: journal.to_owned(), change })
    }
}
