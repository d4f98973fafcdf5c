//! The setting of peppers.

use portcullis::password::Peppers;

use super::table::{Kind, Setting};

pub(super) const PEPPER_FILE: Setting = Setting {
    key: "pepper_file",
    help: "A file of `ID BASE64` lines: secrets that go into password hashes, the first into new ones; the same everywhere",
    kind: Kind::Value,
    put: |settings, text| {
        if text.is_empty() {
            return Ok(());
        }
        let expected = "must be the path of a file with the mode 0600 and lines of an id and 32 bytes in base64";
        settings.config.hashing.peppers = Peppers::open(text).map_err(|_| expected)?;
        settings.pepper_file = Some(text.into());
        Ok(())
    },
    show: |settings| {
        let path = settings.pepper_file.as_ref();
        path.map(|path| path.display().to_string()).unwrap_or_default()
    },
};
