//! A piece of a list: `limit` and `cursor` in the query.

use ::axum::{extract::FromRequestParts, http::request::Parts};

use super::problem::Problem;
use crate::{Error, FieldError};

/// How many items a piece has unless more or fewer are asked for.
const DEFAULT_LIMIT: u32 = 50;

/// How many it has at most.
const LIMIT_MAX: u32 = 100;

/// Which piece of a list is asked for. A cursor is what the answer before called `next`.
#[derive(Debug)]
pub(crate) struct Piece {
    limit: u32,
    cursor: Option<String>,
}

impl Piece {
    /// What the cursor stands for, as `read` reads it.
    pub(crate) fn after<T>(&self, read: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, Error> {
        let unknown = || Error::field("cursor", "invalid_cursor");
        self.cursor.as_deref().map(|cursor| read(cursor).ok_or_else(unknown)).transpose()
    }

    /// How many items to look up: one more than are shown, to know whether there are more.
    pub(crate) fn limit(&self) -> u32 {
        self.limit + 1
    }

    /// The items to show, and the cursor behind them if there are more.
    pub(crate) fn cut<T>(&self, mut items: Vec<T>, cursor: impl FnOnce(&T) -> String) -> (Vec<T>, Option<String>) {
        let shown = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = items.len() > shown;
        items.truncate(shown);
        let next = items.last().filter(|_| more).map(cursor);
        (items, next)
    }

    /// Reads what a query asks for.
    ///
    /// Cursors are made of characters that stand for themselves in a query, so nothing needs decoding.
    pub(crate) fn read(query: &str) -> Result<Self, Error> {
        let value = |name| query.split('&').filter_map(|pair| pair.split_once('=')).find(|pair| pair.0 == name);
        let invalid = FieldError { field: "limit", code: "invalid_limit" };
        let limit = match value("limit") {
            Some((_, text)) => text.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit)),
            None => Some(DEFAULT_LIMIT),
        };
        let limit = limit.ok_or_else(|| Error::InvalidFields(vec![invalid]))?;
        Ok(Self { limit, cursor: value("cursor").map(|(_, text)| text.to_owned()) })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Piece {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self::read(parts.uri.query().unwrap_or_default())?)
    }
}
