//! The secrets of the service itself: the master key, the data key it wraps, and the signing keys sealed under that.
//!
//! The master key lives outside the database, everything else inside it, so that a stolen copy of either is worthless.

mod master_key;

use zeroize::Zeroizing;

pub use self::master_key::{MasterKeyError, MasterKeyFile};
use crate::{
    clock::Timestamp,
    jwt::{Algorithm, KeyError, KeyRing, SigningKey},
    secret::{KeyedHash, RandomUnavailable, SealBroken, Sealed, SealingKey},
    store::{Store, StoreError, StoredKey},
};

/// Where the data key is sealed for.
const DATA_KEY: &str = "data-key";

/// Why the keys could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// The database's data key was wrapped by another master key.
    #[error("the master key does not open this database; use the one that it was set up with")]
    WrongMasterKey,
    /// A signing key in the database is damaged.
    #[error("the signing key `{kid}` in the database is damaged")]
    Damaged {
        /// The key's id.
        kid: String,
    },
    /// The keys do not make a key ring.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no randomness to be had.
    #[error(transparent)]
    Random(#[from] RandomUnavailable),
}

/// The key that seals secrets inside the database.
#[derive(Clone, Debug)]
pub struct DataKey(SealingKey);

impl DataKey {
    /// Unwraps the database's data key, making one first where there is none.
    ///
    /// # Errors
    ///
    /// [`VaultError::WrongMasterKey`] if it was wrapped by another master key.
    pub async fn open(store: &dyn Store, master: &SealingKey, now: Timestamp) -> Result<Self, VaultError> {
        let offered = master.seal(DATA_KEY, SealingKey::generate()?.expose())?;
        let wrapped = store.data_key(&offered, now).await?;
        let bytes = master.open(DATA_KEY, &wrapped).map_err(|SealBroken| VaultError::WrongMasterKey)?;
        let bytes = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| VaultError::WrongMasterKey)?;
        Ok(Self(SealingKey::from_bytes(bytes)))
    }

    /// A key for hashing, this database's own for `purpose`: the same in every process that shares the database.
    #[must_use]
    pub fn keyed_hash(&self, purpose: &str) -> KeyedHash {
        self.0.keyed_hash(purpose)
    }

    /// Seals a secret of this database's for `place`: see [`SealingKey::seal`].
    pub(crate) fn seal(&self, place: &str, plain: &[u8]) -> Result<Sealed, RandomUnavailable> {
        self.0.seal(place, plain)
    }

    /// Opens what [`seal`](Self::seal) made for the same place.
    pub(crate) fn unseal(&self, place: &str, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, SealBroken> {
        self.0.open(place, sealed)
    }

    /// Opens the database's signing keys, making one of this algorithm first where there is none.
    ///
    /// # Errors
    ///
    /// [`VaultError`] if one is damaged, or the database fails.
    pub async fn key_ring(
        &self,
        store: &dyn Store,
        algorithm: Algorithm,
        now: Timestamp,
    ) -> Result<KeyRing, VaultError> {
        let stored = store.signing_keys(&self.new_signing_key(algorithm, now)?).await?;
        let keys = stored.iter().map(|key| self.open_signing_key(key)).collect::<Result<Vec<_>, _>>()?;
        Ok(KeyRing::new(keys)?)
    }

    fn new_signing_key(&self, algorithm: Algorithm, now: Timestamp) -> Result<StoredKey, VaultError> {
        let key = SigningKey::generate(algorithm)?;
        Ok(StoredKey {
            kid: key.kid().to_owned(),
            algorithm: algorithm.as_str().to_owned(),
            sealed: self.0.seal(&place_of(key.kid()), &key.export())?,
            created_at: now,
        })
    }

    fn open_signing_key(&self, stored: &StoredKey) -> Result<SigningKey, VaultError> {
        let damaged = || VaultError::Damaged { kid: stored.kid.clone() };
        let algorithm = Algorithm::parse(&stored.algorithm).ok_or_else(damaged)?;
        let bytes = self.0.open(&place_of(&stored.kid), &stored.sealed).map_err(|SealBroken| damaged())?;
        SigningKey::import(algorithm, &stored.kid, &bytes).map_err(|_| damaged())
    }
}

fn place_of(kid: &str) -> String {
    format!("signing-key/{kid}")
}
