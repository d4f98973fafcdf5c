//! Which database a URL names.

#[cfg(not(all(feature = "sqlite", feature = "postgres")))]
use std::future::{Ready, ready};
use std::sync::Arc;

#[cfg(feature = "postgres")]
use super::PostgresStore;
#[cfg(feature = "sqlite")]
use super::SqliteStore;
use super::{Result, Store, StoreError};

/// Opens the database of a URL and brings its schema up to date: `sqlite:` with the path of a file, as in
/// `sqlite:notes.db` or `sqlite:/var/lib/notes.db`, or `postgres://…`.
///
/// # Errors
///
/// [`StoreError::Url`] if the URL names no database that this build can open, and what `SqliteStore::open` and
/// `PostgresStore::connect` fail with.
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let url = format!("sqlite:{}/notes.db", folder.path().display());
/// let store = portcullis::store::connect(&url).await?;
/// store.ping().await?;
///
/// let unknown = portcullis::store::connect("mysql://db.example/notes").await;
/// assert!(matches!(unknown, Err(portcullis::store::StoreError::Url(_))));
/// # Ok(())
/// # }
/// ```
pub async fn connect(database_url: &str) -> Result<Arc<dyn Store>> {
    match database_url.split_once(':') {
        Some(("sqlite", path)) => connect_sqlite(path).await,
        Some(("postgres" | "postgresql", _)) => connect_postgres(database_url).await,
        _ => Err(StoreError::Url("it must begin with `sqlite:` or `postgres:`")),
    }
}

#[cfg(feature = "sqlite")]
async fn connect_sqlite(path: &str) -> Result<Arc<dyn Store>> {
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.is_empty() || path.starts_with(':') {
        return Err(StoreError::Url("`sqlite:` must be followed by the path of a file"));
    }
    if path.contains('?') {
        return Err(StoreError::Url("a `sqlite:` URL takes no parameters"));
    }
    Ok(Arc::new(SqliteStore::open(path).await?))
}

#[cfg(not(feature = "sqlite"))]
fn connect_sqlite(_: &str) -> Ready<Result<Arc<dyn Store>>> {
    ready(Err(StoreError::Url("this build has no SQLite: its feature `sqlite` is off")))
}

#[cfg(feature = "postgres")]
async fn connect_postgres(url: &str) -> Result<Arc<dyn Store>> {
    Ok(Arc::new(PostgresStore::connect(url).await?))
}

#[cfg(not(feature = "postgres"))]
fn connect_postgres(_: &str) -> Ready<Result<Arc<dyn Store>>> {
    ready(Err(StoreError::Url("this build has no PostgreSQL: its feature `postgres` is off")))
}

/// How the connections of one pool are doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolFigures {
    /// What the pool is for: `writer`, `reader`, or `all`.
    pub name: &'static str,
    /// How many connections are open and not in use.
    pub idle: usize,
    /// How many are in use.
    pub used: usize,
    /// How many there may be.
    pub limit: usize,
    /// How often none came free soon enough since the store was opened.
    pub timeouts: u64,
}
