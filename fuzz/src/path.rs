//! Paths: however one is spelled, no stranger passes but by the plain spelling of an open one, and no user gets past a
//! rule that some reading of the path falls under.

use std::sync::LazyLock;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Uri, header::AUTHORIZATION};
use portcullis::{
    guard::{AuthLayer, RouteRule},
    jwt::{Algorithm, JwtVerifier},
    testing::TestIssuer,
};

use super::{
    ask::{Answer, ask},
    spelling::{climbs, decoded, is_plain, readings},
};

struct Fixture {
    guard: AuthLayer<JwtVerifier>,
    /// The credential of a user without any scope.
    user: HeaderValue,
}

static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| {
    let issuer = TestIssuer::signing_with(Algorithm::Hs256);
    let admins = || RouteRule::scopes(["admin"]);
    let guard = AuthLayer::builder(issuer.verifier())
        .exclude("/open")
        .exclude("/open/{name}")
        .exclude("/static/{*file}")
        .rule_for_any("/maybe/{name}", RouteRule::optional())
        .rule(Method::GET, "/open/secret", admins())
        .rule_for_any("/files/{*file}", RouteRule::authenticated())
        .rule_for_any("/admin", admins())
        .rule_for_any("/admin/{*rest}", admins())
        .build()
        .unwrap();
    let user = HeaderValue::try_from(format!("Bearer {}", issuer.token_for("user").sign())).unwrap();
    Fixture { guard, user }
});

/// Judges a path, and tells whether a stranger was let in. The first byte chooses the method.
///
/// # Panics
///
/// If somebody is let in who must not be.
pub fn judge(bytes: &[u8]) -> bool {
    let Some((method, path)) = bytes.split_first() else { return false };
    let method = match method % 8 {
        0 | 1 => Method::GET,
        2 => Method::HEAD,
        3 => Method::POST,
        4 => Method::OPTIONS,
        5 => Method::DELETE,
        6 => Method::CONNECT,
        _ => Method::from_bytes(b"get").unwrap(),
    };
    let Ok(uri) = Uri::from_maybe_shared(Bytes::copy_from_slice(path)) else { return false };
    let request = |credential: Option<&HeaderValue>| {
        let mut request = Request::new(());
        *request.method_mut() = method.clone();
        *request.uri_mut() = uri.clone();
        request.headers_mut().extend(credential.map(|value| (AUTHORIZATION, value.clone())));
        request
    };
    let path = uri.path();

    let stranger = ask(&FIXTURE.guard, request(None)) == Answer::Reached(None);
    if stranger {
        assert!(is_plain(path), "{path:?} is let in and can be read in two ways");
        assert!(is_open(path), "{path:?} is let in and is not open");
    }
    if let Answer::Reached(_) = ask(&FIXTURE.guard, request(Some(&FIXTURE.user))) {
        assert!(!climbs(path), "{path:?} is let in and may lead anywhere");
        let admin = readings(path).into_iter().find(|path| is_for_admins(path));
        assert_eq!(admin, None, "{path:?} is let in and can be read as this");
    }
    stranger
}

/// Whether a stranger may be let in on this path, which can be read in one way only. What is for admins by one method is
/// for nobody in particular by the others, but not for strangers.
fn is_open(path: &str) -> bool {
    let segments: Vec<_> = path.split('/').skip(1).collect();
    match segments[..] {
        ["open"] => true,
        ["open", name] => !name.is_empty() && decoded(name) != "secret",
        ["maybe", name] => !name.is_empty(),
        ["static", ..] => segments.len() > 1 && path != "/static/",
        _ => false,
    }
}

fn is_for_admins(path: &str) -> bool {
    path == "/admin" || path.starts_with("/admin/")
}
