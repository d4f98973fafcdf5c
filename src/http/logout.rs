//! `POST /auth/logout`, `POST /auth/logout-all`

use ::axum::{extract::State, http::StatusCode};

use super::problem::Problem;
use crate::{
    account::{Accounts, Caller},
    session::Device,
};

/// Ends this session.
#[utoipa::path(
    post, path = "/auth/logout", tag = "session",
    responses((status = 204, description = "Ended"), (status = 401, description = "No good token", body = Problem))
)]
pub(super) async fn logout(
    State(accounts): State<Accounts>,
    caller: Caller,
    device: Device,
) -> Result<StatusCode, Problem> {
    accounts.logout(caller, &device).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends every session of the user.
#[utoipa::path(
    post, path = "/auth/logout-all", tag = "session",
    responses((status = 204, description = "Ended"), (status = 401, description = "No good token", body = Problem))
)]
pub(super) async fn logout_all(
    State(accounts): State<Accounts>,
    caller: Caller,
    device: Device,
) -> Result<StatusCode, Problem> {
    accounts.logout_everywhere(caller, &device).await?;
    Ok(StatusCode::NO_CONTENT)
}
