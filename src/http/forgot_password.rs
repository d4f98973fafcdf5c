//! `POST /auth/forgot-password`

use ::axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{fields::Fields, problem::Problem};
use crate::{
    Error,
    account::{Accounts, Email, Username},
    password::Forgetful,
    session::Device,
};

/// What to send after forgetting a password: one of the two.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct ForgotPasswordRequest {
    /// The address of the account.
    pub email: Option<String>,
    /// Its user name.
    pub username: Option<String>,
}

/// Mails a link that sets a new password. The answer is the same for every name.
#[utoipa::path(
    post, path = "/auth/forgot-password", tag = "mail", request_body = ForgotPasswordRequest,
    responses(
        (status = 202, description = "Heard"),
        (status = 422, description = "`invalid_fields`", body = Problem),
        (status = 429, description = "`too_many_attempts`", body = Problem),
    )
)]
pub(super) async fn forgot_password(
    State(accounts): State<Accounts>,
    device: Device,
    mut fields: Fields,
) -> Result<StatusCode, Problem> {
    let (email, username) = (fields.optional_text("email"), fields.optional_text("username"));
    let who = match (email, username) {
        (Some(email), None) => Email::parse(&email).map(Forgetful::Email).ok_or(Error::field("email", "invalid_email")),
        (None, Some(name)) => {
            Username::parse(&name).map(Forgetful::Username).ok_or(Error::field("username", "invalid_username"))
        }
        (Some(_), Some(_)) => Err(Error::field("username", "one_too_many")),
        (None, None) => Err(Error::field("email", "missing")),
    };
    accounts.forgot_password(fields.finish(who)?, &device).await?;
    Ok(StatusCode::ACCEPTED)
}
