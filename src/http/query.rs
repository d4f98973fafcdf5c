//! The query of a request: what is asked of a list.

use std::convert::Infallible;

use ::axum::{extract::FromRequestParts, http::request::Parts};

use crate::Error;

/// The parameters of a query, as they came.
#[derive(Debug)]
pub(crate) struct Query(String);

impl Query {
    pub(crate) fn of(query: &str) -> Self {
        Self(query.to_owned())
    }

    /// The value of a parameter, decoded. The first of several counts, and an empty one counts as none.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidFields`] with `invalid_query` if it is longer than so many bytes, or does not decode to text.
    pub(crate) fn text(&self, name: &'static str, longest: usize) -> Result<Option<String>, Error> {
        let pairs = self.0.split('&').filter_map(|pair| pair.split_once('='));
        let Some((_, value)) = pairs.into_iter().find(|pair| pair.0 == name).filter(|pair| !pair.1.is_empty()) else {
            return Ok(None);
        };
        let text = decoded(value).filter(|text| text.len() <= longest && !text.contains('\0'));
        text.map(Some).ok_or(Error::field(name, "invalid_query"))
    }
}

/// The text of an `application/x-www-form-urlencoded` value.
fn decoded(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        bytes.push(match first {
            b'+' => b' ',
            b'%' => {
                let (digits, behind) = rest.split_at_checked(2)?;
                rest = behind;
                let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
                u8::from_str_radix(digits, 16).ok()?
            }
            other => *other,
        });
    }
    String::from_utf8(bytes).ok()
}

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts.uri.query().unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_decoded_as_forms_write_it() {
        let text = |query: &str| Query(query.to_owned()).text("q", 8);
        assert_eq!(text("limit=1&q=a+b%40%C3%A4").unwrap().as_deref(), Some("a b@ä"));
        assert_eq!(text("q=1&q=2").unwrap().as_deref(), Some("1"));
        for none in ["", "q", "q=", "qq=1"] {
            assert_eq!(text(none).unwrap(), None, "{none}");
        }
        for bad in ["q=%", "q=%4", "q=%zz", "q=%+1", "q=%ff", "q=%00", "q=123456789"] {
            assert!(text(bad).is_err(), "{bad}");
        }
    }
}
