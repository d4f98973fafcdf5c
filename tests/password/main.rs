//! Passwords: what counts as the same one, how hashes are made and read, and what hashing may cost.

#![cfg(all(feature = "accounts", feature = "testing"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

#[cfg(feature = "import")]
mod foreign;
mod hashing;
mod load;
mod pepper;
mod policy;
mod proof;
mod support;
mod text;
mod vectors;
