//! `GET /auth/methods`

use ::axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::account::Accounts;

/// What a login page should offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own, as the contract puts them")]
pub struct MethodsResponse {
    /// Whether people log in with a password.
    pub password: bool,
    /// Whether a passkey is a whole login. Not where the service is known by an IP address alone.
    pub passkey: bool,
    /// Whether an authenticator app can be a second factor.
    pub totp: bool,
    /// Whether a security key can be a second factor. Likewise.
    pub webauthn: bool,
    /// Who may register: `open` or `closed`.
    pub registration: &'static str,
}

/// What a login page should offer.
#[utoipa::path(
    get, path = "/auth/methods", tag = "login",
    responses((status = 200, description = "What is on offer", body = MethodsResponse))
)]
pub(super) async fn methods(State(accounts): State<Accounts>) -> Json<MethodsResponse> {
    #[cfg(feature = "webauthn")]
    let has_webauthn = accounts.has_webauthn();
    #[cfg(not(feature = "webauthn"))]
    let has_webauthn = false;
    Json(MethodsResponse {
        password: true,
        passkey: has_webauthn,
        totp: true,
        webauthn: has_webauthn,
        registration: accounts.config().registration.as_str(),
    })
}
