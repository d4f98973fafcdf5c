//! Pools and hashes that cost next to nothing.

use std::num::NonZeroUsize;

use portcullis::password::{Argon2Params, HashPool, HashPoolSettings, Password, PasswordHash};

pub(crate) fn cheap() -> Argon2Params {
    Argon2Params::insecure_for_tests(64, 2, 1).unwrap()
}

pub(crate) fn pool(params: Argon2Params, threads: usize, queue_per_thread: usize) -> HashPool {
    HashPool::start(HashPoolSettings {
        params,
        threads: NonZeroUsize::new(threads).unwrap(),
        queue_per_thread: NonZeroUsize::new(queue_per_thread).unwrap(),
        ..HashPoolSettings::default()
    })
    .unwrap()
}

pub(crate) fn cheap_pool() -> HashPool {
    pool(cheap(), 1, 64)
}

pub(crate) fn password(typed: &str) -> Password {
    Password::parse(typed).unwrap()
}

pub(crate) fn stored(phc: &str) -> PasswordHash {
    PasswordHash::from_stored(phc.to_owned())
}
