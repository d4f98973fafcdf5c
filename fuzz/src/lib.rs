//! What the fuzz targets judge. The tests of the crate judge generated input the same way, so they include these files.

mod app;
mod ask;
pub mod body;
pub mod config;
pub mod cookie;
pub mod import;
pub mod path;
mod spelling;
pub mod token;
pub mod webauthn;
