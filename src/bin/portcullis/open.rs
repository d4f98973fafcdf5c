//! Opening the accounts that the settings name.

use std::{fs::DirBuilder, io, path::Path};

use portcullis::{BuildError, Portcullis};

use crate::settings::Settings;

/// Why the accounts could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("the data folder {path} cannot be made")]
    DataDir { path: String, source: io::Error },
    #[error(transparent)]
    Build(#[from] BuildError),
}

/// Makes the data folder, the database and the keys where they are not there yet, and opens them.
pub(crate) async fn portcullis(settings: &Settings) -> Result<Portcullis, OpenError> {
    data_dir(&settings.data_dir)?;
    let builder = Portcullis::builder()
        .config(settings.config.clone())
        .database(settings.database_url())
        .mail(settings.mail_url())
        .master_key_file(settings.master_key_file());
    Ok(builder.build().await?)
}

/// Makes the data folder, for its owner alone. One that is there stays as it is.
pub(crate) fn data_dir(path: &Path) -> Result<(), OpenError> {
    let mut folder = DirBuilder::new();
    folder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.create(path).map_err(|source| OpenError::DataDir { path: path.display().to_string(), source })
}
