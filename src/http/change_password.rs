//! `POST /auth/change-password`

use ::axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    fields::{Fields, both},
    hidden::hidden_in_debug,
    problem::Problem,
};
use crate::{
    Error,
    account::{Accounts, Caller},
    password::Password,
    session::Device,
};

/// What to send to change one's password.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct ChangePasswordRequest {
    /// The password now.
    pub old_password: String,
    /// The password from now on.
    pub new_password: String,
}

hidden_in_debug!(ChangePasswordRequest);

/// Sets a new password and ends the user's other sessions.
#[utoipa::path(
    post, path = "/auth/change-password", tag = "account",
    request_body = ChangePasswordRequest,
    responses(
        (status = 204, description = "Changed"),
        (status = 401, description = "No good token", body = Problem),
        (status = 403, description = "`invalid_password`", body = Problem),
        (status = 422, description = "`invalid_fields`", body = Problem),
        (status = 429, description = "`too_many_attempts`", body = Problem),
        (status = 503, description = "`overloaded` or `unavailable`", body = Problem),
    )
)]
pub(super) async fn change_password(
    State(accounts): State<Accounts>,
    caller: Caller,
    device: Device,
    mut fields: Fields,
) -> Result<StatusCode, Problem> {
    let (old, new) = (fields.text("old_password"), fields.text("new_password"));
    let old = Password::parse(&old).map_err(|problem| Error::field("old_password", problem.code()));
    let new = accounts.screen_password("new_password", &new);
    let (old, new) = fields.finish(both(old, new))?;
    accounts.change_password(caller, old, new, &device).await?;
    Ok(StatusCode::NO_CONTENT)
}
