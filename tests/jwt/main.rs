//! The tokens: what a verifier accepts and refuses, by the rules JWT-1 to JWT-18 and by vectors that others wrote.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

mod algorithms;
mod cache;
mod claims;
mod encoding;
mod header;
mod keys;
mod minting;
mod named;
mod playbook;
mod signature_first;
mod stale;
mod support;
mod vectors;
