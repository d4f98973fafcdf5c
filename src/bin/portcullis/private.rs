//! Files that only the owner of the process can read.

use std::{
    fs::{File, OpenOptions},
    io,
    path::Path,
};

/// Makes such a file. One that is there is left alone.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
