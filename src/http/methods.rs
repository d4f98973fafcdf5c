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
    /// Whether a passkey is a whole login.
    pub passkey: bool,
    /// Whether an authenticator app can be a second factor.
    pub totp: bool,
    /// Whether a security key can be a second factor.
    pub webauthn: bool,
    /// Who may register: `open`, `closed`, or `approval`.
    pub registration: &'static str,
}

/// What a login page should offer.
#[utoipa::path(
    get, path = "/auth/methods", tag = "login",
    responses((status = 200, description = "What is on offer", body = MethodsResponse))
)]
pub(super) async fn methods(State(accounts): State<Accounts>) -> Json<MethodsResponse> {
    Json(MethodsResponse {
        password: true,
        passkey: false,
        totp: true,
        webauthn: false,
        registration: accounts.config().registration.as_str(),
    })
}
