//! What a request carries to show who it is from, and where the guard finds it.
//!
//! It looks into the `Authorization` header and nowhere else: never into the query or the body, which end up in logs
//! and histories (RFC 6750 section 5.3, RFC 9700 section 4.3.2).

use std::fmt;

use http::header::{AUTHORIZATION, HeaderMap};

/// A credential as it came in, not yet checked. `Debug` does not show it.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Credential<'a> {
    /// The token of `Authorization: Bearer`. It is not empty, and holds visible ASCII without a comma.
    Bearer(&'a str),
}

impl fmt::Debug for Credential<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bearer(_) => f.write_str("Bearer(…)"),
        }
    }
}

/// The request carries something that is not one well-formed credential. Says what, for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) &'static str);

/// The one explicit credential of a request, if it has one.
pub(crate) fn explicit(headers: &HeaderMap) -> Result<Option<Credential<'_>>, Malformed> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Malformed("repeated authorization header"));
    }
    bearer(value.as_bytes())
}

/// Reads `Bearer 1*SP token`, the scheme in any case. Another scheme is none of the guard's business.
fn bearer(value: &[u8]) -> Result<Option<Credential<'_>>, Malformed> {
    let (scheme, rest) = value.split_at(value.iter().position(|byte| *byte == b' ').unwrap_or(value.len()));
    if !is_scheme(scheme) {
        return Err(Malformed("authorization header without a scheme"));
    }
    if !scheme.eq_ignore_ascii_case(b"bearer") {
        return Ok(None);
    }
    let token = rest.get(rest.iter().take_while(|byte| **byte == b' ').count()..).unwrap_or_default();
    if token.is_empty() {
        return Err(Malformed("bearer scheme without a token"));
    }
    // Not every character that passes may stand in a token. It is for the one who reads the token to refuse those;
    // this is about telling where the token ends. A fold over bytes has no early exit and is done many at a time.
    let is_stray = |byte: u8| u8::from(!byte.is_ascii_graphic() || byte == b',');
    let strays = token.iter().fold(0, |strays, byte| strays | is_stray(*byte));
    match std::str::from_utf8(token) {
        Ok(token) if strays == 0 => Ok(Some(Credential::Bearer(token))),
        _ => Err(Malformed("bearer scheme with more than a token")),
    }
}

/// Whether this is a token as RFC 9110 section 5.6.2 has it, which the name of a scheme must be.
fn is_scheme(name: &[u8]) -> bool {
    let is_tchar = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !name.is_empty() && name.iter().all(is_tchar)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bearer_token_is_found_whatever_the_case_and_spaces() {
        for value in ["Bearer a.b_c", "bearer a.b_c", "BEARER   a.b_c"] {
            assert_eq!(bearer(value.as_bytes()), Ok(Some(Credential::Bearer("a.b_c"))), "{value}");
        }
    }

    #[test]
    fn another_scheme_is_no_credential() {
        for value in ["Basic dXNlcjpwYXNz", "Negotiate", "Bearerx a", "Digest a=\"b\", c=d", "Basic \u{fc}"] {
            assert_eq!(bearer(value.as_bytes()), Ok(None), "{value}");
        }
    }

    #[test]
    fn what_is_not_one_token_is_malformed() {
        let values: [&[u8]; 11] = [
            b"",
            b" ",
            b"Bearer",
            b"Bearer ",
            b"Bearer a b",
            b"Bearer a ",
            b"Bearer a,b",
            b"Bearer\ta",
            b"Bearer a\t",
            b"Bearer \xff",
            b"\xff\xff a",
        ];
        for value in values {
            assert!(bearer(value).is_err(), "{value:?}");
        }
    }

    #[test]
    fn debug_does_not_show_the_token() {
        assert!(!format!("{:?}", Credential::Bearer("s3cret")).contains("s3cret"));
    }
}
