//! `POST /auth/reset-password`

use ::axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{fields::Fields, hidden::hidden_in_debug, mailed_token, problem::Problem};
use crate::{account::Accounts, session::Device};

/// What to send to set a new password with a mailed link.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct ResetPasswordConfirm {
    /// The token of the link.
    pub token: String,
    /// The password from now on.
    pub new_password: String,
}

hidden_in_debug!(ResetPasswordConfirm);

/// Sets a new password and ends every session of the user. It logs nobody in. A password that does not meet the policy
/// leaves the link good.
#[utoipa::path(
    post, path = "/auth/reset-password", tag = "mail", request_body = ResetPasswordConfirm,
    responses(
        (status = 204, description = "Set"),
        (status = 400, description = "`token_invalid`", body = Problem),
        (status = 422, description = "`invalid_fields`", body = Problem),
        (status = 429, description = "`too_many_attempts`", body = Problem),
        (status = 503, description = "`overloaded` or `unavailable`", body = Problem),
    )
)]
pub(super) async fn reset_password(
    State(accounts): State<Accounts>,
    device: Device,
    mut fields: Fields,
) -> Result<StatusCode, Problem> {
    let (token, new) = (fields.text("token"), fields.text("new_password"));
    let new = fields.finish(accounts.screen_password("new_password", &new))?;
    accounts.reset_password(&mailed_token::read(&token)?, new, &device).await?;
    Ok(StatusCode::NO_CONTENT)
}
