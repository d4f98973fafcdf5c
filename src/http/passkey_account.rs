//! `POST /auth/register/passkey/start`, `/finish`

use ::axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    ceremony::{CeremonyResponse, key_answer},
    fields::{Fields, both},
    problem::Problem,
    recovery_codes::shown,
    tokens::TokensResponse,
};
use crate::{
    Error,
    account::{Accounts, Email, Username},
    passkey::{NewAccount, PasskeyAccount},
    session::Device,
};

/// What to send to begin to register with a passkey and no password.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PasskeyRegisterRequest {
    /// The user name.
    pub username: String,
    /// The e-mail address.
    pub email: String,
}

/// What to send to register with a passkey.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct PasskeyRegisterFinishRequest {
    /// What the start was answered.
    pub flow: String,
    /// The new credential's `toJSON()`.
    #[schema(value_type = Object)]
    pub webauthn_response: serde_json::Value,
}

impl std::fmt::Debug for PasskeyRegisterFinishRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasskeyRegisterFinishRequest(…)")
    }
}

/// The tokens of the first session of a new account.
#[derive(Clone, Serialize, ToSchema)]
pub struct PasskeyRegisterResponse {
    #[serde(flatten)]
    tokens: TokensResponse,
    /// Ten codes for the day the passkey is lost. They are shown once.
    recovery_codes: Vec<String>,
}

impl std::fmt::Debug for PasskeyRegisterResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasskeyRegisterResponse").field("tokens", &self.tokens).finish_non_exhaustive()
    }
}

/// Begins to register with a passkey and no password.
#[utoipa::path(
    post, path = "/auth/register/passkey/start", tag = "register", request_body = PasskeyRegisterRequest,
    responses(
        (status = 200, description = "What to ask the browser for", body = CeremonyResponse),
        (status = 403, description = "`registration_closed`", body = Problem),
        (status = 404, description = "`not_found`: WebAuthn is off", body = Problem),
        (status = 409, description = "`username_taken` or `email_taken`", body = Problem),
        (status = 422, description = "`invalid_fields`", body = Problem),
        (status = 429, description = "`too_many_attempts`", body = Problem),
    )
)]
pub(super) async fn start(
    State(accounts): State<Accounts>,
    device: Device,
    mut fields: Fields,
) -> Result<Json<CeremonyResponse>, Problem> {
    let (username, email) = (fields.text("username"), fields.text("email"));
    let username = Username::parse(&username).ok_or(Error::field("username", "invalid_username"));
    let email = Email::parse(&email).ok_or(Error::field("email", "invalid_email"));
    let (username, email) = fields.finish(both(username, email))?;
    Ok(Json(accounts.start_passkey_account(NewAccount { username, email }, &device).await?.into()))
}

/// Registers with the passkey that the browser made, and logs in.
#[utoipa::path(
    post, path = "/auth/register/passkey/finish", tag = "register", request_body = PasskeyRegisterFinishRequest,
    responses(
        (status = 200, description = "Registered and logged in", body = PasskeyRegisterResponse),
        (status = 401, description = "`flow_invalid`", body = Problem),
        (status = 403, description = "`registration_closed`", body = Problem),
        (status = 409, description = "`username_taken` or `email_taken`", body = Problem),
        (status = 422, description = "`invalid_fields`: a response that does not hold is `invalid_response`", body = Problem),
    )
)]
pub(super) async fn finish(
    State(accounts): State<Accounts>,
    device: Device,
    mut fields: Fields,
) -> Result<Json<PasskeyRegisterResponse>, Problem> {
    let answer = key_answer(&mut fields);
    let answer = fields.finish(answer)?;
    let PasskeyAccount { login, recovery_codes } = accounts.finish_passkey_account(&answer, &device).await?;
    Ok(Json(PasskeyRegisterResponse { tokens: login.into(), recovery_codes: shown(&recovery_codes) }))
}
