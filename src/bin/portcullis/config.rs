//! `portcullis config check` and `portcullis config show`

use std::{error::Error, process::ExitCode};

use serde_json::json;

use crate::{
    print,
    settings::{SETTINGS, Settings, SettingsError},
};

/// Tells whether the settings can be used. The exit code tells it too.
pub(crate) fn check(settings: Result<Settings, SettingsError>, json: bool) -> Result<ExitCode, Box<dyn Error>> {
    match settings {
        Ok(_) => {
            print::result(json, &json!({ "ok": true, "errors": [] }), "the settings are fine")?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            print::result(json, &json!({ "ok": false, "errors": error.texts() }), &error.to_string())?;
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Prints every setting in force and where it comes from.
pub(crate) fn show(settings: &Settings, json: bool) -> Result<(), Box<dyn Error>> {
    let rows: Vec<_> = SETTINGS
        .iter()
        .map(|setting| (setting.key, (setting.show)(settings), settings.source_of(setting.key).to_string()))
        .collect();
    let as_json = rows.iter().map(|(key, value, source)| json!({ "key": key, "value": value, "source": source }));
    let lines: Vec<_> = rows.iter().map(|(key, value, source)| format!("{key:<20} {value:<40} {source}")).collect();
    print::result(json, &json!({ "settings": as_json.collect::<Vec<_>>() }), &lines.join("\n"))?;
    Ok(())
}
