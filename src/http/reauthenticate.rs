//! `POST /auth/reauthenticate`

use ::axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    fields::{Fields, both},
    problem::Problem,
    second_factor::second_factor_code,
    tokens::TokensResponse,
};
use crate::{
    Error,
    account::{Accounts, Caller},
    password::Password,
    session::Device,
};

/// What to send to show again who one is.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct ReauthenticateRequest {
    /// The password.
    pub password: String,
    /// A code of the authenticator app, if the account has one.
    pub two_fa_code: Option<String>,
    /// A recovery code, in place of that.
    pub recovery_code: Option<String>,
}

impl std::fmt::Debug for ReauthenticateRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ReauthenticateRequest(…)")
    }
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
    let password = fields.text("password");
    let password = Password::parse(&password).map_err(|problem| Error::field("password", problem.code()));
    let code = second_factor_code(&mut fields, "two_fa_code");
    let (password, code) = fields.finish(both(password, code))?;
    Ok(Json(accounts.reauthenticate(caller, password, code, &device).await?.into()))
}
