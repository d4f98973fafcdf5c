//! Reading a row back into the types it was written from.

use sqlx::{Database, Error, Result, Row as _};

use super::super::Db;
use crate::clock::Timestamp;

pub(super) type Connection = <Db as Database>::Connection;
pub(super) type Row = <Db as Database>::Row;

/// A moment, stored in milliseconds.
pub(super) fn timestamp(row: &Row, column: &str) -> Result<Timestamp> {
    Ok(Timestamp::from_millis(row.try_get(column)?))
}

/// A moment that may not have come yet.
pub(super) fn optional_timestamp(row: &Row, column: &str) -> Result<Option<Timestamp>> {
    Ok(row.try_get::<Option<i64>, _>(column)?.map(Timestamp::from_millis))
}

/// Something stored as text.
pub(super) fn parsed<T>(row: &Row, column: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T> {
    parse(row.try_get(column)?).ok_or_else(|| malformed(column))
}

/// Something stored as one of the words that there are for it. `None` where it is another one: a newer program, which
/// works beside this one while nodes are replaced, may have more of them.
pub(super) fn known<T>(row: &Row, column: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>> {
    Ok(parse(row.try_get(column)?))
}

/// Something stored as text, where there is any.
pub(super) fn optional_parsed<T>(row: &Row, column: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>> {
    row.try_get::<Option<&str>, _>(column)?.map(|text| parse(text).ok_or_else(|| malformed(column))).transpose()
}

/// The value was never written by this program. It is not quoted: it could be anything.
pub(super) fn malformed(column: &str) -> Error {
    Error::Decode(format!("`{column}` is malformed").into())
}
