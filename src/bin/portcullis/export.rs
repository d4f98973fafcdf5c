//! `portcullis export`

use std::{
    error::Error,
    fs,
    io::{self, BufWriter},
    path::Path,
};

use portcullis::session::Device;
use serde_json::json;

use crate::{import::users, open, print, private, settings::Settings};

/// Writes every user to a file, or to standard output.
pub(crate) async fn export(settings: &Settings, file: Option<&Path>, json: bool) -> Result<(), Box<dyn Error>> {
    let portcullis = open::for_command(settings).await?;
    let (accounts, device) = (portcullis.accounts(), Device::default());
    let Some(path) = file else {
        tracing::warn!("the hashes of all passwords go to standard output: keep them like the database");
        accounts.export(BufWriter::new(io::stdout()), &device).await?;
        return Ok(());
    };
    let file = private::create(path).map_err(|error| format!("{} cannot be made: {error}", path.display()))?;
    let written = accounts.export(BufWriter::new(file), &device).await;
    if written.is_err() {
        // A part of an export looks like a whole one.
        fs::remove_file(path)?;
    }
    let count = written?;
    let text = format!("exported {} to {}", users(count), path.display());
    print::result(json, &json!({ "exported": count }), &text)?;
    Ok(())
}
