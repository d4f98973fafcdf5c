//! `POST /auth/login/passkey/start`, `/finish`

use ::axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    ceremony::{CeremonyResponse, key_answer},
    fields::Fields,
    hidden::hidden_in_debug,
    problem::Problem,
    tokens::TokensResponse,
};
use crate::{account::Accounts, session::Device};

/// What to send to log in with a passkey.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct PasskeyLoginRequest {
    /// What the start was answered.
    pub flow: String,
    /// The credential's `toJSON()`.
    #[schema(value_type = Object)]
    pub webauthn_response: serde_json::Value,
    /// Whether to stay logged in for longer. Default: no.
    #[serde(default)]
    pub remember: bool,
}

hidden_in_debug!(PasskeyLoginRequest);

/// Begins a login with a passkey. The options do for a button and, with `mediation: "conditional"`, for autofill.
#[utoipa::path(
    post, path = "/auth/login/passkey/start", tag = "login",
    responses(
        (status = 200, description = "What to ask the browser for", body = CeremonyResponse),
        (status = 404, description = "`not_found`: WebAuthn is off", body = Problem),
        (status = 503, description = "`unavailable`", body = Problem),
    )
)]
pub(super) async fn start(State(accounts): State<Accounts>, device: Device) -> Result<Json<CeremonyResponse>, Problem> {
    Ok(Json(accounts.start_passkey_login(&device).await?.into()))
}

/// Opens a session for the user whose passkey answered.
#[utoipa::path(
    post, path = "/auth/login/passkey/finish", tag = "login", request_body = PasskeyLoginRequest,
    responses(
        (status = 200, description = "Logged in", body = TokensResponse),
        (status = 401, description = "`invalid_credentials` or `flow_invalid`", body = Problem),
        (status = 403, description = "`password_change_required`", body = Problem),
        (status = 422, description = "`invalid_fields`", body = Problem),
        (status = 503, description = "`unavailable`", body = Problem),
    )
)]
pub(super) async fn finish(
    State(accounts): State<Accounts>,
    device: Device,
    mut fields: Fields,
) -> Result<Json<TokensResponse>, Problem> {
    let remember = fields.switch("remember");
    let answer = key_answer(&mut fields);
    let answer = fields.finish(answer)?;
    Ok(Json(accounts.finish_passkey_login(&answer, remember, &device).await?.into()))
}
