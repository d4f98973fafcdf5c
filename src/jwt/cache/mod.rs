//! Tokens that were found good, so that a signature is checked once and not on every request.
//!
//! What is remembered is only ever a yes, and a yes is only good while everything it rests on is as it was: the time is
//! within the token's, the keys are the same, and nothing has been revoked that covers it. In any other case the token is
//! checked as if it had never been seen, and that check says what is wrong with it.
//!
//! A look-up takes no lock. It hashes the end of the signature, which is as random as a hash, and compares the whole
//! token. Whoever could measure that comparison would have to know the end of the signature already, or it would not
//! come about: the hash has a secret key.
//!
//! Making room does take one, as the first sight of a token costs a signature check anyway. It is done by the second
//! chance rule: the oldest token goes, unless it was used since it was last considered. So tokens that are used once
//! each, however many, do not drive out those in use. Nothing unverified comes in at all.

mod table;

use std::{
    collections::VecDeque,
    hash::{BuildHasher, Hasher},
    sync::{Mutex, OnceLock, PoisonError},
};

use foldhash::fast::RandomState;

use self::table::{Put, Table};
use crate::{
    clock::Timestamp,
    principal::{Finding, Principal, Shared},
    revocation::RevocationSet,
};

/// How many characters of the end are hashed: 96 bits of signature.
const TAIL: usize = 16;
/// How many tokens are considered at most when one has to go. If all of them were used lately, the last of them goes.
const CONSIDERED: usize = 8;

/// Whom tokens are from, and what that rests on: principals with their findings.
pub(crate) struct Cache {
    /// Not there until there is something to remember.
    found: OnceLock<Table>,
    /// What is in the table, the oldest first.
    order: Mutex<VecDeque<(Shared, Timestamp)>>,
    capacity: usize,
    hashing: RandomState,
}

impl Cache {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { found: OnceLock::new(), order: Mutex::default(), capacity, hashing: RandomState::default() }
    }

    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Who the token is from, if that is known and still holds.
    pub(crate) fn find(&self, token: &[u8], now: Timestamp, keys: u64, revoked: &RevocationSet) -> Option<Principal> {
        let principal = Principal(self.found.get()?.find(self.hash(token), token)?);
        let finding = principal.finding()?;
        if !finding.holds(now, keys) || principal.is_revoked_in(revoked) {
            return None;
        }
        finding.note_use();
        Some(principal)
    }

    /// Remembers a principal by the credential that it was found by.
    pub(crate) fn insert(&self, principal: &Principal, now: Timestamp) {
        let (Some(finding), false) = (principal.finding(), self.capacity == 0) else { return };
        let shared = &principal.0;
        let mut order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        let found = self.found.get_or_init(|| Table::new(self.capacity));
        if found.put(self.hash(&shared.slice), shared) == Put::Replaced {
            return;
        }
        order.push_back((shared.clone(), finding.until()));
        for considered in 1..=CONSIDERED {
            let is_full = order.len() > self.capacity;
            let Some((token, until)) = order.pop_front_if(|(_, until)| is_full || *until <= now) else { break };
            let is_done = until <= now || considered == CONSIDERED;
            let stays = |held: &Principal| !is_done && held.finding().is_some_and(Finding::was_used);
            if !found.remove_unless(self.hash(&token.slice), &token.slice, stays) {
                order.push_back((token, until));
            }
        }
    }

    fn hash(&self, token: &[u8]) -> u64 {
        let mut hasher = self.hashing.build_hasher();
        hasher.write(token.last_chunk::<TAIL>().map_or(token, |tail| tail));
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use std::{ops::Range, thread};

    use serde_json::Map;

    use super::*;
    use crate::principal::tests::nobody;

    const ALWAYS: Range<Timestamp> = Timestamp::from_secs(0)..Timestamp::from_secs(100);

    fn insert(cache: &Cache, token: &str, id: &str, until: i64, now: i64) {
        let found = (token.as_bytes(), Finding::new(ALWAYS.start..Timestamp::from_secs(until), 7, 0));
        let principal = Principal::found(nobody(id), Map::new(), &RevocationSet::default(), None, found);
        cache.insert(&principal, Timestamp::from_secs(now));
    }

    fn len(cache: &Cache) -> usize {
        cache.found.get().map_or(0, Table::len)
    }

    fn find(cache: &Cache, token: &str, keys: u64) -> Option<String> {
        let found = cache.find(token.as_bytes(), Timestamp::from_secs(1), keys, &RevocationSet::default());
        found.map(|principal| principal.id().to_owned())
    }

    #[test]
    fn jwt_15_tokens_that_end_alike_are_told_apart() {
        let cache = Cache::new(8);
        let [one, two, three] = ["a", "b", "c"].map(|start| format!("{start}{}", "x".repeat(TAIL)));
        insert(&cache, &one, "one", 100, 0);
        insert(&cache, &two, "two", 100, 0);
        assert_eq!(find(&cache, &one, 7).as_deref(), Some("one"));
        assert_eq!(find(&cache, &two, 7).as_deref(), Some("two"));
        assert_eq!(find(&cache, &three, 7), None);
        assert_eq!(find(&cache, &one[1..], 7), None);
        assert_eq!(find(&cache, "", 7), None);
    }

    #[test]
    fn jwt_15_nothing_found_under_other_keys_counts() {
        let cache = Cache::new(8);
        insert(&cache, "token", "one", 100, 0);
        assert_eq!(find(&cache, "token", 8), None);
        assert_eq!(find(&cache, "token", 7).as_deref(), Some("one"));
    }

    #[test]
    fn jwt_15_it_never_holds_more_than_it_may() {
        for capacity in [0, 1, 2, 100] {
            let cache = Cache::new(capacity);
            for n in 0..1000 {
                insert(&cache, &format!("token {n}"), "one", 100, 0);
                find(&cache, &format!("token {}", n / 2), 7);
                let order = cache.order.lock().unwrap().len();
                assert!(len(&cache) <= order && order <= capacity, "{capacity}: {order}");
            }
        }
    }

    #[test]
    fn what_has_expired_makes_room_before_room_is_short() {
        let cache = Cache::new(100);
        for n in 0..50 {
            insert(&cache, &format!("old {n}"), "one", 10, 0);
        }
        for n in 0..10 {
            insert(&cache, &format!("new {n}"), "one", 100, 10);
        }
        assert_eq!(len(&cache), 10);
    }

    #[test]
    fn a_token_that_is_found_again_takes_no_second_place() {
        let cache = Cache::new(4);
        for _ in 0..10 {
            insert(&cache, "token", "one", 100, 0);
        }
        assert_eq!(cache.order.lock().unwrap().len(), 1);
    }

    #[test]
    fn race_whoever_looks_up_while_room_is_made_finds_the_right_one_or_none() {
        let cache = Cache::new(16);
        thread::scope(|scope| {
            for seed in 0..4 {
                let cache = &cache;
                scope.spawn(move || {
                    for turn in 0..5000 {
                        let (known, sought) = ((turn * 7 + seed) % 64, (turn * 5 + seed) % 64);
                        insert(cache, &format!("token {known}"), &known.to_string(), 100, 0);
                        let found = find(cache, &format!("token {sought}"), 7);
                        assert!(found.is_none_or(|found| found == sought.to_string()));
                    }
                });
            }
        });
        assert!(len(&cache) <= 16);
    }
}
