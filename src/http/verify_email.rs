//! `GET`, `POST /auth/verify-email`, `POST /auth/verify-email/resend`

use ::axum::{
    Json,
    extract::{RawQuery, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{fields::Fields, hidden::hidden_in_debug, mailed_token, problem::Problem};
use crate::{
    Error,
    account::{Accounts, Email},
    one_time::{Code, Purpose},
    session::Device,
};

/// What to send to confirm an address: the token of the link, or the address and the code.
#[derive(Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct VerifyEmailRequest {
    /// The token of the mailed link.
    pub token: Option<String>,
    /// The address, where a code is sent.
    pub email: Option<String>,
    /// The code from the mail.
    pub code: Option<String>,
}

hidden_in_debug!(VerifyEmailRequest);

/// Whether a link is still good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct LinkResponse {
    /// Whether its token can be used now.
    pub valid: bool,
}

/// What to send to have a mail sent to an address.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct EmailRequest {
    /// The address.
    pub email: String,
}

/// Says whether the link that confirms an address is still good. That does not use it up.
#[utoipa::path(
    get, path = "/auth/verify-email", tag = "mail",
    params(("token" = Option<String>, Query, description = "The token of the link")),
    responses((status = 200, description = "Whether it is good", body = LinkResponse))
)]
pub(super) async fn look(
    State(accounts): State<Accounts>,
    RawQuery(query): RawQuery,
) -> Result<Json<LinkResponse>, Problem> {
    let valid = match mailed_token::of_query(query.as_deref()) {
        Some(token) => accounts.is_live(Purpose::Verify, &token).await?,
        None => false,
    };
    Ok(Json(LinkResponse { valid }))
}

/// Confirms an address.
#[utoipa::path(
    post, path = "/auth/verify-email", tag = "mail", request_body = VerifyEmailRequest,
    responses(
        (status = 200, description = "Confirmed"),
        (status = 400, description = "`token_invalid`", body = Problem),
        (status = 422, description = "`invalid_fields`", body = Problem),
        (status = 429, description = "`too_many_attempts`", body = Problem),
    )
)]
pub(super) async fn verify(
    State(accounts): State<Accounts>,
    device: Device,
    mut fields: Fields,
) -> Result<StatusCode, Problem> {
    let code = fields.optional_text("code");
    let Some(code) = code else {
        accounts.verify_email(&mailed_token::of_body(fields)?, &device).await?;
        return Ok(StatusCode::OK);
    };
    let email = fields.text("email");
    let email = fields.finish(Email::parse(&email).ok_or(Error::field("email", "invalid_email")))?;
    let code = Code::parse(&code).ok_or(Error::TokenInvalid)?;
    accounts.verify_email_by_code(email, &code, &device).await?;
    Ok(StatusCode::OK)
}

/// Mails the link and the code again. The answer is the same for every address.
#[utoipa::path(
    post, path = "/auth/verify-email/resend", tag = "mail", request_body = EmailRequest,
    responses(
        (status = 202, description = "Heard"),
        (status = 422, description = "`invalid_fields`", body = Problem),
        (status = 429, description = "`too_many_attempts`", body = Problem),
    )
)]
pub(super) async fn resend(
    State(accounts): State<Accounts>,
    device: Device,
    mut fields: Fields,
) -> Result<StatusCode, Problem> {
    let email = fields.text("email");
    let email = fields.finish(Email::parse(&email).ok_or(Error::field("email", "invalid_email")))?;
    accounts.resend_verification(email, &device).await?;
    Ok(StatusCode::ACCEPTED)
}
