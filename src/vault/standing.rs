//! What each signing key does at a moment: a function of the rows and the time, so that all who read them agree.

use std::{fmt, time::Duration};

use crate::{clock::Timestamp, store::StoredKey};

/// What a signing key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyState {
    /// It is in the key set, and does not sign yet.
    Published,
    /// It signs. Exactly one key does.
    Signing,
    /// It signs no more, and tokens that it signed can still be good.
    Old,
    /// The last token that it signed has expired.
    Expired,
    /// Its tokens were declared bad.
    Retired,
}

/// A signing key, and what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyStatus {
    /// The key's id, in the header of every token it signs.
    pub kid: String,
    /// Its algorithm, by its JOSE name.
    pub algorithm: String,
    /// What it does.
    pub state: KeyState,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it begins to sign, or began to.
    pub signs_from: Timestamp,
    /// When the last token that it signed will have expired; none while it has no successor.
    pub verifies_until: Option<Timestamp>,
    /// When its tokens were declared bad.
    pub retired_at: Option<Timestamp>,
}

impl KeyState {
    /// The state's stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Signing => "signing",
            Self::Old => "old",
            Self::Expired => "expired",
            Self::Retired => "retired",
        }
    }

    /// Whether tokens that it signed, or will sign, are good.
    #[must_use]
    pub const fn is_in_use(self) -> bool {
        matches!(self, Self::Published | Self::Signing | Self::Old)
    }
}

impl fmt::Display for KeyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What each of these keys, in the order in which they were made, does at this moment, if the tokens of a key can be good
/// for as long as `outlives` after its successor began to sign.
pub(super) fn of(keys: &[StoredKey], now: Timestamp, outlives: Duration) -> Vec<KeyStatus> {
    let begun = keys.iter().rposition(|key| key.signs_from <= now && ever_signs(key)).unwrap_or(0);
    let is_good = |key: &StoredKey| key.retired_at.is_none();
    let signing = begun + keys.iter().skip(begun).position(is_good).unwrap_or(0);
    let mut succeeded_at = None::<Timestamp>;
    let mut statuses = Vec::new();
    for (place, key) in keys.iter().enumerate().rev() {
        let verifies_until = succeeded_at.map(|at| at + outlives);
        let state = match verifies_until {
            _ if !is_good(key) => KeyState::Retired,
            _ if place == signing => KeyState::Signing,
            _ if place > begun => KeyState::Published,
            Some(until) if until <= now => KeyState::Expired,
            _ => KeyState::Old,
        };
        statuses.push(KeyStatus {
            kid: key.kid.clone(),
            algorithm: key.algorithm.clone(),
            state,
            created_at: key.created_at,
            signs_from: key.signs_from,
            verifies_until,
            retired_at: key.retired_at,
        });
        if ever_signs(key) {
            succeeded_at = Some(succeeded_at.map_or(key.signs_from, |at| at.min(key.signs_from)));
        }
    }
    statuses.reverse();
    statuses
}

/// A key that is retired before its moment comes is nobody's successor.
fn ever_signs(key: &StoredKey) -> bool {
    key.retired_at.is_none_or(|retired_at| key.signs_from < retired_at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{KeyState::*, *};
    use crate::secret::Sealed;

    const OUTLIVES: Duration = Duration::from_secs(100);

    fn key(signs_from: i64, retired_at: Option<i64>) -> StoredKey {
        StoredKey {
            kid: format!("{signs_from}"),
            algorithm: "ES256".to_owned(),
            sealed: Sealed::from_stored(Vec::new()),
            created_at: Timestamp::from_secs(0),
            signs_from: Timestamp::from_secs(signs_from),
            retired_at: retired_at.map(Timestamp::from_secs),
        }
    }

    fn states(keys: &[(i64, Option<i64>)], now: i64) -> Vec<KeyState> {
        let keys: Vec<_> = keys.iter().map(|(signs_from, retired_at)| key(*signs_from, *retired_at)).collect();
        of(&keys, Timestamp::from_secs(now), OUTLIVES).into_iter().map(|status| status.state).collect()
    }

    #[test]
    fn jwt_14_a_key_is_published_then_signs_then_verifies_then_is_gone() {
        let keys = [(0, None), (10, None), (20, None)];
        assert_eq!(states(&keys, 0), [Signing, Published, Published]);
        assert_eq!(states(&keys, 9), [Signing, Published, Published]);
        assert_eq!(states(&keys, 10), [Old, Signing, Published]);
        assert_eq!(states(&keys, 20), [Old, Old, Signing]);
        assert_eq!(states(&keys, 109), [Old, Old, Signing]);
        assert_eq!(states(&keys, 110), [Expired, Old, Signing]);
        assert_eq!(states(&keys, 120), [Expired, Expired, Signing]);
    }

    #[test]
    fn jwt_14_a_key_made_to_sign_at_once_takes_the_turn_of_the_one_that_waits() {
        let keys = [(0, None), (10, None), (5, None)];
        assert_eq!(states(&keys, 5), [Old, Old, Signing]);
        assert_eq!(states(&keys, 10), [Old, Old, Signing]);
        assert_eq!(states(&keys, 105), [Expired, Expired, Signing]);
    }

    #[test]
    fn jwt_14_a_key_retired_before_its_moment_changes_nothing_for_the_others() {
        let keys = [(0, None), (10, Some(5))];
        for now in [0, 5, 10, 1000] {
            assert_eq!(states(&keys, now), [Signing, Retired]);
        }
        assert_eq!(states(&[(0, None), (10, Some(11)), (11, None)], 200), [Expired, Retired, Signing]);
    }

    #[test]
    fn where_the_clock_is_behind_the_next_key_signs_early_rather_than_none() {
        assert_eq!(states(&[(5, None)], 0), [Signing]);
        assert_eq!(states(&[(0, Some(11)), (10, None)], 9), [Retired, Signing]);
        assert_eq!(states(&[(0, None), (5, Some(11)), (10, None)], 9), [Old, Retired, Signing]);
    }

    proptest! {
        /// What retiring keeps from happening is left out: that every key from the last that has begun on is retired.
        #[test]
        fn jwt_14_exactly_one_key_signs_at_any_moment(
            keys in prop::collection::vec((0_i64..50, prop::option::of(0_i64..50)), 0..8),
            last in 0_i64..50,
            now in -10_i64..300,
        ) {
            let keys: Vec<_> = keys.into_iter().chain([(last, None)]).collect();
            let states = states(&keys, now);
            prop_assert_eq!(states.iter().filter(|state| **state == Signing).count(), 1);
        }

        #[test]
        fn jwt_14_no_key_stops_verifying_before_its_last_token_has_expired(
            begins in prop::collection::vec(0_i64..50, 1..8),
            signed_at in 0_i64..60,
            later in 0_i64..100,
        ) {
            let keys: Vec<_> = begins.into_iter().map(|signs_from| (signs_from, None)).collect();
            let signer = states(&keys, signed_at).iter().position(|state| *state == Signing).unwrap();
            prop_assert!(states(&keys, signed_at + later)[signer].is_in_use());
        }
    }
}
