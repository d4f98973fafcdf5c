//! Cookies: whatever stands in however many headers, only one cookie of the right name with a genuine token in it passes,
//! and the service behind never sees it.

use std::sync::LazyLock;

use http::{
    HeaderValue, Request,
    header::{AUTHORIZATION, COOKIE},
};
use portcullis::{
    guard::{AuthLayer, Source},
    jwt::{Algorithm, JwtVerifier},
    testing::TestIssuer,
};

use super::ask::{Answer, ask};

const NAME: &str = "sid";

struct Fixture {
    guard: AuthLayer<JwtVerifier>,
    /// A token for `u`, and one for `v`.
    tokens: [String; 2],
}

static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| {
    let issuer = TestIssuer::signing_with(Algorithm::Hs256);
    let sources = [Source::bearer(), Source::cookie(NAME)];
    let guard = AuthLayer::builder(issuer.verifier()).sources(sources).strip_credentials().build().unwrap();
    Fixture { guard, tokens: ["u", "v"].map(|user| issuer.token_for(user).sign()) }
});

/// Judges the values of cookie headers, one a line, and tells whether somebody was let in. `\x01` and `\x02` stand for the
/// tokens of two users; a line that begins with `\x03` is an `Authorization` header.
///
/// # Panics
///
/// If somebody is let in who must not be.
pub fn judge(bytes: &[u8]) -> bool {
    let mut request = Request::new(());
    let (mut cookies, mut explicit) = (Vec::new(), 0);
    for line in bytes.split(|byte| *byte == b'\n') {
        let (name, line) = match line {
            [3, rest @ ..] => (AUTHORIZATION, rest),
            line => (COOKIE, line),
        };
        let Ok(value) = HeaderValue::from_bytes(&with_tokens(line)) else { return false };
        explicit += usize::from(name == AUTHORIZATION);
        if name == COOKIE {
            cookies.extend(read(value.as_bytes()));
        }
        request.headers_mut().append(name, value);
    }
    match ask(&FIXTURE.guard, request) {
        Answer::Reached(user) => {
            let user = user.expect("nobody passes as nobody");
            let token = &FIXTURE.tokens[usize::from(user == "v")];
            // An explicit credential beats the cookie; then it is not looked at.
            let genuine = explicit == 1 || cookies == [token.clone().into_bytes()];
            assert!(genuine && explicit < 2, "let in as {user} with {cookies:?}");
            true
        }
        Answer::Refused(..) => {
            let good = FIXTURE.tokens.iter().any(|token| cookies == [token.as_bytes()]);
            assert!(!good || explicit > 0, "refused with a good cookie");
            false
        }
    }
}

fn with_tokens(line: &[u8]) -> Vec<u8> {
    let place = |byte: &u8| match byte {
        1 => FIXTURE.tokens[0].clone().into_bytes(),
        2 => FIXTURE.tokens[1].clone().into_bytes(),
        byte => vec![*byte],
    };
    line.iter().flat_map(place).collect()
}

/// The values of our cookie in a header, read by the grammar of RFC 6265 section 4.2.1 with blanks allowed around names
/// and values, and without the quotes that may stand around a value.
fn read(header: &[u8]) -> Vec<Vec<u8>> {
    let pairs = header.split(|byte| *byte == b';').filter_map(|pair| {
        let mut halves = pair.splitn(2, |byte| *byte == b'=');
        let (name, value) = (halves.next()?, halves.next()?);
        (name.trim_ascii() == NAME.as_bytes()).then(|| value.trim_ascii().to_vec())
    });
    let unquoted = |value: Vec<u8>| match &value[..] {
        [b'"', inner @ .., b'"'] => inner.to_vec(),
        _ => value,
    };
    pairs.map(unquoted).collect()
}
