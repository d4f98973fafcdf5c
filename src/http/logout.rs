//! `POST /auth/logout`, `POST /auth/logout-all`

use ::axum::{
    extract::State,
    http::{HeaderName, StatusCode},
};

use super::problem::Problem;
use crate::{
    account::{Accounts, Caller},
    session::Device,
};

/// What a browser is told after a logout: to forget what it keeps for this origin.
type Cleared = (StatusCode, [(HeaderName, &'static str); 1]);

const CLEARED: Cleared =
    (StatusCode::NO_CONTENT, [(HeaderName::from_static("clear-site-data"), r#""cookies", "storage""#)]);

/// Ends this session.
#[utoipa::path(
    post, path = "/auth/logout", tag = "session",
    responses((status = 204, description = "Ended"), (status = 401, description = "No good token", body = Problem))
)]
pub(super) async fn logout(
    State(accounts): State<Accounts>,
    caller: Caller,
    device: Device,
) -> Result<Cleared, Problem> {
    accounts.logout(caller, &device).await?;
    Ok(CLEARED)
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
) -> Result<Cleared, Problem> {
    accounts.logout_everywhere(caller, &device).await?;
    Ok(CLEARED)
}
