//! `POST /auth/reauthenticate`

use ::axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    fields::{Fields, both},
    hidden::hidden_in_debug,
    problem::Problem,
    second_factor::second_factor,
    tokens::TokensResponse,
};
use crate::{
    Error,
    account::{Accounts, Caller},
    password::Password,
    session::Device,
};
#[cfg(feature = "webauthn")]
use crate::{account::SecondFactorCode, passkey::CeremonyStart};

/// What to send to show again who one is.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct ReauthenticateRequest {
    /// The password. A passkey takes its place, and that of the second factor.
    pub password: Option<String>,
    /// A code of the authenticator app, if the account has one.
    pub two_fa_code: Option<String>,
    /// A recovery code, in place of that.
    pub recovery_code: Option<String>,
    /// The answer of a key: the credential's `toJSON()`. A passkey may stand alone.
    #[schema(value_type = Option<Object>)]
    pub webauthn_response: Option<serde_json::Value>,
    /// Beside that, what `/auth/reauthenticate/start` was answered.
    pub flow: Option<String>,
}

hidden_in_debug!(ReauthenticateRequest);

/// What to ask the browser for.
#[cfg(feature = "webauthn")]
#[derive(Clone, Serialize, ToSchema)]
pub struct ReauthenticateStartResponse {
    /// What to send back with the answer. It is good for five minutes, and for one answer.
    flow: String,
    /// What `PublicKeyCredential.parseRequestOptionsFromJSON` takes.
    #[schema(value_type = Object)]
    webauthn_options: serde_json::Value,
}

#[cfg(feature = "webauthn")]
hidden_in_debug!(ReauthenticateStartResponse);

/// Begins to ask the caller again who they are, for any of their keys.
#[cfg(feature = "webauthn")]
#[utoipa::path(
    post, path = "/auth/reauthenticate/start", tag = "session",
    responses(
        (status = 200, description = "What to ask the browser for", body = ReauthenticateStartResponse),
        (status = 401, description = "No good token", body = Problem),
        (status = 404, description = "`not_found`: WebAuthn is off", body = Problem),
        (status = 409, description = "`no_second_factor`: the user has no key", body = Problem),
    )
)]
pub(super) async fn start(
    State(accounts): State<Accounts>,
    caller: Caller,
    device: Device,
) -> Result<Json<ReauthenticateStartResponse>, Problem> {
    let CeremonyStart { flow, options } = accounts.start_reauthentication(caller, &device).await?;
    Ok(Json(ReauthenticateStartResponse { flow: flow.expose().to_owned(), webauthn_options: options }))
}

/// Continues the session under a new id, with tokens that say the user has authenticated now. The tokens it had before
/// are refused from then on.
#[utoipa::path(
    post, path = "/auth/reauthenticate", tag = "session", request_body = ReauthenticateRequest,
    responses(
        (status = 200, description = "The session's new tokens", body = TokensResponse),
        (status = 401, description = "No good token", body = Problem),
        (status = 403, description = "`invalid_password`, or `second_factor_required`", body = Problem),
        (status = 422, description = "`invalid_fields`", body = Problem),
        (status = 429, description = "`too_many_attempts`", body = Problem),
        (status = 503, description = "`overloaded` or `unavailable`", body = Problem),
    )
)]
pub(super) async fn reauthenticate(
    State(accounts): State<Accounts>,
    caller: Caller,
    device: Device,
    mut fields: Fields,
) -> Result<Json<TokensResponse>, Problem> {
    let flow = fields.optional_text("flow");
    let code = second_factor(&mut fields, flow.as_deref());
    #[cfg(feature = "webauthn")]
    if let Ok(Some(SecondFactorCode::Key(answer))) = &code
        && !fields.has("password")
    {
        let answer = fields.finish(Ok(answer))?;
        return Ok(Json(accounts.reauthenticate_with_passkey(caller, answer, &device).await?.into()));
    }
    let password = fields.text("password");
    let password = Password::parse(&password).map_err(|problem| Error::field("password", problem.code()));
    let (password, code) = fields.finish(both(password, code))?;
    Ok(Json(accounts.reauthenticate(caller, password, code, &device).await?.into()))
}
