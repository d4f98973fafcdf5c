//! A guard in another program, which follows what an issuer revokes.
#![cfg(all(feature = "server", feature = "remote-jwks", feature = "testing"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "test code, some of it shared with other tests"
)]

#[path = "../support/app.rs"]
mod app;
#[path = "../support/db.rs"]
mod db;
#[path = "../support/raw.rs"]
mod raw;

mod following;
mod issuer;
mod outage;
mod strange;
