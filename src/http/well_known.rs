//! `GET /.well-known/jwks.json`

use ::axum::{
    Json,
    extract::State,
    http::header::{CACHE_CONTROL, HeaderName},
    response::IntoResponse,
};

use super::state::AppState;

/// How long the key set may be cached. A key is published this long before it signs.
const CACHE: [(HeaderName, &str); 1] = [(CACHE_CONTROL, "public, max-age=300")];

/// The public keys that tokens are verified with, as a JWK set (RFC 7517). None for HS256.
#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "keys",
    responses((status = 200, description = "The key set", body = Object))
)]
pub(super) async fn jwks(State(state): State<AppState>) -> impl IntoResponse {
    (CACHE, Json(state.jwk_set().clone()))
}
