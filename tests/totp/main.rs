//! Codes of authenticator apps, against the vectors of their RFCs, and the QR code against a decoder.
#![cfg(feature = "accounts")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

mod qr;
mod vectors;
