//! The account routes, each on both databases. The files mirror `src/http`.

#![cfg(all(feature = "server", feature = "testing"))]
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
#[path = "../support/directory.rs"]
mod directory;
#[path = "../support/events.rs"]
mod events;
#[path = "../support/key.rs"]
mod key;
#[path = "../support/mailed.rs"]
mod mailed;
#[path = "../support/prometheus.rs"]
mod prometheus;
#[path = "../support/raw.rs"]
mod raw;

mod admin;
mod api_key_rotation;
mod api_keys;
mod approval;
mod backends;
mod body;
mod budget;
mod change_email;
mod change_password;
mod enrolment;
mod first_admin;
mod first_password;
mod flow;
mod forgot_password;
mod guarded;
mod import;
mod invitation;
mod keys;
mod keys_lost;
mod limits;
mod login;
mod login_orders;
mod logout;
mod me;
mod memberships;
mod methods;
mod metrics;
mod new_password;
mod next_request;
mod passkey_account;
mod passkey_login;
mod reauthenticate;
mod recovery_codes;
mod refresh;
mod register;
mod reset_password;
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
mod trail;
mod verify;
mod verify_email;
mod watch;
mod webauthn;
mod well_known;
