//! The ceremonies of WebAuthn against material that others have published.

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

mod ceremony;
mod recorded;
mod w3c;
