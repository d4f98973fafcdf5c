//! Where tokens are remembered: in buckets of seven, each of them one line of the processor's caches.
//!
//! A token has two buckets where it may be: the second one counts once the first holds as many as it is meant to, so
//! that they fill up alike and next to none is ever full. Most are in the first. So a look-up meets two pieces of
//! memory that it has to wait for if they have not been used lately: the bucket, in which a byte of each token's hash
//! tells which of them it can be, and the token itself, with all that is known of it.
//!
//! Whoever looks up takes no lock. Whoever changes anything holds one, which is the cache's.

use std::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Release},
};

use arc_swap::{ArcSwapAny, Guard};

use crate::principal::{Finding, Principal, Shared};

const WAYS: usize = 7;
/// How many tokens a bucket holds on average when the table holds as many as it may.
const MEANT_PER_BUCKET: usize = 4;

type Way = ArcSwapAny<Option<Shared>>;

pub(super) struct Table {
    buckets: Box<[Bucket]>,
}

#[derive(Default)]
#[repr(align(64))]
struct Bucket {
    /// A byte for each way, zero where it is free. The last byte is not used.
    tags: AtomicU64,
    ways: [Way; WAYS],
}

/// What becomes of a principal that is put into the table.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Put {
    Added,
    /// It took the place of one with the same credential.
    Replaced,
}

impl Table {
    /// One that is made for so many tokens.
    pub(super) fn new(capacity: usize) -> Self {
        let count = capacity.div_ceil(MEANT_PER_BUCKET).next_power_of_two();
        Self { buckets: (0..count).map(|_| Bucket::default()).collect() }
    }

    pub(super) fn find(&self, hash: u64, token: &[u8]) -> Option<Shared> {
        let tag = tag(hash);
        self.places(hash).find_map(|bucket| bucket.find(tag, token)).and_then(|(_, held)| Guard::into_inner(held))
    }

    /// Where both buckets of a token are full, one that was not used lately has to go.
    pub(super) fn put(&self, hash: u64, token: &Shared) -> Put {
        let tag = tag(hash);
        let own = self.places(hash).find_map(|bucket| Some((bucket, bucket.find(tag, &token.slice)?.0)));
        let free = || {
            let emptier = self.places(hash).min_by_key(|bucket| bucket.len().max(MEANT_PER_BUCKET))?;
            Some((emptier, emptier.free_lanes().next()?))
        };
        let unused = || self.places(hash).find_map(|bucket| Some((bucket, bucket.unused_lane()?)));
        let any = || Some((self.places(hash).next()?, 0));
        let put = if own.is_some() { Put::Replaced } else { Put::Added };
        if let Some((bucket, lane)) = own.or_else(free).or_else(unused).or_else(any) {
            bucket.set(lane, tag, Some(token.clone()));
        }
        put
    }

    /// Takes the token out, unless it is to stay. Whether it is out.
    pub(super) fn remove_unless(&self, hash: u64, token: &[u8], stays: impl FnOnce(&Principal) -> bool) -> bool {
        let tag = tag(hash);
        for bucket in self.places(hash) {
            if let Some((lane, held)) = bucket.find(tag, token) {
                if Guard::into_inner(held).map(Principal).is_some_and(|principal| stays(&principal)) {
                    return false;
                }
                bucket.set(lane, 0, None);
                return true;
            }
        }
        true
    }

    /// The two buckets where a token with this hash may be.
    fn places(&self, hash: u64) -> impl Iterator<Item = &Bucket> {
        let mask = self.buckets.len() - 1;
        [hash, hash >> 28].into_iter().filter_map(move |hash| {
            #[expect(clippy::cast_possible_truncation, reason = "the mask leaves fewer bits than any target has")]
            self.buckets.get(hash as usize & mask)
        })
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.buckets.iter().flat_map(|bucket| &bucket.ways).filter(|way| way.load().is_some()).count()
    }
}

impl Bucket {
    fn find(&self, tag: u8, token: &[u8]) -> Option<(usize, Guard<Option<Shared>>)> {
        lanes(self.tags.load(Acquire), tag).find_map(|lane| {
            let held = self.ways.get(lane)?.load();
            let is_it = held.as_ref().is_some_and(|held| held.slice == *token);
            is_it.then_some((lane, held))
        })
    }

    fn len(&self) -> usize {
        WAYS - self.free_lanes().count()
    }

    fn free_lanes(&self) -> impl Iterator<Item = usize> {
        lanes(self.tags.load(Acquire), 0).filter(|lane| *lane < WAYS)
    }

    fn unused_lane(&self) -> Option<usize> {
        let was_used = |way: &Way| {
            way.load_full().map(Principal).is_some_and(|held| held.finding().is_some_and(Finding::was_used))
        };
        self.ways.iter().position(|way| !was_used(way))
    }

    /// Whoever finds the tag first finds the token, and whoever does not is told nothing wrong.
    fn set(&self, lane: usize, tag: u8, token: Option<Shared>) {
        let Some(way) = self.ways.get(lane) else { return };
        way.store(token);
        let mut tags = self.tags.load(Acquire).to_le_bytes();
        if let Some(own) = tags.get_mut(lane) {
            *own = tag;
        }
        self.tags.store(u64::from_le_bytes(tags), Release);
    }
}

/// Never zero, which stands for none. The bits that choose the buckets are others.
fn tag(hash: u64) -> u8 {
    let [.., tag] = hash.to_le_bytes();
    tag.max(1)
}

/// Where this tag is.
fn lanes(tags: u64, tag: u8) -> impl Iterator<Item = usize> {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let other = tags ^ u64::from_le_bytes([tag; 8]);
    // The highest bit of each byte that is zero, which is where the tag was.
    let mut found = !(((other & LOW) + LOW) | other | LOW);
    std::iter::from_fn(move || {
        let lane = found.trailing_zeros() as usize / 8;
        found &= found.checked_sub(1)?;
        Some(lane)
    })
}

#[cfg(test)]
mod tests {
    use foldhash::quality::RandomState;
    use proptest::prelude::*;
    use std::hash::BuildHasher;

    use super::*;
    use crate::principal::tests::remembered;

    proptest! {
        #[test]
        fn the_lanes_of_a_tag_are_all_that_have_it(tags in any::<[u8; 8]>(), tag in 0..4_u8, mask in any::<u8>()) {
            let tags = tags.map(|tag| tag & mask);
            let expected: Vec<_> = (0..8).filter(|lane| tags[*lane] == tag).collect();
            prop_assert_eq!(lanes(u64::from_le_bytes(tags), tag).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn a_table_holds_nearly_all_that_it_is_made_for() {
        let (table, hashing) = (Table::new(4096), RandomState::default());
        let tokens: Vec<_> = (0..4096).map(|number| format!("token {number}")).collect();
        for (number, token) in tokens.iter().enumerate() {
            table.put(hashing.hash_one(token), &remembered(token).0);
            if number == 3000 {
                assert!(table.len() >= 2990, "{}", table.len());
            }
        }
        assert!(table.len() >= 3900, "{}", table.len());
        let found = tokens.iter().filter(|token| table.find(hashing.hash_one(token), token.as_bytes()).is_some());
        assert_eq!(found.count(), table.len());
        let stays = |_: &Principal| false;
        assert!(tokens.iter().all(|token| table.remove_unless(hashing.hash_one(token), token.as_bytes(), stays)));
        assert_eq!(table.len(), 0);
    }

    #[test]
    fn where_all_places_are_taken_the_one_goes_that_was_not_used() {
        let table = Table::new(1);
        let tokens: Vec<_> = (0..=WAYS).map(|number| remembered(&format!("token {number}"))).collect();
        for token in &tokens {
            table.put(0, &token.0);
            if token.0.slice != *b"token 3" {
                token.finding().unwrap().note_use();
            }
        }
        assert_eq!(table.len(), WAYS);
        assert!(table.find(0, b"token 3").is_none());
        assert!(table.find(0, b"token 7").is_some());
    }
}
