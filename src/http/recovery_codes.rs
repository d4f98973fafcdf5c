//! `GET`, `POST /auth/recovery-codes`

use ::axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::{fresh::FreshCaller, hidden::hidden_in_debug, problem::Problem};
use crate::{
    account::{Accounts, Caller},
    recovery::RecoveryCodes,
    session::Device,
};

/// A set of recovery codes, shown once.
#[derive(Clone, Serialize, ToSchema)]
pub struct RecoveryCodesResponse {
    /// The codes, each good for one login in place of the second factor.
    recovery_codes: Vec<String>,
}

hidden_in_debug!(RecoveryCodesResponse);

/// How many recovery codes there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RecoveryCodesLeftResponse {
    /// How many are not spent.
    remaining: u32,
}

/// How many recovery codes the caller has left.
#[utoipa::path(
    get, path = "/auth/recovery-codes", tag = "second factor",
    responses(
        (status = 200, description = "How many", body = RecoveryCodesLeftResponse),
        (status = 401, description = "No good token", body = Problem),
    )
)]
pub(super) async fn show(
    State(accounts): State<Accounts>,
    caller: Caller,
) -> Result<Json<RecoveryCodesLeftResponse>, Problem> {
    Ok(Json(RecoveryCodesLeftResponse { remaining: accounts.recovery_codes_left(caller).await? }))
}

/// Makes a new set of recovery codes. The older ones are worthless from then on.
#[utoipa::path(
    post, path = "/auth/recovery-codes", tag = "second factor",
    responses(
        (status = 200, description = "The new set", body = RecoveryCodesResponse),
        (status = 401, description = "No good token, or `insufficient_user_authentication`", body = Problem),
        (status = 409, description = "`no_second_factor`", body = Problem),
    )
)]
pub(super) async fn replace(
    State(accounts): State<Accounts>,
    FreshCaller(caller): FreshCaller,
    device: Device,
) -> Result<Json<RecoveryCodesResponse>, Problem> {
    let codes = accounts.new_recovery_codes(caller, &device).await?;
    Ok(Json(RecoveryCodesResponse { recovery_codes: shown(&codes) }))
}

/// The codes as people read them.
pub(super) fn shown(codes: &RecoveryCodes) -> Vec<String> {
    codes.iter().map(|code| code.grouped().to_string()).collect()
}
