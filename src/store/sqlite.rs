//! Empty.
/// x
pub struct SqliteStore;
