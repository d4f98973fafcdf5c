//! Cookies (RFC 6265 section 5.4): `name=value` pairs with semicolons between them, in one header or in several.

use http::{
    HeaderValue,
    header::{COOKIE, HeaderMap},
};

use super::Unusable::{self, Malformed};

/// The value of this cookie, if it is there. Names are compared by case.
///
/// Two of one name are refused: a server cannot tell which of them it has set itself, and which one a neighbour under
/// the same domain. An empty one counts as none: that is how a cookie is taken back. Quotes around the value do not
/// belong to it (RFC 6265 section 4.1.1).
pub(super) fn read<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Unusable> {
    let values = headers.get_all(COOKIE).iter().flat_map(|header| pairs(header.as_bytes()));
    let mut values = values.filter_map(|pair| value_of(pair, name));
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Malformed("repeated cookie"));
    }
    let value = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value);
    let may_stand = |byte: &u8| byte.is_ascii_graphic() && !b"\",;\\".contains(byte);
    match std::str::from_utf8(value) {
        Ok("") => Ok(None),
        Ok(text) if value.iter().all(may_stand) => Ok(Some(text)),
        _ => Err(Malformed("cookie with what cannot stand in one")),
    }
}

/// Takes out every cookie with one of these names, and leaves the others as they are.
pub(super) fn strip(headers: &mut HeaderMap, names: &[String]) {
    let is_ours = |pair: &[u8]| names.iter().any(|name| value_of(pair, name).is_some());
    if !headers.get_all(COOKIE).iter().flat_map(|header| pairs(header.as_bytes())).any(is_ours) {
        return;
    }
    let kept: Vec<_> = headers.get_all(COOKIE).iter().filter_map(|header| without(header, is_ours)).collect();
    headers.remove(COOKIE);
    for header in kept {
        headers.append(COOKIE, header);
    }
}

fn without(header: &HeaderValue, is_ours: impl Fn(&[u8]) -> bool) -> Option<HeaderValue> {
    let kept: Vec<_> = pairs(header.as_bytes()).filter(|pair| !pair.is_empty() && !is_ours(pair)).collect();
    let mut kept = HeaderValue::from_bytes(&kept.join(&b"; "[..])).ok().filter(|kept| !kept.is_empty())?;
    kept.set_sensitive(true);
    Some(kept)
}

fn pairs(header: &[u8]) -> impl Iterator<Item = &[u8]> {
    header.split(|byte| *byte == b';').map(<[u8]>::trim_ascii)
}

fn value_of<'a>(pair: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let at = pair.iter().position(|byte| *byte == b'=')?;
    let (found, value) = pair.split_at(at);
    (found.trim_ascii_end() == name.as_bytes()).then(|| value.get(1..).unwrap_or_default().trim_ascii_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&[u8]]) -> HeaderMap {
        values.iter().map(|value| (COOKIE, HeaderValue::from_bytes(value).unwrap())).collect()
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let cases: [(&[&[u8]], Option<&str>); 10] = [
            (&[b"sid=a.b"], Some("a.b")),
            (&[b"x=1; sid=a; y=2"], Some("a")),
            (&[b"x=1", b"sid=a"], Some("a")),
            (&[b"x=1;sid=a="], Some("a=")),
            (&[b"sid=\"a\""], Some("a")),
            (&[b"sid = a"], Some("a")),
            (&[b"sid="], None),
            (&[b"sid=\"\""], None),
            (&[b"SID=a; xsid=b; sid2=c; sid; x=sid=d"], None),
            (&[b"x=\xff"], None),
        ];
        for (values, expected) in cases {
            assert_eq!(read(&headers(values), "sid"), Ok(expected), "{values:?}");
        }
    }

    #[test]
    fn what_is_not_one_cookie_is_malformed() {
        let cases: [&[&[u8]]; 10] = [
            &[b"sid=a; sid=b"],
            &[b"sid=a; sid=a"],
            &[b"sid=a; sid="],
            &[b"sid=a", b"sid=b"],
            &[b"sid=Bearer a"],
            &[b"sid=\"a"],
            &[b"sid=a\""],
            &[b"sid=a,b"],
            &[b"sid=\"a\\\"b\""],
            &[b"sid=\xff"],
        ];
        for values in cases {
            assert!(read(&headers(values), "sid").is_err(), "{values:?}");
        }
    }

    #[test]
    fn the_others_stay_as_they_are() {
        let mut headers = headers(&[b"x=1; sid=a; y=\xff", b"sid=b", b"z=\"3\""]);
        strip(&mut headers, &["sid".to_owned()]);
        let kept: Vec<_> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
        assert_eq!(kept, [&b"x=1; y=\xff"[..], b"z=\"3\""]);
        assert!(headers.get(COOKIE).unwrap().is_sensitive());
    }
}
