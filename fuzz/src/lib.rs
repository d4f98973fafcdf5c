//! What the fuzz targets judge. The tests of the crate judge generated input the same way, so they include these files.

mod ask;
pub mod path;
mod spelling;
pub mod token;
