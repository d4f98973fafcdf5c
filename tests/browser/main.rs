//! Pages and keys in a real browser: Chromium with its virtual authenticators. `scripts/test` installs it.

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

mod devtools;
mod elsewhere;
mod every_page;
mod house;
mod journey;
mod keys;
mod site;
