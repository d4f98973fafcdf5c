//! `POST /auth/change-email`, `POST /auth/confirm-email`, `POST /auth/undo-email`

use ::axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{fields::Fields, fresh::FreshCaller, hidden::hidden_in_debug, mailed_token, problem::Problem};
use crate::{
    Error,
    account::{Accounts, Email},
    session::Device,
};

/// What to send to have another address.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ChangeEmailRequest {
    /// The address from when it is confirmed.
    pub new_email: String,
}

/// The token of a mailed link.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct MailedTokenRequest {
    /// The token.
    pub token: String,
}

hidden_in_debug!(MailedTokenRequest);

/// Asks for another address, which gets a mail to confirm it. Until then the account keeps the one it has.
#[utoipa::path(
    post, path = "/auth/change-email", tag = "mail", request_body = ChangeEmailRequest,
    responses(
        (status = 202, description = "Heard"),
        (status = 401, description = "No good token, or `insufficient_user_authentication`", body = Problem),
        (status = 422, description = "`invalid_fields`", body = Problem),
        (status = 429, description = "`too_many_attempts`", body = Problem),
    )
)]
pub(super) async fn change(
    State(accounts): State<Accounts>,
    FreshCaller(caller): FreshCaller,
    device: Device,
    mut fields: Fields,
) -> Result<StatusCode, Problem> {
    let new = fields.text("new_email");
    let new = fields.finish(Email::parse(&new).ok_or(Error::field("new_email", "invalid_email")))?;
    accounts.change_email(caller, new, &device).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Gives the account its new address. The former one is told, and can undo it for seven days.
#[utoipa::path(
    post, path = "/auth/confirm-email", tag = "mail", request_body = MailedTokenRequest,
    responses(
        (status = 200, description = "Changed"),
        (status = 400, description = "`token_invalid`", body = Problem),
        (status = 422, description = "`invalid_fields`", body = Problem),
    )
)]
pub(super) async fn confirm(
    State(accounts): State<Accounts>,
    device: Device,
    fields: Fields,
) -> Result<StatusCode, Problem> {
    accounts.confirm_email(&mailed_token::of_body(fields)?, &device).await?;
    Ok(StatusCode::OK)
}

/// Gives the account back the address it had. Its sessions end, and a new password has to be set by mail.
#[utoipa::path(
    post, path = "/auth/undo-email", tag = "mail", request_body = MailedTokenRequest,
    responses(
        (status = 200, description = "Restored"),
        (status = 400, description = "`token_invalid`", body = Problem),
        (status = 422, description = "`invalid_fields`", body = Problem),
    )
)]
pub(super) async fn undo(
    State(accounts): State<Accounts>,
    device: Device,
    fields: Fields,
) -> Result<StatusCode, Problem> {
    accounts.undo_email(&mailed_token::of_body(fields)?, &device).await?;
    Ok(StatusCode::OK)
}
