//! A token among the subprotocols that a WebSocket's client offers: `Sec-WebSocket-Protocol: bearer, <token>`.
//!
//! It is the one header of a WebSocket's handshake that a script in a browser can write. The server has to choose one
//! of what is offered, or browsers close the connection; so the name is there to be chosen, and the token behind it
//! goes no further.

use http::{
    HeaderValue,
    header::{HeaderMap, SEC_WEBSOCKET_PROTOCOL},
};

use super::{
    Unusable::{self, Malformed},
    header::is_name,
};

/// The token that follows this name, if the name is offered.
pub(super) fn read<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Unusable> {
    let mut offers = offers(headers);
    if !offers.by_ref().any(|offer| offer == name.as_bytes()) {
        return Ok(None);
    }
    let token = offers.next().filter(|token| is_name(token) && *token != name.as_bytes());
    let token = token.and_then(|token| std::str::from_utf8(token).ok());
    let Some(token) = token else { return Err(Malformed("subprotocol without a token")) };
    if offers.any(|offer| offer == name.as_bytes()) {
        return Err(Malformed("repeated subprotocol"));
    }
    Ok(Some(token))
}

/// Takes out whatever follows this name, and leaves the name and the other offers.
pub(super) fn strip(headers: &mut HeaderMap, name: &str) {
    let name = name.as_bytes();
    if !offers(headers).any(|offer| offer == name) {
        return;
    }
    let mut follows = false;
    let kept: Vec<_> = offers(headers)
        .filter(|offer| {
            let goes = std::mem::replace(&mut follows, *offer == name) && *offer != name;
            !goes
        })
        .collect();
    match HeaderValue::from_bytes(&kept.join(&b", "[..])) {
        Ok(kept) => headers.insert(SEC_WEBSOCKET_PROTOCOL, kept),
        Err(_) => headers.remove(SEC_WEBSOCKET_PROTOCOL),
    };
}

fn offers(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let values = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter();
    values.flat_map(|value| value.as_bytes().split(|byte| *byte == b',')).map(<[u8]>::trim_ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn the_token_stands_behind_the_name() {
        let cases: [(&[&str], Option<&str>); 6] = [
            (&["bearer, a.b"], Some("a.b")),
            (&["chat,bearer,a.b ,v2"], Some("a.b")),
            (&["chat, bearer", "a.b"], Some("a.b")),
            (&["chat, v2"], None),
            (&["Bearer, a.b"], None),
            (&[], None),
        ];
        for (values, token) in cases {
            assert_eq!(read(&headers(values), "bearer"), Ok(token), "{values:?}");
        }
    }

    #[test]
    fn a_name_without_one_token_is_malformed() {
        let cases = [
            "bearer",
            "chat, bearer",
            "bearer,",
            "bearer, ,a",
            "bearer, a b",
            "bearer, bearer, a",
            "bearer, a, bearer, b",
        ];
        for value in cases {
            assert!(read(&headers(&[value]), "bearer").is_err(), "{value}");
        }
    }

    #[test]
    fn no_token_is_left_and_every_name_is() {
        let cases = [
            ("bearer, a.b", "bearer"),
            ("chat, bearer, a.b, v2", "chat, bearer, v2"),
            ("bearer, a, bearer, b", "bearer, bearer"),
            ("bearer, bearer, a", "bearer, bearer"),
            ("chat, v2", "chat, v2"),
        ];
        for (value, expected) in cases {
            let mut headers = headers(&[value]);
            strip(&mut headers, "bearer");
            assert_eq!(headers.get(SEC_WEBSOCKET_PROTOCOL).unwrap(), expected);
        }
    }
}
