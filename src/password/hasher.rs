//! One thread's worth of hashing: the costs of new hashes, and the memory for one at a time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use argon2::{
    Algorithm, Argon2, KeyId, Params, Version,
    password_hash::phc::{Output, Salt},
};
use zeroize::Zeroizing;

use super::{
    Argon2Params, HashError, OwnWords, Password, PasswordHash, Pepper, Peppers, Rating, arena::Arena, phc::Phc,
    stored::Stored, strength,
};
use crate::secret::random_bytes;

const SALT_LEN: usize = 16;
const TAG_LEN: usize = 32;

/// What came of checking a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the password.
    Match {
        /// The stored hash is not what a new one would be: it costs less, or more, or is made another way. A hash
        /// that costs more counts too, because its time would tell it from that of an unknown user.
        needs_rehash: bool,
    },
    /// It is not, or there is none to match.
    NoMatch,
}

/// What a hasher has done, for those who watch from other threads.
#[derive(Debug, Default)]
pub(super) struct Meter {
    hashes: AtomicU64,
    ratings: AtomicU64,
    latest_micros: AtomicU64,
}

impl Meter {
    pub(super) fn hashes(&self) -> u64 {
        self.hashes.load(Relaxed)
    }

    pub(super) fn ratings(&self) -> u64 {
        self.ratings.load(Relaxed)
    }

    /// How long the latest hash took; zero before the first.
    pub(super) fn latest(&self) -> Duration {
        Duration::from_micros(self.latest_micros.load(Relaxed))
    }

    fn count(&self, took: Duration) {
        self.latest_micros.store(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Relaxed);
        self.hashes.fetch_add(1, Relaxed);
    }
}

/// Hashes, one after the other, in the same memory.
pub(super) struct Hasher {
    current: Argon2Params,
    peppers: Peppers,
    arena: Arena,
    meter: Arc<Meter>,
}

impl Hasher {
    pub(super) fn new(current: Argon2Params) -> Self {
        Self::metered(current, Peppers::default(), Arc::default())
    }

    pub(super) fn metered(current: Argon2Params, peppers: Peppers, meter: Arc<Meter>) -> Self {
        let arena = Arena::new(current.as_argon2().block_count());
        Self { current, peppers, arena, meter }
    }

    pub(super) fn hash(&mut self, password: &Password) -> Result<PasswordHash, HashError> {
        let salt = Salt::new(&random_bytes::<SALT_LEN>()?).map_err(|_| HashError::Abandoned)?;
        let pepper = self.peppers.current().cloned();
        let params = self.current.keyed(pepper.as_ref().map_or(KeyId::EMPTY, Pepper::id))?;
        let (algorithm, version) = (Algorithm::Argon2id, Version::V0x13);
        let argon2 = peppered(algorithm, version, params.clone(), pepper.as_ref())?;
        let tag = self.compute(&argon2, &salt, TAG_LEN, password)?;
        Phc { algorithm, version, params, salt, tag }.write().ok_or(HashError::Abandoned)
    }

    /// Computes exactly one hash, whether or not there is a stored one and whether or not it can be read.
    pub(super) fn verify(&mut self, password: &Password, stored: Option<&PasswordHash>) -> Result<Verdict, HashError> {
        match stored.map(|stored| Stored::read(stored.as_str())) {
            Some(Ok(Stored::Argon2(phc))) => match self.pepper_of(&phc) {
                Ok(pepper) => self.verify_against(&phc, pepper.as_ref(), password),
                Err(unusable) => self.hash(password).and(Err(unusable)),
            },
            #[cfg(feature = "import")]
            Some(Ok(Stored::Foreign(hash))) => Ok(self.verify_foreign(&hash, password)),
            Some(Err(unusable)) => self.hash(password).and(Err(unusable)),
            None => self.hash(password).map(|_| Verdict::NoMatch),
        }
    }

    /// Rates a password: no hash, but it may take as long as one.
    pub(super) fn rate(&mut self, password: &Password, words: &OwnWords) -> Rating {
        self.meter.ratings.fetch_add(1, Relaxed);
        strength::rate(password, words)
    }

    /// Gives the memory back until the next hash.
    pub(super) fn release_memory(&mut self) {
        self.arena.release();
    }

    fn pepper_of(&self, phc: &Phc) -> Result<Option<Pepper>, HashError> {
        match phc.params.keyid() {
            [] => Ok(None),
            id => self.peppers.with_id(id).cloned().map(Some).ok_or(HashError::UnknownPepper),
        }
    }

    fn verify_against(
        &mut self,
        phc: &Phc,
        pepper: Option<&Pepper>,
        password: &Password,
    ) -> Result<Verdict, HashError> {
        let argon2 = peppered(phc.algorithm, phc.version, phc.params.clone(), pepper)?;
        let tag = self.compute(&argon2, &phc.salt, phc.tag.len(), password)?;
        // `Output` compares in constant time.
        let is_match = tag == phc.tag;
        Ok(if is_match { Verdict::Match { needs_rehash: !self.would_make(phc) } } else { Verdict::NoMatch })
    }

    #[cfg(feature = "import")]
    fn verify_foreign(&self, hash: &super::foreign::ForeignHash, password: &Password) -> Verdict {
        let start = Instant::now();
        let is_match = hash.matches(password);
        self.meter.count(start.elapsed());
        if is_match { Verdict::Match { needs_rehash: true } } else { Verdict::NoMatch }
    }

    /// Whether a new hash would be made like this one.
    fn would_make(&self, phc: &Phc) -> bool {
        let costs = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
        (phc.algorithm, phc.version) == (Algorithm::Argon2id, Version::V0x13)
            && costs(&phc.params) == costs(self.current.as_argon2())
            && (phc.salt.len(), phc.tag.len()) == (SALT_LEN, TAG_LEN)
            && phc.params.keyid() == self.peppers.current().map(Pepper::id).unwrap_or_default().as_bytes()
    }

    fn compute(
        &mut self,
        argon2: &Argon2<'_>,
        salt: &[u8],
        tag_len: usize,
        password: &Password,
    ) -> Result<Output, HashError> {
        let start = Instant::now();
        let mut tag = Zeroizing::new(vec![0; tag_len]);
        self.arena
            .lend(argon2.params().block_count(), |blocks| {
                argon2.hash_password_into_with_memory(password.expose().as_bytes(), salt, &mut tag, blocks)
            })?
            .map_err(|_| HashError::Abandoned)?;
        self.meter.count(start.elapsed());
        Output::new(&tag).map_err(|_| HashError::Abandoned)
    }
}

fn peppered(
    algorithm: Algorithm,
    version: Version,
    params: Params,
    pepper: Option<&Pepper>,
) -> Result<Argon2<'_>, HashError> {
    match pepper {
        Some(pepper) => {
            Argon2::new_with_secret(pepper.secret(), algorithm, version, params).map_err(|_| HashError::Abandoned)
        }
        None => Ok(Argon2::new(algorithm, version, params)),
    }
}
