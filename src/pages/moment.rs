//! Moments, as pages show them.

use serde::Serialize;

use crate::{clock::Timestamp, http::rfc3339};

/// A moment, for programs and for people.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Moment {
    /// In RFC 3339.
    exact: String,
    /// To the minute, in UTC.
    text: String,
}

impl From<Timestamp> for Moment {
    fn from(at: Timestamp) -> Self {
        let exact = rfc3339(at);
        let (date, time) = exact.split_once('T').unwrap_or((&exact, ""));
        let text = format!("{date} {} UTC", time.get(..5).unwrap_or_default());
        Self { exact, text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_for_programs_and_for_people() {
        let Moment { exact, text } = Timestamp::from_secs(1_790_000_000).into();
        assert_eq!((exact.as_str(), text.as_str()), ("2026-09-21T14:13:20Z", "2026-09-21 14:13 UTC"));
    }
}
