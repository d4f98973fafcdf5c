//! Keys from elsewhere, fetched from servers on loopback that do what servers do on bad days.
#![cfg(all(feature = "remote-jwks", feature = "testing"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

mod answers;
mod discovery;
mod issuers;
mod outage;
mod rotation;
mod server;
mod support;
mod tls;
mod unknown;
