//! Files of users: whatever one holds, a dry run says what a run does, every user that is made can be written out again,
//! and what was written out is taken for those who are there.

use std::collections::BTreeSet;

use portcullis::session::Device;
use serde_json::Value;

use super::app::App;

/// How many files one database takes.
const FILES: u32 = 20_000;

/// Judges one file after the other.
pub struct Judge {
    app: App,
    files: u32,
}

impl Judge {
    pub fn new() -> Self {
        Self { app: App::new(), files: 0 }
    }

    /// Judges a file, and tells whether a user was made.
    ///
    /// # Panics
    ///
    /// If the import stops, or its report is not what has happened.
    pub fn judge(&mut self, bytes: &[u8]) -> bool {
        self.files += 1;
        let made = judge_with(&self.app, bytes);
        // Every file meets a database in which nobody has the names in it.
        if made || self.files == FILES {
            *self = Self::new();
        }
        made
    }
}

fn judge_with(app: &App, bytes: &[u8]) -> bool {
    app.runtime.block_on(async {
        let (accounts, device) = (app.accounts(), Device::default());
        let planned = accounts.import(bytes, true, &device).await.unwrap();
        let lines = bytes.split(|byte| *byte == b'\n').count() as u64;
        assert!(planned.skipped.iter().all(|skipped| (1..=lines).contains(&skipped.line)), "{planned:?}");
        // The texts are shown to people, and no file that holds hashes is quoted in them.
        assert!(planned.skipped.iter().all(|skipped| !skipped.to_string().contains('$')), "{planned:?}");
        if planned.imported == 0 {
            return false;
        }
        let done = accounts.import(bytes, false, &device).await.unwrap();
        assert_eq!(
            (done.imported, done.passed_over, &done.skipped),
            (planned.imported, planned.passed_over, &planned.skipped)
        );
        let mut written = Vec::new();
        // The administrator is one more.
        assert_eq!(accounts.export(&mut written, &device).await.unwrap(), done.imported + 1);
        let users = str::from_utf8(&written).unwrap().lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let ids: BTreeSet<_> = users.map(|user| user["id"].as_str().unwrap().to_owned()).collect();
        assert_eq!(ids.len() as u64, done.imported + 1);
        let again = accounts.import(&written[..], false, &device).await.unwrap();
        assert_eq!((again.imported, again.skipped.len() as u64), (0, done.imported + 1), "{again:?}");
        true
    })
}
