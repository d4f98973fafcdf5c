//! The pages, each on both databases, as a browser without scripts sees them.

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
#[path = "../support/directory.rs"]
mod directory;
#[allow(dead_code, reason = "other tests use more of it")]
#[path = "../support/key.rs"]
mod key;
#[path = "../support/mailed.rs"]
mod mailed;
#[path = "../support/raw.rs"]
mod raw;
#[path = "../support/visitor.rs"]
mod visitor;

mod account;
mod admin;
mod api_keys;
mod authenticator_app;
mod cookies;
mod elsewhere;
mod grade;
mod headers;
mod links;
mod login;
mod next;
mod origins;
mod passkeys;
mod reauthenticate;
mod reflected;
mod register;
mod sessions;
mod strength;
mod templates;
mod weight;
mod well_known;
