//! Revocations as they are sent to guards elsewhere: the JSON in the events of the stream.
//!
//! They are named like the claims of the tokens they concern. Times are whole seconds since 1970, as in tokens.

use serde::{Deserialize, Serialize};

use super::{Revocation, Target};
use crate::clock::Timestamp;

/// The event that tells of revocations; its data is [`Told`].
pub(crate) const REVOCATIONS: &str = "revocations";

/// The event that says that everything has been told; its data is [`Current`].
pub(crate) const CURRENT: &str = "current";

/// The data of the event `revocations`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Told {
    pub(crate) revocations: Vec<Entry>,
}

/// The data of the event `current`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Current {
    /// The moment before which everything that was revoked has been told, by the clock of the sender.
    pub(crate) at: i64,
}

/// One revocation.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Entry {
    Session {
        sid: String,
        until: i64,
    },
    User {
        sub: String,
        /// The lowest `gen` that is still good.
        #[serde(rename = "gen")]
        minimum: i64,
        until: i64,
    },
}

impl From<Revocation> for Entry {
    fn from(revocation: Revocation) -> Self {
        // Rounded up: it must not end before its time.
        let until = (revocation.until.as_millis().saturating_add(999)).div_euclid(1000);
        match revocation.target {
            Target::Session(sid) => Self::Session { sid, until },
            Target::User { id: sub, minimum } => Self::User { sub, minimum, until },
        }
    }
}

impl From<Entry> for Revocation {
    fn from(entry: Entry) -> Self {
        let (target, until) = match entry {
            Entry::Session { sid, until } => (Target::Session(sid), until),
            Entry::User { sub, minimum, until } => (Target::User { id: sub, minimum }, until),
        };
        Self { target, until: Timestamp::from_secs(until) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_named_like_claims_and_never_end_too_early() {
        let until = Timestamp::from_millis(1_790_000_000_001);
        for (target, json) in [
            (Target::Session("s1".into()), r#"{"sid":"s1","until":1790000001}"#),
            (Target::User { id: "u1".into(), minimum: 3 }, r#"{"sub":"u1","gen":3,"until":1790000001}"#),
        ] {
            let entry = Entry::from(Revocation { target: target.clone(), until });
            assert_eq!(serde_json::to_string(&entry).unwrap(), json);
            let read = Revocation::from(serde_json::from_str::<Entry>(json).unwrap());
            assert_eq!(read, Revocation { target, until: Timestamp::from_secs(1_790_000_001) });
        }
    }
}
