//! `POST /auth/change-password`

use ::axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    fields::{Fields, both},
    fresh::FreshCaller,
    hidden::hidden_in_debug,
    problem::Problem,
};
use crate::{
    Error, Principal,
    account::{Accounts, Caller},
    password::Password,
    session::Device,
};

/// What to send to change one's password.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct ChangePasswordRequest {
    /// The password now. Whoever has none leaves it out, within ten minutes of logging in.
    pub old_password: Option<String>,
    /// The password from now on.
    pub new_password: String,
}

hidden_in_debug!(ChangePasswordRequest);

/// Sets a new password and ends the user's other sessions. Whoever has none yet, because they log in with a passkey, sets
/// their first one with that alone while their login is fresh.
#[utoipa::path(
    post, path = "/auth/change-password", tag = "account",
    request_body = ChangePasswordRequest,
    responses(
        (status = 204, description = "Changed"),
        (status = 401, description = "No good token, or `insufficient_user_authentication`", body = Problem),
        (status = 403, description = "`invalid_password`", body = Problem),
        (status = 422, description = "`invalid_fields`", body = Problem),
        (status = 429, description = "`too_many_attempts`", body = Problem),
        (status = 503, description = "`overloaded` or `unavailable`", body = Problem),
    )
)]
pub(super) async fn change_password(
    State(accounts): State<Accounts>,
    caller: Caller,
    principal: Principal,
    device: Device,
    mut fields: Fields,
) -> Result<StatusCode, Response> {
    let refused = |error: Error| Problem::from(error).into_response();
    let new = accounts.screen_password("new_password", &fields.text("new_password"));
    let old = match fields.optional_text("old_password") {
        Some(old) => Password::parse(&old).map(Some).map_err(|problem| Error::field("old_password", problem.code())),
        None if accounts.has_password(caller).await.map_err(refused)? => Err(Error::field("old_password", "missing")),
        None => Ok(None),
    };
    let (old, new) = fields.finish(both(old, new)).map_err(refused)?;
    let changed = if let Some(old) = old {
        accounts.change_password(caller, old, new, &device).await
    } else {
        let fresh = FreshCaller::of(&accounts, caller, &principal).await;
        let FreshCaller(caller) = fresh.map_err(IntoResponse::into_response)?;
        accounts.add_password(caller, new, &device).await
    };
    changed.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}
