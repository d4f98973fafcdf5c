//! The master key's file: made once, readable by its owner alone, and never half written.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use crate::secret::{RandomUnavailable, SealingKey, random_bytes};

/// The file that holds the master key: 32 bytes in base64 on one line.
#[derive(Clone, Debug)]
pub struct MasterKeyFile {
    path: PathBuf,
}

/// A new key in a file of its own, about to take the place of a [`MasterKeyFile`].
pub(super) struct Draft {
    path: PathBuf,
    key: SealingKey,
}

/// How the names of drafts end.
const DRAFT: &str = "new";

/// Why the master key could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MasterKeyError {
    /// The file could not be read or written.
    #[error("the master key file {} cannot be used: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// The file holds something else.
    #[error("the master key file {} does not hold 32 bytes in base64", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// Others than its owner may read or write the file.
    #[error("the master key file {} is open to others than its owner; set its mode to 0600", .path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
    },
    /// There is no randomness to be had.
    #[error(transparent)]
    Random(#[from] RandomUnavailable),
}

impl MasterKeyFile {
    /// The file at this path. Nothing is read yet.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Reads the key, making the file with a new one if there is none; the flag says whether it was made.
    ///
    /// The file appears whole or not at all, and of any number of processes that make it at once, one does.
    ///
    /// # Errors
    ///
    /// [`MasterKeyError`], which names the file.
    pub fn load_or_create(&self) -> Result<(SealingKey, bool), MasterKeyError> {
        if let Some(key) = self.load()? {
            return Ok((key, false));
        }
        let made = self.create().map_err(|source| self.file_error(source))?;
        let key = self.load()?.ok_or_else(|| self.file_error(io::ErrorKind::NotFound.into()))?;
        Ok((key, made))
    }

    /// Removes a file that was just made and turned out not to be wanted.
    ///
    /// # Errors
    ///
    /// [`MasterKeyError::File`] if it cannot be removed.
    pub fn remove(&self) -> Result<(), MasterKeyError> {
        fs::remove_file(&self.path).map_err(|source| self.file_error(source))
    }

    fn load(&self) -> Result<Option<SealingKey>, MasterKeyError> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => Zeroizing::new(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(self.file_error(source)),
        };
        if is_exposed(&self.path).map_err(|source| self.file_error(source))? {
            return Err(MasterKeyError::Exposed { path: self.path.clone() });
        }
        let bytes = STANDARD.decode(text.trim_ascii()).map(Zeroizing::new).ok();
        let key = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok());
        key.map(|key| Some(SealingKey::from_bytes(key)))
            .ok_or_else(|| MasterKeyError::Malformed { path: self.path.clone() })
    }

    /// Writes a new key beside its place and links it there, which fails if another process was faster.
    fn create(&self) -> io::Result<bool> {
        let draft = self.write_draft()?;
        let linked = fs::hard_link(&draft.path, &self.path);
        fs::remove_file(&draft.path)?;
        match linked {
            Ok(()) => sync_folder_of(&self.path).map(|()| true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Writes a new key beside the file, under a name that no other has.
    pub(super) fn draft(&self) -> Result<Draft, MasterKeyError> {
        let written = self.write_draft().and_then(|draft| sync_folder_of(&draft.path).map(|()| draft));
        written.map_err(|source| self.file_error(source))
    }

    /// The whole keys beside the file that have not taken its place.
    pub(super) fn drafts(&self) -> Result<Vec<Draft>, MasterKeyError> {
        let entries = fs::read_dir(folder_of(&self.path)).map_err(|source| self.file_error(source))?;
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| self.is_draft(path));
        let whole = |path: PathBuf| Some(Draft { key: Self::at(&path).load().ok()??, path });
        Ok(paths.filter_map(whole).collect())
    }

    fn write_draft(&self) -> io::Result<Draft> {
        let key = SealingKey::generate().map_err(io::Error::other)?;
        let suffix = u64::from_le_bytes(random_bytes().map_err(io::Error::other)?);
        let path = self.path.with_extension(format!("{suffix:016x}.{DRAFT}"));
        let text = Zeroizing::new(STANDARD.encode(key.expose()) + "\n");
        write_private(&path, text.as_bytes())?;
        Ok(Draft { path, key })
    }

    fn is_draft(&self, path: &Path) -> bool {
        // The name of a draft has two more extensions than the stem: the suffix and the mark.
        path.extension().is_some_and(|mark| mark == DRAFT)
            && path.file_stem().map(Path::new).and_then(Path::file_stem) == self.path.file_stem()
    }

    fn file_error(&self, source: io::Error) -> MasterKeyError {
        MasterKeyError::File { path: self.path.clone(), source }
    }
}

impl Draft {
    pub(super) fn key(&self) -> &SealingKey {
        &self.key
    }

    /// Replaces the file, which is the one or the other key at any moment.
    pub(super) fn take_the_place_of(self, file: &MasterKeyFile) -> Result<(), MasterKeyError> {
        let moved = match fs::rename(&self.path, &file.path) {
            // Another process that found the draft has done it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            moved => moved,
        };
        moved.and_then(|()| sync_folder_of(&file.path)).map_err(|source| file.file_error(source))
    }

    pub(super) fn discard(self) -> Result<(), MasterKeyError> {
        MasterKeyFile { path: self.path }.remove()
    }
}

fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// A new file survives a crash only once its folder has been written too.
fn sync_folder_of(path: &Path) -> io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whether others than its owner may read or write a file.
#[cfg(unix)]
pub(crate) fn is_exposed(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::metadata(path)?.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
pub(crate) fn is_exposed(_: &Path) -> io::Result<bool> {
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_a_race_the_file_is_made_once_private_and_whole() {
        let folder = tempfile::tempdir().unwrap();
        let file = MasterKeyFile::at(folder.path().join("master.key"));
        let outcomes = std::thread::scope(|scope| {
            let racers: Vec<_> = (0..16).map(|_| scope.spawn(|| file.load_or_create().unwrap())).collect();
            racers.into_iter().map(|racer| racer.join().unwrap()).collect::<Vec<_>>()
        });
        assert_eq!(outcomes.iter().filter(|(_, made)| *made).count(), 1);
        assert!(outcomes.iter().all(|(key, _)| key.expose() == outcomes[0].0.expose()));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        #[cfg(unix)]
        assert!(!is_exposed(&file.path).unwrap());
    }

    #[test]
    fn what_is_not_a_key_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        for content in ["", "short", "AAAA", "!!!"] {
            let _ = fs::remove_file(&path);
            write_private(&path, content.as_bytes()).unwrap();
            let error = MasterKeyFile::at(&path).load_or_create().unwrap_err();
            assert!(matches!(error, MasterKeyError::Malformed { .. }));
            assert!(error.to_string().contains("master.key"));
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let file = MasterKeyFile::at(folder.path().join("master.key"));
        file.load_or_create().unwrap();
        fs::set_permissions(&file.path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(file.load_or_create().unwrap_err(), MasterKeyError::Exposed { .. }));
    }
}
