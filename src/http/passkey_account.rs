//! `POST /auth/register/passkey/start`, `/finish`

use ::axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    ceremony::{CeremonyResponse, key_answer},
    fields::{Fields, both},
    hidden::hidden_in_debug,
    problem::Problem,
    recovery_codes::shown,
    register::RegisterResponse,
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

hidden_in_debug!(PasskeyRegisterFinishRequest);

/// What was registered, and where the address need not be confirmed first, the tokens of the first session.
#[derive(Clone, Serialize, ToSchema)]
pub struct PasskeyRegisterResponse {
    #[serde(flatten)]
    registered: PasskeyRegistered,
    /// Ten codes for the day the passkey is lost. They are shown once.
    recovery_codes: Vec<String>,
}

/// Either of two answers to a registration.
#[derive(Clone, Serialize, ToSchema)]
#[serde(untagged)]
enum PasskeyRegistered {
    /// A first session.
    Session(Box<TokensResponse>),
    /// An account that opens by the mailed link.
    Waits(RegisterResponse),
}

hidden_in_debug!(PasskeyRegisterResponse);

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
///
/// Where `require_verified_email` is set nobody is logged in, and an address that has an account gets the same answer.
#[utoipa::path(
    post, path = "/auth/register/passkey/finish", tag = "register", request_body = PasskeyRegisterFinishRequest,
    responses(
        (status = 200, description = "Registered and logged in", body = PasskeyRegisterResponse),
        (status = 201, description = "Registered; the address has to be confirmed first", body = PasskeyRegisterResponse),
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
) -> Result<(StatusCode, Json<PasskeyRegisterResponse>), Problem> {
    let answer = key_answer(&mut fields);
    let answer = fields.finish(answer)?;
    let PasskeyAccount { registered, login, recovery_codes } =
        accounts.finish_passkey_account(&answer, &device).await?;
    let (status, registered) = match login {
        Some(login) => (StatusCode::OK, PasskeyRegistered::Session(Box::new(login.into()))),
        None => (StatusCode::CREATED, PasskeyRegistered::Waits(registered.into())),
    };
    Ok((status, Json(PasskeyRegisterResponse { registered, recovery_codes: shown(&recovery_codes) })))
}
