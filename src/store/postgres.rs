//! Empty.
/// x
pub struct PostgresStore;
