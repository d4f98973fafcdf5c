//! Tokens in headers, after a scheme such as `Bearer` or alone.

use http::header::{Entry, HeaderMap, HeaderName};

use super::Unusable::{self, Malformed};

/// What stands in this header where the token has to be, if there is such a place. The header must not be repeated.
///
/// With a scheme, its value is `scheme 1*SP token`, the scheme in any case, and a value with another scheme is none of
/// the guard's business. Without one, the whole value is the token.
#[inline]
pub(super) fn read<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
    scheme: Option<&str>,
) -> Result<Option<&'a [u8]>, Unusable> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Malformed("repeated credential header"));
    }
    token_in(value.as_bytes(), scheme)
}

/// What stands in this value of the header where the token has to be.
#[inline]
pub(super) fn token_in<'a>(value: &'a [u8], scheme: Option<&str>) -> Result<Option<&'a [u8]>, Unusable> {
    match scheme {
        Some(scheme) => after_scheme(value, scheme),
        None => Ok(Some(value)),
    }
}

/// Takes out whatever [`read`] would read, or refuse to.
pub(super) fn strip(headers: &mut HeaderMap, name: &HeaderName, scheme: Option<&str>) {
    let Entry::Occupied(entry) = headers.entry(name) else { return };
    let is_ours = |value: &[u8]| scheme.is_none_or(|scheme| after_scheme(value, scheme) != Ok(None));
    if entry.iter().any(|value| is_ours(value.as_bytes())) {
        entry.remove_entry_mult();
    }
}

#[inline]
fn after_scheme<'a>(value: &'a [u8], scheme: &str) -> Result<Option<&'a [u8]>, Unusable> {
    match value.split_at_checked(scheme.len()) {
        Some((found, rest)) if is_same_scheme(found, scheme) && matches!(rest, [] | [b' ', ..]) => {
            Ok(rest.get(rest.iter().take_while(|byte| **byte == b' ').count()..))
        }
        _ if value.split(|byte| *byte == b' ').next().is_some_and(is_name) => Ok(None),
        _ => Err(Malformed("credential header without a scheme")),
    }
}

/// Nearly all clients write it as the standard does, and to compare byte by byte takes longer.
#[inline]
fn is_same_scheme(found: &[u8], scheme: &str) -> bool {
    found == scheme.as_bytes() || found.eq_ignore_ascii_case(scheme.as_bytes())
}

/// The token that these bytes are, if they are one.
pub(super) fn token(value: &[u8]) -> Result<&str, Unusable> {
    if value.is_empty() {
        return Err(Malformed("empty token"));
    }
    // Not every character that passes may stand in a token. It is for the one who reads the token to refuse those;
    // this is about telling where the token ends. A fold over bytes has no early exit and is done many at a time: the
    // highest, counted from the first that may stand in a token, and the least that differs from a comma.
    let (highest, least) = value
        .iter()
        .fold((0, u8::MAX), |(highest, least), byte| (byte.wrapping_sub(b'!').max(highest), (byte ^ b',').min(least)));
    match std::str::from_utf8(value) {
        Ok(token) if highest <= b'~' - b'!' && least > 0 => Ok(token),
        _ => Err(Malformed("more than a token")),
    }
}

/// Whether this is a token as RFC 9110 section 5.6.2 has it, as names of schemes, cookies and subprotocols must be.
pub(super) fn is_name(name: &[u8]) -> bool {
    let is_tchar = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !name.is_empty() && name.iter().all(is_tchar)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearer(value: &[u8]) -> Result<Option<&str>, Unusable> {
        after_scheme(value, "Bearer")?.map(token).transpose()
    }

    #[test]
    fn one_bearer_token_is_found_whatever_the_case_and_spaces() {
        for value in ["Bearer a.b_c", "bearer a.b_c", "BEARER   a.b_c"] {
            assert_eq!(bearer(value.as_bytes()), Ok(Some("a.b_c")), "{value}");
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
    fn without_a_scheme_the_whole_value_is_the_token() {
        assert_eq!(token(b"a.b_c"), Ok("a.b_c"));
        let values: [&[u8]; 5] = [b"", b"Bearer a", b"a,b", b"a\tb", b"\xff"];
        for value in values {
            assert!(token(value).is_err(), "{value:?}");
        }
    }
}
