//! `portcullis master-key rotate`

use std::error::Error;

use portcullis::{
    clock::{Clock, SystemClock},
    store,
    vault::{MasterKeyFile, rotate_master_key},
};
use serde_json::json;

use crate::{open, print, settings::Settings};

/// Replaces the master key. Whoever starts the server elsewhere on the same database needs a copy of the new file.
pub(crate) async fn rotate(settings: &Settings, json: bool) -> Result<(), Box<dyn Error>> {
    open::data_dir(&settings.data_dir)?;
    let store = store::connect(&settings.database_url()).await?;
    let path = settings.master_key_file();
    rotate_master_key(store.as_ref(), &MasterKeyFile::at(&path), SystemClock.now()).await?;
    let path = path.display().to_string();
    let text = format!(
        "replaced the key in {path}\nServers that run go on. Copy the file to every other machine that starts one on this \
         database, and keep a copy safe: backups made from now on need it, older ones the key before."
    );
    print::result(json, &json!({ "rotated": true, "master_key_file": path }), &text)?;
    Ok(())
}
