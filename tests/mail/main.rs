//! The mail room: from a row in the outbox to a mail on the wire, and everything that can go wrong between.
#![cfg(all(feature = "server", feature = "testing"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    reason = "test code"
)]

#[path = "../support/app.rs"]
mod app;
#[path = "../support/db.rs"]
mod db;
#[path = "../support/raw.rs"]
mod raw;

mod accounts;
mod files;
mod messages;
mod peer;
mod room;
mod server;
mod smtp;
mod support;
mod templates;
