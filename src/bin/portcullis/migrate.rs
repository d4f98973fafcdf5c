//! `portcullis migrate`

use std::error::Error;

use portcullis::store;
use serde_json::json;

use crate::{open, print, settings::Settings};

/// Brings the database's schema up to date, which opening it does.
pub(crate) async fn migrate(settings: &Settings, json: bool) -> Result<(), Box<dyn Error>> {
    open::data_dir(&settings.data_dir)?;
    store::connect(&settings.database_url()).await?;
    print::result(json, &json!({ "migrated": true }), "the database is up to date")?;
    Ok(())
}
