//! Mails as files, for trying things out and for programs that pick them up.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use async_trait::async_trait;

use super::{Message, SendError, Transport};

/// Writes each mail into a folder, as one `.eml` file whose name sorts by time.
///
/// The folder is made, for its owner alone (0700), when the first mail is written. A file is readable by its owner
/// alone (0600), since it may hold a link that opens an account, and appears whole or not at all.
#[derive(Clone, Debug)]
pub struct FileTransport {
    folder: PathBuf,
}

impl FileTransport {
    /// Into this folder.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }
}

#[async_trait]
impl Transport for FileTransport {
    async fn send(&self, message: &Message) -> Result<(), SendError> {
        let (folder, name, bytes) = (self.folder.clone(), message.file_name(), message.to_bytes());
        let written = tokio::task::spawn_blocking(move || write(&folder, &name, &bytes)).await;
        let error = match written {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        Err(SendError::Temporary(format!("{} cannot be written to: {error}", self.folder.display())))
    }
}

/// Written beside its place under a name that is no mail's, then put there.
fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    builder.create(folder)?;
    let draft = folder.join(format!(".{name}.new"));
    let mut file = options.open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&draft, folder.join(name))?;
    sync(folder)
}

/// Makes the new name outlive a power cut.
#[cfg(unix)]
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync(_: &Path) -> io::Result<()> {
    Ok(())
}
