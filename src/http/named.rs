//! What a path names.

use ::axum::extract::{Path, rejection::PathRejection};

use crate::Error;

/// What a path names, as `read` reads it. What cannot be read is the name of nothing there is.
pub(crate) fn named<T>(
    path: Result<Path<String>, PathRejection>,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<T, Error> {
    path.ok().and_then(|Path(name)| read(&name)).ok_or(Error::NotFound)
}
