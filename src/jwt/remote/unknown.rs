//! Key ids that were looked for and not found.

use std::{collections::HashSet, mem, time::Duration};

use crate::clock::Timestamp;

/// How long an id is remembered, at least, unless many others come after it.
const MEMORY: Duration = Duration::from_mins(5);
/// How many ids each half holds. An id has at most 256 bytes, so that both together hold at most a quarter of a MiB.
const HALF: usize = 512;

/// Remembers ids for a while, a bounded number of them.
///
/// There are two halves. When the young one is full or old it becomes the old one, and the old one is forgotten.
#[derive(Debug, Default)]
pub(super) struct UnknownKids {
    young: HashSet<String>,
    old: HashSet<String>,
    turned_at: Option<Timestamp>,
}

impl UnknownKids {
    pub(super) fn insert(&mut self, kid: String, now: Timestamp) {
        self.turn(now);
        if self.young.len() >= HALF {
            self.old = mem::take(&mut self.young);
            self.turned_at = Some(now);
        }
        self.young.insert(kid);
    }

    pub(super) fn contains(&mut self, kid: &str, now: Timestamp) -> bool {
        self.turn(now);
        self.young.contains(kid) || self.old.contains(kid)
    }

    fn turn(&mut self, now: Timestamp) {
        let age = now.since(*self.turned_at.get_or_insert(now));
        if age >= MEMORY {
            let young = mem::take(&mut self.young);
            self.old = if age >= MEMORY * 2 { HashSet::new() } else { young };
            self.turned_at = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_remembered_for_five_minutes_and_forgotten_after_ten() {
        let at = Timestamp::from_secs;
        let mut kids = UnknownKids::default();
        kids.insert("a".into(), at(0));
        assert!(kids.contains("a", at(299)));
        assert!(kids.contains("a", at(300)));
        assert!(!kids.contains("b", at(300)));
        assert!(!kids.contains("a", at(600)));
    }

    #[test]
    fn an_id_is_forgotten_after_a_long_silence() {
        let mut kids = UnknownKids::default();
        kids.insert("a".into(), Timestamp::from_secs(0));
        assert!(!kids.contains("a", Timestamp::from_secs(601)));
    }

    #[test]
    fn however_many_come_few_are_held_and_the_latest_are_among_them() {
        let now = Timestamp::from_secs(0);
        let mut kids = UnknownKids::default();
        for number in 0..100_000 {
            kids.insert(number.to_string(), now);
            assert!(kids.young.len() + kids.old.len() <= 2 * HALF);
        }
        assert!(kids.contains("99999", now));
        assert!(!kids.contains("0", now));
    }
}
