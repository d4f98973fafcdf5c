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
#[path = "../support/authenticator.rs"]
mod authenticator;
#[path = "../support/db.rs"]
mod db;
#[path = "../support/events.rs"]
mod events;
#[path = "../support/key.rs"]
mod key;
#[path = "../support/raw.rs"]
mod raw;

mod body;
mod budget;
mod change_password;
mod enrolment;
mod flow;
mod guarded;
mod import;
mod keys;
mod login;
mod login_orders;
mod logout;
mod me;
mod methods;
mod next_request;
mod passkey_account;
mod passkey_login;
mod reauthenticate;
mod recovery_codes;
mod refresh;
mod register;
mod revocations;
mod routes;
mod second_factor;
mod second_key;
mod sessions;
mod signing_keys;
mod signing_keys_load;
mod sweep;
mod token_matrix;
mod totp;
mod webauthn;
mod well_known;
