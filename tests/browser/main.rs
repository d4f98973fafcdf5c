//! Keys in a real browser, on a plain page: Chromium with its virtual authenticators. `scripts/test` installs it.

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

mod devtools;
mod keys;
mod site;
