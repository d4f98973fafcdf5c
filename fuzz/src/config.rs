//! Settings files: whatever one holds, it is read or refused with texts that show no password, and what is shown of a
//! setting can be typed again.

use std::{fs, path::Path};

use tempfile::TempDir;

#[allow(dead_code, unused_imports, reason = "the binary uses more of it")]
#[path = "../../src/bin/portcullis/settings/mod.rs"]
mod settings;

use settings::{SETTINGS, Settings, Source};

/// What stands for a password.
const SECRET: &str = "s3cr3t";
/// The settings that take a URL with a password. What others take is told to everybody, as `audience` in every token is.
const WITH_PASSWORD: [&str; 2] = ["database_url", "mail_url"];

thread_local! {
    static FOLDER: TempDir = tempfile::tempdir().unwrap();
}

/// Judges a settings file, and tells whether it was taken.
///
/// # Panics
///
/// If a password is shown, or a setting is shown as what cannot be typed.
pub fn judge(bytes: &[u8]) -> bool {
    FOLDER.with(|folder| judge_as(&folder.path().join("portcullis.toml"), bytes))
}

fn judge_as(file: &Path, bytes: &[u8]) -> bool {
    fs::write(file, bytes).unwrap();
    match Settings::read(Some(file), [], Vec::new()) {
        Ok(settings) => {
            let shown = SETTINGS.iter().map(|setting| (setting.show)(&settings)).collect::<Vec<_>>();
            assert_hides_passwords(bytes, &shown.join("\n"), |key| WITH_PASSWORD.contains(&key));
            assert_can_be_typed_again(&settings, file);
            true
        }
        Err(error) => {
            assert!(!error.texts().is_empty() && error.texts().iter().all(|text| !text.is_empty()));
            assert_hides_passwords(bytes, &error.to_string(), |_| true);
            false
        }
    }
}

/// Where the secret stands as the password of a URL in one of these settings and nowhere else, it is not in the text.
fn assert_hides_passwords(file: &[u8], text: &str, holds_one: impl Fn(&str) -> bool) {
    let Some(Ok(table)) = str::from_utf8(file).ok().map(str::parse::<toml::Table>) else { return };
    let is_hidden = |value: &toml::Value| {
        let in_user_info = |text: &str| {
            let user_info =
                text.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')).map(|(before, _)| before);
            user_info.and_then(|info| info.split_once(':')).is_some_and(|(_, password)| password.contains(SECRET))
        };
        let in_parameter = |text: &str| {
            let mut parameters = text.split_once('?').into_iter().flat_map(|(_, query)| query.split('&'));
            let password = parameters.find_map(|parameter| parameter.strip_prefix("password="));
            text.contains("://") && password.is_some_and(|password| password.contains(SECRET))
        };
        value.as_str().is_some_and(|text| in_user_info(text) || in_parameter(text))
    };
    let said = String::from_utf8_lossy(file).matches(SECRET).count();
    if said == 1 && table.iter().any(|(key, value)| holds_one(key) && is_hidden(value)) {
        assert!(!text.contains(SECRET), "{text}");
    }
}

/// What is shown of a setting that was typed means the same when it is typed.
fn assert_can_be_typed_again(settings: &Settings, file: &Path) {
    let typed = |setting: &&settings::Setting| matches!(settings.source_of(setting.key), Source::File { .. });
    for setting in SETTINGS.iter().filter(typed) {
        let shown = (setting.show)(settings);
        if shown.contains("***") {
            continue;
        }
        let line = format!("{} = {}", setting.key, toml::Value::from(shown.clone()));
        fs::write(file, line).unwrap();
        let again = Settings::read(Some(file), [], Vec::new());
        // What holds between settings may not hold for one alone.
        if let Ok(again) = again {
            assert_eq!((setting.show)(&again), shown, "{}", setting.key);
        }
    }
}
