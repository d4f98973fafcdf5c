//! The account routes, each on both databases. The files mirror `src/http`.

#![cfg(feature = "server")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    reason = "a test that meets what it does not expect should fail there"
)]

#[path = "../support/app.rs"]
mod app;
#[path = "../support/db.rs"]
mod db;
#[path = "../support/events.rs"]
mod events;
#[path = "../support/raw.rs"]
mod raw;

mod body;
mod change_password;
mod guarded;
mod import;
mod login;
mod logout;
mod me;
mod methods;
mod next_request;
mod reauthenticate;
mod refresh;
mod register;
mod revocations;
mod routes;
mod sessions;
mod signing_keys;
mod signing_keys_load;
mod sweep;
mod token_matrix;
mod well_known;
