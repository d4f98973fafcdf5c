//! A row, whichever database it is in.

use std::fmt;

use aws_lc_rs::digest;
use sqlx::{
    Postgres, Result, Row as _,
    postgres::{PgArguments, PgRow},
    query::Query,
    sqlite::SqliteRow,
};
use uuid::Uuid;

use super::schema::{Kind, Table};

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    Null,
    Uuid(Uuid),
    Bytes(Vec<u8>),
    Number(i64),
    Flag(bool),
    Text(String),
}

/// Rows that were counted and summed up, in whatever order they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Checksum {
    rows: u64,
    sum: [u64; 4],
}

/// Reads a row by the kinds of its columns. A value of another kind is an error, and not quoted.
macro_rules! cells_of {
    ($name:ident, $row:ty) => {
        pub(super) fn $name(row: &$row, table: &Table) -> Result<Vec<Cell>> {
            let cell = |(place, kind): (usize, Kind)| {
                Ok(match kind {
                    Kind::Uuid => row.try_get::<Option<_>, _>(place)?.map(Cell::Uuid),
                    Kind::Bytes => row.try_get::<Option<_>, _>(place)?.map(Cell::Bytes),
                    Kind::Number => row.try_get::<Option<_>, _>(place)?.map(Cell::Number),
                    Kind::Flag => row.try_get::<Option<_>, _>(place)?.map(Cell::Flag),
                    Kind::Text => row.try_get::<Option<_>, _>(place)?.map(Cell::Text),
                }
                .unwrap_or(Cell::Null))
            };
            table.columns.iter().map(|column| column.kind).enumerate().map(cell).collect()
        }
    };
}

cells_of!(of_sqlite, SqliteRow);
cells_of!(of_postgres, PgRow);

/// Adds the values of one column to a statement, as an array.
pub(super) fn bind_all<'q, 'c>(
    query: Query<'q, Postgres, PgArguments>,
    kind: Kind,
    cells: impl Iterator<Item = &'c Cell>,
) -> Query<'q, Postgres, PgArguments> {
    macro_rules! bind {
        ($variant:ident) => {
            query.bind(
                cells
                    .map(|cell| if let Cell::$variant(value) = cell { Some(value.clone()) } else { None })
                    .collect::<Vec<_>>(),
            )
        };
    }
    match kind {
        Kind::Uuid => bind!(Uuid),
        Kind::Bytes => bind!(Bytes),
        Kind::Number => bind!(Number),
        Kind::Flag => bind!(Flag),
        Kind::Text => bind!(Text),
    }
}

impl Checksum {
    pub(super) fn add(&mut self, row: &[Cell]) {
        let mut hash = digest::Context::new(&digest::SHA256);
        for cell in row {
            let (kind, bytes): (u8, &[u8]) = match cell {
                Cell::Null => (0, &[]),
                Cell::Uuid(value) => (1, value.as_bytes()),
                Cell::Bytes(value) => (2, value),
                Cell::Number(value) => (3, &value.to_be_bytes()),
                Cell::Flag(value) => (4, &[u8::from(*value)]),
                Cell::Text(value) => (5, value.as_bytes()),
            };
            // The length keeps two values from being told as others of the same bytes.
            hash.update(&[kind]);
            hash.update(&(bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        }
        let hash = hash.finish();
        for (sum, part) in self.sum.iter_mut().zip(hash.as_ref().chunks_exact(8)) {
            *sum = sum.wrapping_add(part.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)));
        }
        self.rows += 1;
    }

    pub(super) const fn rows(&self) -> u64 {
        self.rows
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sum.iter().try_for_each(|part| write!(f, "{part:016x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(rows: &[&[Cell]]) -> Checksum {
        let mut sum = Checksum::default();
        for row in rows {
            sum.add(row);
        }
        sum
    }

    #[test]
    fn the_order_of_rows_does_not_matter_and_everything_else_does() {
        let text = |text: &str| Cell::Text(text.to_owned());
        let (one, two) = ([text("a"), Cell::Null], [text("b"), Cell::Number(1)]);
        assert_eq!(sum(&[&one, &two]), sum(&[&two, &one]));
        for other in [
            sum(&[&one]),
            sum(&[&one, &two, &two]),
            sum(&[&one, &[text("b"), Cell::Number(2)]]),
            sum(&[&one, &[text("b1"), Cell::Null]]),
            sum(&[&[Cell::Null, text("a")], &two]),
            sum(&[&one, &[text("b"), Cell::Flag(true)]]),
        ] {
            assert_ne!(other, sum(&[&one, &two]));
        }
    }
}
