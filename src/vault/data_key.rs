//! The key that seals every other secret in the database, and is itself wrapped by the master key.

use zeroize::Zeroizing;

use super::VaultError;
use crate::{
    audit::{Event, EventKind},
    clock::Timestamp,
    secret::{KeyedHash, RandomUnavailable, SealBroken, Sealed, SealingKey},
    session::Device,
    store::Store,
};

/// Where the data key is sealed for.
const PLACE: &str = "data-key";

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
        Ok(Self::unwrapped(store, master, now).await?.0)
    }

    /// Wraps the database's data key under another master key. Whatever is sealed under the data key stays as it is.
    ///
    /// This is for a master key that is kept in some other place than a file; for that, [`rotate_master_key`] is there.
    /// Keep the new key before you call this: from then on nothing else opens the database.
    ///
    /// # Errors
    ///
    /// [`VaultError::WrongMasterKey`] if it was wrapped by another one than `from`, [`VaultError::MasterKeyChanged`] if
    /// someone else was just doing the same. Where the database fails it may have been rewrapped or not: one of the two
    /// keys opens it.
    ///
    /// [`rotate_master_key`]: super::rotate_master_key
    pub async fn rewrap(
        store: &dyn Store,
        from: &SealingKey,
        to: &SealingKey,
        now: Timestamp,
    ) -> Result<(), VaultError> {
        let (Self(key), wrapped) = Self::unwrapped(store, from, now).await?;
        let rewrapped = to.seal(PLACE, key.expose())?;
        let event = Event::new(EventKind::MasterKeyRotated, now, &Device::default());
        let is_done = store.rewrap_data_key(&wrapped, &rewrapped, &event).await?;
        if is_done { Ok(()) } else { Err(VaultError::MasterKeyChanged) }
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

    pub(super) fn sealing_key(&self) -> &SealingKey {
        &self.0
    }

    async fn unwrapped(store: &dyn Store, master: &SealingKey, now: Timestamp) -> Result<(Self, Sealed), VaultError> {
        let offered = master.seal(PLACE, SealingKey::generate()?.expose())?;
        let wrapped = store.data_key(&offered, now).await?;
        let bytes = master.open(PLACE, &wrapped).map_err(|SealBroken| VaultError::WrongMasterKey)?;
        let bytes = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| VaultError::WrongMasterKey)?;
        Ok((Self(SealingKey::from_bytes(bytes)), wrapped))
    }
}
