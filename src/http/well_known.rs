//! `GET /.well-known/jwks.json`

use ::axum::{
    extract::State,
    http::{
        HeaderMap, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
    },
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::state::AppState;
use crate::{secret::TokenHash, vault::KEY_SET_MAX_AGE};

/// The public keys that tokens are verified with, as a JWK set (RFC 7517). None for HS256.
#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "keys",
    params(("If-None-Match" = Option<String>, Header, description = "The `ETag` of a key set that is known")),
    responses(
        (status = 200, description = "The key set, good for five minutes; keys are in it before they sign", body = Object),
        (status = 304, description = "The key set is the one that is known"),
    )
)]
pub(super) async fn jwks(State(state): State<AppState>, request: HeaderMap) -> Response {
    let keys = state.keys().public_jwk_set().to_string();
    let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(TokenHash::of(keys.as_bytes()).as_bytes()));
    let cache = format!("public, max-age={}", KEY_SET_MAX_AGE.as_secs());
    let is_known = knows(&request, &tag);
    let headers = [(CACHE_CONTROL, cache), (ETAG, tag)];
    if is_known {
        (StatusCode::NOT_MODIFIED, headers).into_response()
    } else {
        (headers, [(CONTENT_TYPE, "application/json")], keys).into_response()
    }
}

/// Whether the client has what this tag stands for (RFC 9110, section 13.1.2). A tag that a proxy has weakened counts.
fn knows(request: &HeaderMap, tag: &str) -> bool {
    let fields = request.get_all(IF_NONE_MATCH).iter().filter_map(|field| field.to_str().ok());
    let mut known = fields.flat_map(|field| field.split(',')).map(str::trim);
    known.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}
