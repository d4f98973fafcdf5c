//! Users by the file: in from another system with the passwords they have, and out again.
//!
//! # The file
//!
//! One JSON object a line, a user each:
//!
//! ```json
//! {"username": "ada", "email": "ada@example.org", "email_verified": true, "password_hash": "$2b$12$…"}
//! ```
//!
//! | member | what it is | if absent or null |
//! |---|---|---|
//! | `username` | as at registration; names that are kept back there are taken here | skipped |
//! | `email` | as at registration | skipped |
//! | `name` | the name to show | empty |
//! | `password_hash` | one that [`PasswordHash::parse`](crate::password::PasswordHash::parse) takes | no password |
//! | `must_change_password` | `true` or `false` | `false` |
//! | `email_verified` | `true` or `false` | `false` |
//! | `email_verified_at` | when it was; says that it is | the time of the import, if `email_verified` |
//! | `disabled` | `true` or `false` | `false` |
//! | `disabled_at` | when it was; says that it is | the time of the import, if `disabled` |
//! | `roles` | a list of names | none |
//! | `created_at` | when the account was made | the time of the import |
//! | `id` | a UUID, the `sub` of the user's tokens | a new one |
//!
//! Moments are in RFC 3339 and UTC: `2024-05-06T07:08:09Z`. Other members are ignored.
//!
//! What Django's `manage.py dumpdata auth.user` writes is taken too, as one array or, with `--format jsonl`, an object a
//! line: `username`, `email`, `first_name` and `last_name`, `password`, `is_active` and `date_joined`. Objects of models
//! whose name is not `user` are passed over. Staff, superusers, groups and permissions stay behind: whoever is to be an
//! administrator here is told so here.
//!
//! # What happens to it
//!
//! Each user is made whole or skipped, with the reason, the line and the number of the record. Nobody who is already there
//! is changed. Passwords go on working: the first login with one is checked against the old hash and leaves Argon2id in its
//! place. A hash of ours that names a [pepper](crate::password::Peppers) can be checked where that pepper is.
//!
//! An address counts as confirmed where the file says so, which one of Django's never does. Under
//! [`require_verified_email`](crate::config::Config::require_verified_email) such a user comes in by asking for a new
//! password, which confirms it.
//!
//! ```
//! # #[cfg(feature = "sqlite")]
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let database = format!("sqlite:{}/notes.db", folder.path().display());
//! use portcullis::{Portcullis, account::Credentials, password::Password, session::Device};
//!
//! let file = r#"
//! {"username": "ada", "email": "ada@example.org", "password_hash": "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"}
//! {"username": "bob", "email": "nowhere"}"#;
//!
//! let auth = Portcullis::builder().public_url("https://notes.example").database(database).build().await?;
//! let report = auth.accounts().import(file.as_bytes(), false, &Device::default()).await?;
//! assert_eq!(report.imported, 1);
//! assert_eq!(report.skipped[0].to_string(), "line 3, record 2 (bob): `email` is not valid");
//!
//! auth.accounts().login(Credentials::new("ada", Password::parse("U*U")?), &Device::default()).await?;
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "sqlite"))]
//! # fn main() {}
//! ```

mod django;
mod entry;
mod export;
mod fields;
mod load;
mod moment;
mod records;
mod report;

pub use self::{
    export::ExportError,
    load::ImportError,
    report::{ImportReport, SkipReason, Skipped},
};
