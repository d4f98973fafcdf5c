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

use std::{
    collections::VecDeque,
    hash::{Hash, Hasher},
    ops::Range,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
};

use foldhash::fast::RandomState;
use papaya::{Equivalent, HashMap};

use crate::{clock::Timestamp, principal::Principal, revocation::RevocationSet};

/// How many characters of the end are hashed: 96 bits of signature.
const TAIL: usize = 16;
/// How many tokens are considered at most when one has to go. If all of them were used lately, the last of them goes.
const CONSIDERED: usize = 8;

pub(crate) struct Cache {
    found: HashMap<Token, Finding, RandomState>,
    /// What is in the map, the oldest first.
    order: Mutex<VecDeque<(Token, Timestamp)>>,
    capacity: usize,
}

/// Who a token is from, and what that rests on.
pub(crate) struct Finding {
    principal: Principal,
    generation: Option<i64>,
    good: Range<Timestamp>,
    keys: u64,
    epoch: AtomicU64,
    used: AtomicBool,
}

impl Cache {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { found: HashMap::with_hasher(RandomState::default()), order: Mutex::default(), capacity }
    }

    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Who the token is from, if that is known and still holds.
    pub(crate) fn find(&self, token: &[u8], now: Timestamp, keys: u64, revoked: &RevocationSet) -> Option<Principal> {
        let found = self.found.pin();
        let finding = found.get(&Sought(token))?;
        finding.principal.fetch();
        if finding.keys != keys || !finding.good.contains(&now) || finding.is_revoked(revoked) {
            return None;
        }
        // Only the first time, so that a token in use is not written to by every thread that uses it.
        if !finding.used.load(Relaxed) {
            finding.used.store(true, Relaxed);
        }
        Some(finding.principal.clone())
    }

    pub(crate) fn insert(&self, token: &str, now: Timestamp, finding: Finding) {
        if self.capacity == 0 {
            return;
        }
        let found = self.found.pin();
        let token = Token(token.into());
        let until = finding.good.end;
        if found.insert(token.clone(), finding).is_some() {
            return;
        }
        let mut order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        order.push_back((token, until));
        for considered in 1..=CONSIDERED {
            let is_full = order.len() > self.capacity;
            let Some((token, until)) = order.pop_front_if(|(_, until)| is_full || *until <= now) else { break };
            let is_done = until <= now || considered == CONSIDERED;
            if found.remove_if(&token, |_, finding| is_done || !finding.used.swap(false, Relaxed)).is_err() {
                order.push_back((token, until));
            }
        }
    }
}

impl Finding {
    /// `generation` is the token's `gen`, `good` the time in which it is good, `keys` the generation of the ring that it
    /// was verified under, `epoch` one in which it was not revoked.
    pub(crate) fn new(
        principal: Principal,
        generation: Option<i64>,
        good: Range<Timestamp>,
        keys: u64,
        epoch: u64,
    ) -> Self {
        Self { principal, generation, good, keys, epoch: epoch.into(), used: AtomicBool::new(false) }
    }

    /// Asks only when something has been revoked since it asked last.
    fn is_revoked(&self, revoked: &RevocationSet) -> bool {
        let epoch = revoked.epoch();
        if self.epoch.load(Relaxed) == epoch {
            return false;
        }
        let covered = revoked.covers(self.principal.id(), self.principal.revoked_as(), self.generation);
        if !covered {
            self.epoch.store(epoch, Relaxed);
        }
        covered
    }
}

/// A token that is remembered.
#[derive(Clone, PartialEq, Eq)]
struct Token(Arc<str>);

/// A token that is looked for.
struct Sought<'t>(&'t [u8]);

impl Hash for Token {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Sought(self.0.as_bytes()).hash(state);
    }
}

impl Hash for Sought<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.0.last_chunk::<TAIL>().map_or(self.0, |tail| tail));
    }
}

impl Equivalent<Token> for Sought<'_> {
    fn equivalent(&self, token: &Token) -> bool {
        self.0 == token.0.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::principal::{CredentialKind, Identity, Scopes};

    const ALWAYS: Range<Timestamp> = Timestamp::from_secs(0)..Timestamp::from_secs(100);

    fn principal(id: &str) -> Principal {
        Principal::new(Identity {
            id: id.into(),
            name: None,
            email: None,
            scopes: Scopes::default(),
            roles: Vec::new(),
            session: None,
            amr: Vec::new(),
            acr: None,
            auth_time: None,
            expires_at: ALWAYS.end,
            credential: CredentialKind::AccessToken,
        })
    }

    fn insert(cache: &Cache, token: &str, id: &str, until: i64, now: i64) {
        let good = ALWAYS.start..Timestamp::from_secs(until);
        cache.insert(token, Timestamp::from_secs(now), Finding::new(principal(id), None, good, 7, 0));
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
                assert!(cache.found.len() <= capacity && order == cache.found.len(), "{capacity}: {order}");
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
        assert_eq!(cache.found.len(), 10);
    }

    #[test]
    fn a_token_that_is_found_again_takes_no_second_place() {
        let cache = Cache::new(4);
        for _ in 0..10 {
            insert(&cache, "token", "one", 100, 0);
        }
        assert_eq!(cache.order.lock().unwrap().len(), 1);
    }
}
