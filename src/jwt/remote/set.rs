//! The keys that were fetched last.

use bytes::Bytes;

use super::load::{LoadedKeys, Validator};
use crate::{clock::Timestamp, jwt::VerifyingKey};

/// One state of the keys. It never changes; another one takes its place.
pub(super) struct KeySet {
    /// None until keys were fetched for the first time.
    keys: Option<LoadedKeys>,
    generation: u64,
    good_until: Timestamp,
}

impl KeySet {
    /// What is known before anything was fetched.
    pub(super) fn none(now: Timestamp) -> Self {
        Self { keys: None, generation: 0, good_until: now }
    }

    /// The next state: with these keys, or with the same ones confirmed.
    pub(super) fn next(&self, keys: Option<LoadedKeys>, good_until: Timestamp) -> Self {
        match keys {
            Some(keys) => Self { keys: Some(keys), generation: self.generation.wrapping_add(1), good_until },
            None => Self { keys: self.keys.clone(), generation: self.generation, good_until },
        }
    }

    pub(super) fn is_usable(&self, now: Timestamp) -> bool {
        self.keys.is_some() && now < self.good_until
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    pub(super) fn find(&self, kid: Option<&str>) -> Option<&VerifyingKey> {
        self.keys.as_ref()?.ring.find(kid)
    }

    pub(super) fn find_by_header(&self, is_its: impl Fn(&VerifyingKey) -> bool) -> Option<&VerifyingKey> {
        self.keys.as_ref()?.ring.find_by_header(is_its)
    }

    /// Whether these keys came out of this very document.
    pub(super) fn is(&self, document: &Bytes) -> bool {
        self.keys.as_ref().is_some_and(|keys| keys.document == document)
    }

    pub(super) fn validator(&self) -> Option<&Validator> {
        self.keys.as_ref()?.validator.as_ref()
    }
}
