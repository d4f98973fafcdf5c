//! Moving everything from a SQLite file into PostgreSQL, when one machine is not enough any more.
//!
//! What there is to move is read from the schemas themselves, so that no table and no column can be forgotten: whatever is
//! in one and not in the other, or of a kind that is not known here, is refused before anything is written.

mod row;
mod schema;

use std::path::Path;

use futures_util::TryStreamExt as _;
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions,
};

use self::{
    row::{Cell, Checksum},
    schema::Table,
};
use super::{PostgresStore, StoreError, postgres};

/// How many rows are written by one statement.
const BATCH: usize = 1000;

/// What a new database holds already, as it was made by migrations. It is replaced.
const SEEDED: [&str; 4] = ["event_horizon", "revocation_journal", "roles", "signing_key_versions"];

/// What was moved: every table with its rows, in the order in which they were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transferred {
    /// The tables.
    pub tables: Vec<TransferredTable>,
}

/// A table that was moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferredTable {
    /// Its name.
    pub name: String,
    /// How many rows it has, there and here.
    pub rows: u64,
    /// A checksum over all of them, in hexadecimal, that was computed from what is here and is that of what is there.
    pub checksum: String,
}

/// Why nothing was moved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransferError {
    /// The URLs are not those of a SQLite file that is there, and of PostgreSQL.
    #[error("{0}")]
    Url(&'static str),
    /// The schema of the file is not the one of this program.
    #[error("the file's schema is of version {file}, and the server's of {server}: run `migrate` on the file first")]
    Version {
        /// The last migration of the file.
        file: i64,
        /// The last migration of the server.
        server: i64,
    },
    /// A table or column is in one schema only, or not of a kind that can be moved.
    #[error("the schemas differ: {0}")]
    Schema(String),
    /// There is something in the database that it was to be moved to.
    #[error("the database is not empty: there are rows in `{0}`")]
    NotEmpty(String),
    /// What was read back is not what was written.
    #[error("table `{0}` did not arrive as it was; nothing was kept")]
    Differs(String),
    /// A database failed, or a value in the file is not what its column holds.
    #[error("table `{table}`")]
    Table {
        /// The table.
        table: String,
        /// What failed.
        source: StoreError,
    },
    /// A database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for TransferError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(postgres::failure(error))
    }
}

/// Moves everything in the SQLite file of one URL into the empty PostgreSQL database of another: all of it, or nothing.
///
/// Both are kept from everyone else meanwhile; a server that runs on the file has to be stopped first, or what it does
/// afterwards stays behind. Every row is read back and compared before anything is kept. The file stays as it is.
///
/// # Errors
///
/// [`TransferError`], and then nothing was moved.
pub async fn transfer(from: &str, to: &str) -> Result<Transferred, TransferError> {
    let mut file = open_file(from).await?;
    // Opening it makes the schema.
    PostgresStore::connect(to).await?;
    let mut server = postgres::connect_alone(to).await?;
    let mut tx = server.begin_with(postgres::BEGIN_LONG).await?;
    let mut source = file.begin_with("BEGIN IMMEDIATE").await?;

    same_version(&mut source, &mut tx).await?;
    let tables = schema::tables(&mut source, &mut tx).await?;
    keep_others_out(&mut tx, &tables).await?;
    for table in &tables {
        empty(&mut tx, table).await?;
    }
    let mut moved = Vec::new();
    for table in &tables {
        let done = move_table(&mut source, &mut tx, table).await;
        moved.push(done.map_err(|error| of_table(error, table))?);
    }
    sqlx::raw_sql(postgres::LEAVE_NOTHING_PREPARED).execute(&mut *tx).await?;
    tx.commit().await?;
    server.close().await?;
    Ok(Transferred { tables: moved })
}

async fn open_file(url: &str) -> Result<SqliteConnection, TransferError> {
    let path = url.strip_prefix("sqlite:").ok_or(TransferError::Url("what is moved must be a `sqlite:` URL"))?;
    let path = path.strip_prefix("//").unwrap_or(path);
    if !Path::new(path).is_file() {
        return Err(TransferError::Url("there is no such SQLite file"));
    }
    Ok(SqliteConnectOptions::new().filename(path).create_if_missing(false).connect().await?)
}

async fn same_version(file: &mut SqliteConnection, server: &mut PgConnection) -> Result<(), TransferError> {
    const LAST: &str = "SELECT COALESCE(MAX(version), 0) FROM _sqlx_migrations";
    // A file without that table is none of ours, and of no version.
    let of_file = sqlx::query_scalar(LAST).fetch_one(file).await.unwrap_or(0);
    let of_server = sqlx::query_scalar(LAST).fetch_one(server).await?;
    if of_file == of_server { Ok(()) } else { Err(TransferError::Version { file: of_file, server: of_server }) }
}

/// Also those who have no idea of it: a server that starts on the new database too soon waits.
async fn keep_others_out(server: &mut PgConnection, tables: &[Table]) -> Result<(), TransferError> {
    let names: Vec<_> = tables.iter().map(|table| table.name.as_str()).collect();
    let lock = format!("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", names.join(", "));
    sqlx::raw_sql(AssertSqlSafe(lock)).execute(server).await?;
    Ok(())
}

async fn empty(server: &mut PgConnection, table: &Table) -> Result<(), TransferError> {
    let name = &table.name;
    if SEEDED.contains(&name.as_str()) {
        sqlx::raw_sql(AssertSqlSafe(format!("DELETE FROM {name}"))).execute(server).await?;
        return Ok(());
    }
    let first = sqlx::raw_sql(AssertSqlSafe(format!("SELECT 1 FROM {name} LIMIT 1"))).fetch_optional(server).await?;
    if first.is_some() { Err(TransferError::NotEmpty(name.clone())) } else { Ok(()) }
}

async fn move_table(
    file: &mut SqliteConnection,
    server: &mut PgConnection,
    table: &Table,
) -> Result<TransferredTable, TransferError> {
    let mut sent = Checksum::default();
    let mut batch = Vec::with_capacity(BATCH);
    let select = table.select();
    let mut rows = sqlx::query(AssertSqlSafe(select.clone())).fetch(file);
    loop {
        let row = rows.try_next().await?;
        let is_last = row.is_none();
        if let Some(row) = row {
            let cells = row::of_sqlite(&row, table)?;
            sent.add(&cells);
            batch.push(cells);
        }
        if batch.len() == BATCH || (is_last && !batch.is_empty()) {
            write(server, table, &batch).await?;
            batch.clear();
        }
        if is_last {
            break;
        }
    }
    let arrived = read_back(server, table, select).await?;
    if sent != arrived {
        return Err(TransferError::Differs(table.name.clone()));
    }
    Ok(TransferredTable { name: table.name.clone(), rows: arrived.rows(), checksum: arrived.to_string() })
}

async fn write(server: &mut PgConnection, table: &Table, rows: &[Vec<Cell>]) -> Result<(), TransferError> {
    // Prepared for this once, as behind a pooler nothing is remembered that could be used again.
    let mut query = sqlx::query(AssertSqlSafe(table.insert())).persistent(false);
    for (place, column) in table.columns.iter().enumerate() {
        let cells = rows.iter().map(|row| row.get(place).unwrap_or(&Cell::Null));
        query = row::bind_all(query, column.kind, cells);
    }
    query.execute(server).await?;
    Ok(())
}

async fn read_back(server: &mut PgConnection, table: &Table, select: String) -> Result<Checksum, TransferError> {
    let mut arrived = Checksum::default();
    let mut rows = sqlx::query(AssertSqlSafe(select)).fetch(server);
    while let Some(row) = rows.try_next().await? {
        arrived.add(&row::of_postgres(&row, table)?);
    }
    Ok(arrived)
}

fn of_table(error: TransferError, table: &Table) -> TransferError {
    match error {
        TransferError::Store(source) => TransferError::Table { table: table.name.clone(), source },
        other => other,
    }
}
