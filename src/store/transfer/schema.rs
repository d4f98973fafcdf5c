//! Which tables there are, of which columns, and which has to come before which.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{PgConnection, Result, Row as _, SqliteConnection};

use super::TransferError;

/// A table of both schemas.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
}

#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Uuid,
    Bytes,
    Number,
    Flag,
    Text,
}

impl Kind {
    /// The kind of a type of PostgreSQL. SQLite's own types do not tell a UUID from other bytes.
    fn parse(data_type: &str) -> Option<Self> {
        Some(match data_type {
            "uuid" => Self::Uuid,
            "bytea" => Self::Bytes,
            "bigint" => Self::Number,
            "boolean" => Self::Flag,
            "text" => Self::Text,
            _ => return None,
        })
    }

    const fn as_type(self) -> &'static str {
        match self {
            Self::Uuid => "uuid",
            Self::Bytes => "bytea",
            Self::Number => "bigint",
            Self::Flag => "boolean",
            Self::Text => "text",
        }
    }
}

impl Table {
    fn names(&self) -> String {
        self.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// Reads every row, in both dialects.
    pub(super) fn select(&self) -> String {
        format!("SELECT {} FROM {}", self.names(), self.name)
    }

    /// Writes rows that are given as an array for each column.
    pub(super) fn insert(&self) -> String {
        let arrays = (1..).zip(&self.columns).map(|(number, column)| format!("${number}::{}[]", column.kind.as_type()));
        let arrays = arrays.collect::<Vec<_>>().join(", ");
        format!("INSERT INTO {} ({}) SELECT * FROM UNNEST({arrays})", self.name, self.names())
    }
}

/// Every table, those that others refer to first.
pub(super) async fn tables(
    file: &mut SqliteConnection,
    server: &mut PgConnection,
) -> Result<Vec<Table>, TransferError> {
    let (of_file, of_server) = (columns_of_file(file).await?, columns_of_server(server).await?);
    let names = |columns: &[(String, String, String)]| -> BTreeSet<_> {
        columns.iter().map(|(table, column, _)| format!("{table}.{column}")).collect()
    };
    if let Some(odd) = names(&of_file).symmetric_difference(&names(&of_server)).next() {
        return Err(TransferError::Schema(format!("`{odd}` is in one of them only")));
    }
    let mut tables = BTreeMap::<String, Vec<Column>>::new();
    for (table, name, data_type) in of_server {
        let Some(kind) = Kind::parse(&data_type) else {
            return Err(TransferError::Schema(format!("`{table}.{name}` is of type {data_type}")));
        };
        tables.entry(table).or_default().push(Column { name, kind });
    }
    Ok(in_order(tables, &references(server).await?))
}

async fn columns_of_file(file: &mut SqliteConnection) -> Result<Vec<(String, String, String)>> {
    sqlx::query_as(
        "SELECT tables.name, columns.name, columns.type
         FROM sqlite_schema AS tables JOIN pragma_table_info(tables.name) AS columns
         WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite!_%' ESCAPE '!' AND tables.name <> '_sqlx_migrations'",
    )
    .fetch_all(file)
    .await
}

async fn columns_of_server(server: &mut PgConnection) -> Result<Vec<(String, String, String)>> {
    sqlx::query_as(
        "SELECT table_name::text, column_name::text, data_type::text FROM information_schema.columns
         WHERE table_schema = current_schema() AND table_name <> '_sqlx_migrations' ORDER BY table_name, ordinal_position",
    )
    .fetch_all(server)
    .await
}

/// Which table refers to which other one.
async fn references(server: &mut PgConnection) -> Result<Vec<(String, String)>> {
    let rows = sqlx::query(
        "SELECT refers.relname::text AS refers, referred.relname::text AS referred FROM pg_constraint
         JOIN pg_class AS refers ON refers.oid = conrelid JOIN pg_class AS referred ON referred.oid = confrelid
         WHERE contype = 'f' AND conrelid <> confrelid",
    )
    .fetch_all(server)
    .await?;
    rows.iter().map(|row| Ok((row.try_get("refers")?, row.try_get("referred")?))).collect()
}

fn in_order(mut tables: BTreeMap<String, Vec<Column>>, references: &[(String, String)]) -> Vec<Table> {
    let mut ordered: Vec<Table> = Vec::new();
    while !tables.is_empty() {
        let waits = |name: &String| references.iter().any(|(one, other)| one == name && tables.contains_key(other));
        // Two tables that refer to each other cannot be ordered; the server says so when they are written.
        let next = tables.keys().find(|name| !waits(name)).or_else(|| tables.keys().next()).cloned();
        let Some((name, columns)) = next.and_then(|name| tables.remove_entry(&name)) else { break };
        ordered.push(Table { name, columns });
    }
    ordered
}
