//! The contract of the store: every verb, every race, on both databases.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    reason = "test code"
)]

#[path = "../support/db.rs"]
mod db;
#[path = "../support/raw.rs"]
mod raw;

mod administration;
mod api_keys;
mod attempts;
mod events;
mod external;
mod factors;
mod fixture;
mod hostile;
mod import;
mod keys;
mod migrations;
mod mixed;
mod outbox;
mod passkeys;
mod passwords;
mod postgres_server;
mod races;
mod refresh;
mod revocations;
mod roles;
mod sessions;
mod sqlite_file;
mod urls;
mod users;
