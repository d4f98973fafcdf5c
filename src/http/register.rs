//! `POST /auth/register`

use ::axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{fields::Fields, problem::Problem};
use crate::{
    account::{Accounts, Registered},
    session::Device,
};

/// What to send to register.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct RegisterRequest {
    /// 3 to 32 ASCII letters, digits, `.`, `_` and `-`.
    pub username: String,
    /// An e-mail address.
    pub email: String,
    /// A password that meets the policy.
    pub password: String,
    /// The name to show.
    pub name: Option<String>,
}

impl std::fmt::Debug for RegisterRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RegisterRequest").field("username", &self.username).finish_non_exhaustive()
    }
}

/// What was registered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RegisterResponse {
    /// The user name, as typed.
    pub username: String,
    /// The address, as typed.
    pub email: String,
    /// Whether the address is confirmed.
    pub email_verified: bool,
}

impl From<Registered> for RegisterResponse {
    fn from(made: Registered) -> Self {
        let (username, email) = (made.username.as_str().to_owned(), made.email.as_str().to_owned());
        Self { username, email, email_verified: false }
    }
}

/// Makes an account and mails a link that confirms its address. It is not logged in by that.
///
/// Where `require_verified_email` is set, an address that has an account gets the same answer, and its owner a mail.
#[utoipa::path(
    post, path = "/auth/register", tag = "account", request_body = RegisterRequest,
    responses(
        (status = 201, description = "Made", body = RegisterResponse),
        (status = 403, description = "`registration_closed`", body = Problem),
        (status = 409, description = "`username_taken` or `email_taken`", body = Problem),
        (status = 422, description = "`invalid_fields`", body = Problem),
        (status = 429, description = "`too_many_attempts`", body = Problem),
        (status = 503, description = "`overloaded` or `unavailable`", body = Problem),
    )
)]
pub(super) async fn register(
    State(accounts): State<Accounts>,
    device: Device,
    mut fields: Fields,
) -> Result<(StatusCode, Json<RegisterResponse>), Problem> {
    let (username, email, password) = (fields.text("username"), fields.text("email"), fields.text("password"));
    let name = fields.optional_text("name").unwrap_or_default();
    let registration = fields.finish(accounts.registration(&username, &email, &password, &name))?;
    let made = accounts.register(registration, &device).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}
