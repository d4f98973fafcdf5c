//! What the fuzz targets judge. The tests of the crate judge generated input the same way, so they include these files.

mod app;
mod ask;
pub mod body;
pub mod config;
pub mod cookie;
pub mod import;
#[allow(dead_code, unreachable_pub, reason = "the tests use more of it")]
#[path = "../../tests/support/key.rs"]
mod key;
pub mod next;
pub mod path;
mod registration;
mod spelling;
pub mod token;
pub mod webauthn;
