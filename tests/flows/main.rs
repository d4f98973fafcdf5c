//! Random orders of every step that someone can take with an account, held against a small model of what each may open.
//!
//! The model is the second opinion: it knows what was acknowledged, what was spent and what was ended, in plain lists.
//! After each step everything that was ever handed out is shown to the guard again, and what the server knows of each
//! person is compared with what they were told.

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
#[path = "../support/raw.rs"]
mod raw;

mod acts;
mod factors;
mod held;
mod logins;
mod mails;
mod operator;
mod orders;
mod person;
mod step;
mod tokens;
mod world;
