//! Reading the token of a mailed link.

use super::fields::Fields;
use crate::{Error, one_time::OneTimeToken};

/// The token in the body. What cannot be one is as good as one that is used up.
pub(super) fn of_body(mut fields: Fields) -> Result<OneTimeToken, Error> {
    let token = fields.text("token");
    fields.finish(Ok(()))?;
    read(&token)
}

/// The one token in the query. It is made of characters that stand for themselves there, so nothing needs decoding.
pub(super) fn of_query(query: Option<&str>) -> Option<OneTimeToken> {
    let mut tokens = query.unwrap_or_default().split('&').filter_map(|pair| pair.strip_prefix("token="));
    let token = tokens.next().filter(|_| tokens.next().is_none())?;
    OneTimeToken::parse(token)
}

pub(super) fn read(token: &str) -> Result<OneTimeToken, Error> {
    OneTimeToken::parse(token).ok_or(Error::TokenInvalid)
}
