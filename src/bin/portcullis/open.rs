//! Opening the accounts that the settings name.

use std::{fs::DirBuilder, io, path::Path};

use portcullis::{
    BuildError, Portcullis,
    clock::{Clock, SystemClock},
    store,
    vault::{DataKey, MasterKeyFile, SigningKeys},
};

use crate::settings::{LONGEST_ACCESS_TOKEN, Settings};

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

/// The same for a command that is over soon. It makes no tokens, and need not be told how long those live that servers
/// make: what it revokes is remembered for as long as any could.
pub(crate) async fn for_command(settings: &Settings) -> Result<Portcullis, OpenError> {
    let mut settings = settings.clone();
    settings.config.access_token_ttl = LONGEST_ACCESS_TOKEN;
    portcullis(&settings).await
}

/// The same as far as the signing keys need it: they can be looked after even where one is damaged.
pub(crate) async fn signing_keys(settings: &Settings) -> Result<SigningKeys, OpenError> {
    data_dir(&settings.data_dir)?;
    let store = store::connect(&settings.database_url()).await.map_err(BuildError::from)?;
    let file = MasterKeyFile::at(settings.master_key_file());
    let data_key = DataKey::open_with(store.as_ref(), &file, SystemClock.now()).await.map_err(BuildError::from)?;
    let keys = SigningKeys::open(store, data_key, &settings.config, SystemClock::shared()).await;
    Ok(keys.map_err(BuildError::from)?)
}

/// Makes the data folder, for its owner alone, and says so: whoever gave a command in the wrong place should hear that
/// it was carried out on new accounts. One that is there stays as it is.
pub(crate) fn data_dir(path: &Path) -> Result<(), OpenError> {
    let is_new = !path.exists();
    let mut folder = DirBuilder::new();
    folder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.create(path).map_err(|source| OpenError::DataDir { path: path.display().to_string(), source })?;
    if is_new {
        tracing::info!(data_dir = %path.display(), "made the data folder, which was not there");
    }
    Ok(())
}
