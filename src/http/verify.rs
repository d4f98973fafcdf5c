//! `GET /auth/verify`

use std::net::SocketAddr;

use ::axum::{
    Extension,
    body::Body,
    extract::{ConnectInfo, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header::CONTENT_LENGTH},
    response::{IntoResponse, Response},
};

use super::{origin::is_from_own_page, problem::Problem, query::Query, state::AppState};
use crate::{
    CredentialKind, Error, Principal,
    account::Caller,
    guard::{self, IDENTITY_HEADERS, Rejection, Respond, RouteRule},
};

/// What a proxy says the request's own method is, by either name.
static METHODS: [HeaderName; 2] =
    [HeaderName::from_static("x-forwarded-method"), HeaderName::from_static("x-original-method")];

/// Whether a proxy should let a request pass, and who it is from: for nginx, Caddy and Traefik, which ask this with the
/// headers of the request they have got.
///
/// The answer names the user in `Remote-User` (the user name), `Remote-Name`, `Remote-Email` (a verified one),
/// `Remote-Groups` (the roles, with commas between) and `X-Auth-Scopes` (with spaces between). In a value, whatever is not
/// printable ASCII is written as `%XX`, byte by byte in UTF-8, and so is `%`. What is empty is left out. A proxy has to take
/// these headers out of what clients send, or set them from this answer whatever it has.
#[utoipa::path(
    get, path = "/auth/verify", tag = "forward auth",
    params(("scope" = Option<String>, Query, description = "A scope that the request has to have")),
    responses(
        (
            status = 200, description = "Let it pass",
            headers(
                ("Remote-User" = String), ("Remote-Name" = String), ("Remote-Email" = String),
                ("Remote-Groups" = String), ("X-Auth-Scopes" = String),
            ),
        ),
        (status = 401, description = "No good credential", body = Problem),
        (status = 403, description = "`insufficient_scope`, or `cross_origin`", body = Problem),
        (status = 422, description = "`invalid_fields`", body = Problem),
    )
)]
pub(super) async fn verify(
    State(state): State<AppState>,
    caller: Caller,
    principal: Principal,
    query: Query,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    mut headers: HeaderMap,
) -> Result<Response, Problem> {
    if let Some(scope) = query.text("scope", crate::access::SCOPE_MAX)?
        && let Err(denied) = RouteRule::scopes([scope]).check(&principal, state.accounts().inner().clock.as_ref())
    {
        let refused: Response<Body> = guard::ProblemDocument.respond(&Rejection::from(denied));
        return Ok(refused);
    }
    if !peer.is_some_and(|Extension(ConnectInfo(peer))| state.addresses().trusts(peer.ip())) {
        for name in &METHODS {
            headers.remove(name);
        }
    }
    let own = state.accounts().config().public_url.to_string();
    if principal.credential() == CredentialKind::SessionCookie && could_be_ridden(&headers, &own) {
        let detail = "This can be asked for from this site's own pages only.";
        return Err(Problem::new(StatusCode::FORBIDDEN, "cross_origin", detail));
    }
    let user = state.accounts().profile(caller).await?;
    let email = user.email_verified_at.map(|_| user.email.to_ascii()).unwrap_or_default();
    let (groups, scopes) = (principal.roles().join(","), principal.scopes().to_string());
    let values = [user.username.as_str(), &user.name, &email, &groups, &scopes];
    let mut response = (StatusCode::OK, [(CONTENT_LENGTH, HeaderValue::from(0))]).into_response();
    for (name, value) in IDENTITY_HEADERS.into_iter().zip(values).filter(|(_, value)| !value.is_empty()) {
        let value = HeaderValue::try_from(encoded(value)).map_err(|error| Problem::from(Error::internal(error)))?;
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}

/// Whether a page of another site may have made the browser send this with its cookie, to change something. The method is
/// the one that the proxy states, and where it states none, any. A client that states one to pass for a reader has to be a
/// program, which has no one else's cookie.
fn could_be_ridden(headers: &HeaderMap, own_origin: &str) -> bool {
    let mut methods = METHODS.iter().flat_map(|name| headers.get_all(name)).peekable();
    let is_stated = methods.peek().is_some();
    if is_stated && methods.all(|method| matches!(method.as_bytes(), b"GET" | b"HEAD" | b"OPTIONS")) {
        return false;
    }
    !is_from_own_page(headers, own_origin)
}

/// A value that a header can hold, and that means one text.
fn encoded(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b' '..=b'~' if byte != b'%' => text.push(char::from(byte)),
            other => text.extend(["%", &format!("{other:02X}")]),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_nothing_in_it_that_a_header_cannot_hold() {
        assert_eq!(encoded("Ada Lovelace, 100%\r\nRemote-User: root"), "Ada Lovelace, 100%25%0D%0ARemote-User: root");
        assert_eq!(encoded("Ada Lövelace\u{7f}"), "Ada L%C3%B6velace%7F");
        for text in ["", "a%20b", "ä%", "\u{10ffff}"] {
            assert!(HeaderValue::try_from(encoded(text)).is_ok());
        }
    }

    #[test]
    fn cs_1_a_cookie_changes_something_from_the_sites_own_pages_only() {
        let ridden = |headers: &[(&'static str, &'static str)]| {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.append(*name, HeaderValue::from_static(value));
            }
            could_be_ridden(&map, "https://id.example")
        };
        let post = ("x-forwarded-method", "POST");
        for fine in [
            vec![("x-forwarded-method", "GET")],
            vec![("x-original-method", "HEAD"), ("sec-fetch-site", "cross-site")],
            vec![post, ("sec-fetch-site", "same-origin")],
            vec![post, ("origin", "https://id.example")],
        ] {
            assert!(!ridden(&fine), "{fine:?}");
        }
        for bad in [
            vec![],
            vec![post],
            vec![("x-forwarded-method", "GET"), post],
            vec![("x-forwarded-method", "GET"), ("x-original-method", "POST")],
            vec![("x-forwarded-method", "get")],
            vec![post, ("sec-fetch-site", "same-site"), ("origin", "https://id.example")],
            vec![post, ("origin", "https://evil.example")],
            vec![post, ("origin", "https://id.example"), ("origin", "https://id.example")],
            vec![
                post,
                ("sec-fetch-site", "same-origin"),
                ("sec-fetch-site", "cross-site"),
                ("origin", "https://id.example"),
            ],
        ] {
            assert!(ridden(&bad), "{bad:?}");
        }
    }
}
