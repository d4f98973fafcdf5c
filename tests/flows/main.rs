//! Random orders of every step that someone can take with an account, held against a small model of what each may open.
//!
//! The model is the second opinion: it knows what was acknowledged, what was spent and what was ended, in plain lists.
//! After each step everything that was ever handed out is shown to the guard again, what must open nothing is tried, and
//! what the server knows of each person is compared with what they were told. Much can be done with JSON and by the forms
//! of the pages; the model does not tell the two apart.

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
#[path = "../support/raw.rs"]
mod raw;
#[path = "../support/visitor.rs"]
mod visitor;

mod acts;
mod caller;
mod challenges;
mod cookies;
mod factors;
mod form_acts;
mod forms;
mod held;
mod key_acts;
mod key_logins;
mod logins;
mod mails;
mod operator;
mod orders;
mod passkeys;
mod person;
mod random;
mod runs;
mod step;
mod tokens;
mod tries;
mod world;
