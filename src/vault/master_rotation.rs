//! The master key's file, and the database that only the right key opens.
//!
//! To replace the key, the new one is written beside the file, then the data key is wrapped anew, then the new file takes
//! the old one's place. If the program ends in between, the database opens with one of the two, and the next start finds
//! out which.

use super::{DataKey, MasterKeyFile, VaultError};
use crate::{clock::Timestamp, store::Store};

impl DataKey {
    /// Unwraps the database's data key with the key in this file, making the file, or the data key, where there is none.
    /// A rotation that was broken off is finished.
    ///
    /// # Errors
    ///
    /// [`VaultError::WrongMasterKey`] if it was wrapped by another master key, [`VaultError::MasterKey`] if the file
    /// cannot be used.
    pub async fn open_with(store: &dyn Store, file: &MasterKeyFile, now: Timestamp) -> Result<Self, VaultError> {
        let (key, just_made) = file.load_or_create()?;
        match Self::open(store, &key, now).await {
            Err(VaultError::WrongMasterKey) => {}
            opened => return opened,
        }
        for draft in file.drafts()? {
            if let Ok(opened) = Self::open(store, draft.key(), now).await {
                draft.take_the_place_of(file)?;
                tracing::info!("a rotation of the master key that was broken off is finished");
                return Ok(opened);
            }
        }
        if just_made {
            // A database that another key set up: the new file would only hide that the right one is missing.
            file.remove()?;
            return Err(VaultError::WrongMasterKey);
        }
        // The file may have been replaced since it was read.
        let (key, _) = file.load_or_create()?;
        Self::open(store, &key, now).await
    }
}

/// Replaces the master key in this file, and wraps the database's data key with the new one.
///
/// Processes that are running go on. The next start needs the new file, on this machine and on every other that has a
/// copy: of the new one then. The old key is gone from the file; copies of the database made before still need it.
///
/// # Errors
///
/// [`VaultError::WrongMasterKey`] if the key in the file does not open the database, and [`VaultError::MasterKeyChanged`]
/// if someone else was just doing the same: nothing has changed then. Where the file or the database fails, the database
/// opens with the file as it is, or with the one written beside it, which the next start finds.
///
/// ```
/// # use portcullis::{clock::{Clock, SystemClock}, store, vault::{DataKey, MasterKeyFile, rotate_master_key}};
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # #[cfg(feature = "sqlite")] {
/// # let folder = tempfile::tempdir()?;
/// # let url = format!("sqlite:{}", folder.path().join("portcullis.db").display());
/// let store = store::connect(&url).await?;
/// let file = MasterKeyFile::at(folder.path().join("master.key"));
/// rotate_master_key(store.as_ref(), &file, SystemClock.now()).await?;
/// DataKey::open_with(store.as_ref(), &file, SystemClock.now()).await?;
/// # }
/// # Ok(())
/// # }
/// ```
pub async fn rotate_master_key(store: &dyn Store, file: &MasterKeyFile, now: Timestamp) -> Result<(), VaultError> {
    DataKey::open_with(store, file, now).await?;
    let (key, _) = file.load_or_create()?;
    let draft = file.draft()?;
    match DataKey::rewrap(store, &key, draft.key(), now).await {
        Ok(()) => Ok(draft.take_the_place_of(file)?),
        // Whether the row has been written cannot be known, so the draft may be the only key to it.
        Err(error @ VaultError::Store(_)) => Err(error),
        Err(error) => {
            draft.discard()?;
            Err(error)
        }
    }
}

#[cfg(all(test, feature = "sqlite"))]
#[expect(clippy::unwrap_used, reason = "test code")]
mod tests {
    use std::{fs, path::Path, sync::Arc};

    use super::*;
    use crate::store;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    struct Place {
        store: Arc<dyn Store>,
        file: MasterKeyFile,
        folder: tempfile::TempDir,
    }

    impl Place {
        async fn set_up() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let store = store::connect(&format!("sqlite:{}/db", folder.path().display())).await.unwrap();
            let file = MasterKeyFile::at(folder.path().join("master.key"));
            DataKey::open_with(store.as_ref(), &file, NOW).await.unwrap();
            Self { store, file, folder }
        }

        async fn open(&self) -> Result<[u8; 32], VaultError> {
            let key = DataKey::open_with(self.store.as_ref(), &self.file, NOW).await?;
            Ok(*key.sealing_key().expose())
        }

        fn content(&self) -> String {
            fs::read_to_string(self.folder.path().join("master.key")).unwrap()
        }

        fn drafts(&self) -> usize {
            let is_draft = |path: &Path| path.extension().is_some_and(|extension| extension == "new");
            fs::read_dir(&self.folder).unwrap().filter(|entry| is_draft(&entry.as_ref().unwrap().path())).count()
        }
    }

    #[tokio::test]
    async fn the_data_key_stays_and_the_old_master_key_opens_nothing() {
        let place = Place::set_up().await;
        let (before, old) = (place.open().await.unwrap(), place.content());
        rotate_master_key(place.store.as_ref(), &place.file, NOW).await.unwrap();
        assert_eq!(place.open().await.unwrap(), before);
        assert_ne!(place.content(), old);
        assert_eq!(place.drafts(), 0);
        fs::write(place.folder.path().join("master.key"), old).unwrap();
        assert!(matches!(place.open().await, Err(VaultError::WrongMasterKey)));
    }

    #[tokio::test]
    async fn a_rotation_that_ends_before_the_row_is_written_has_not_happened() {
        let place = Place::set_up().await;
        let (before, old) = (place.open().await.unwrap(), place.content());
        place.file.draft().unwrap();
        assert_eq!((place.open().await.unwrap(), place.content()), (before, old));
        rotate_master_key(place.store.as_ref(), &place.file, NOW).await.unwrap();
        assert_eq!(place.open().await.unwrap(), before);
    }

    #[tokio::test]
    async fn a_rotation_that_ends_before_the_file_is_replaced_is_finished_by_the_next_start() {
        let place = Place::set_up().await;
        let (before, old) = (place.open().await.unwrap(), place.content());
        // One that got nowhere, and one cut off while it was written, are no obstacles.
        place.file.draft().unwrap();
        fs::write(place.folder.path().join("master.0123456789abcdef.new"), "AA").unwrap();
        let draft = place.file.draft().unwrap();
        let (key, _) = place.file.load_or_create().unwrap();
        DataKey::rewrap(place.store.as_ref(), &key, draft.key(), NOW).await.unwrap();

        assert_eq!(place.content(), old);
        assert_eq!(place.open().await.unwrap(), before);
        assert_ne!(place.content(), old);
        assert_eq!(place.drafts(), 2);
        assert_eq!(place.open().await.unwrap(), before);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn rotations_that_race_leave_a_database_that_opens() {
        let place = Place::set_up().await;
        let before = place.open().await.unwrap();
        let racers: Vec<_> = (0..16)
            .map(|_| {
                let (store, file) = (place.store.clone(), place.file.clone());
                tokio::spawn(async move { rotate_master_key(store.as_ref(), &file, NOW).await })
            })
            .collect();
        let mut rotated = 0;
        for racer in racers {
            match racer.await.unwrap() {
                Ok(()) => rotated += 1,
                Err(VaultError::MasterKeyChanged | VaultError::WrongMasterKey) => {}
                Err(error) => panic!("{error}"),
            }
        }
        assert!(rotated >= 1);
        assert_eq!(place.open().await.unwrap(), before);
        assert_eq!(place.drafts(), 0);
    }

    #[tokio::test]
    async fn a_key_file_made_for_a_database_of_another_key_is_removed_again() {
        let place = Place::set_up().await;
        let path = place.folder.path().join("other.key");
        let opened = DataKey::open_with(place.store.as_ref(), &MasterKeyFile::at(&path), NOW).await;
        assert!(matches!(opened, Err(VaultError::WrongMasterKey)));
        assert!(!path.exists());
    }
}
