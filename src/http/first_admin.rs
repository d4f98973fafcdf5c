//! `POST /auth/first-admin`

use ::axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{RegisterResponse, fields::Fields, mailed_token, problem::Problem};
use crate::{account::Accounts, session::Device};

/// What to send to make the first administrator.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct FirstAdminRequest {
    /// The token of the link that the server gave out when it started.
    pub token: String,
    /// 3 to 32 ASCII letters, digits, `.`, `_` and `-`.
    pub username: String,
    /// An e-mail address.
    pub email: String,
    /// A password that meets the policy.
    pub password: String,
    /// The name to show.
    pub name: Option<String>,
}

impl std::fmt::Debug for FirstAdminRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FirstAdminRequest").field("username", &self.username).finish_non_exhaustive()
    }
}

/// Makes the first administrator, for whoever has the link that the server gave out when it started without one. They are
/// not logged in by that.
#[utoipa::path(
    post, path = "/auth/first-admin", tag = "administration", request_body = FirstAdminRequest,
    responses(
        (status = 201, description = "Made", body = RegisterResponse),
        (status = 400, description = "`token_invalid`, also once there is an administrator", body = Problem),
        (status = 409, description = "`username_taken` or `email_taken`", body = Problem),
        (status = 422, description = "`invalid_fields`", body = Problem),
        (status = 503, description = "`overloaded` or `unavailable`", body = Problem),
    )
)]
pub(super) async fn make(
    State(accounts): State<Accounts>,
    device: Device,
    mut fields: Fields,
) -> Result<(StatusCode, Json<RegisterResponse>), Problem> {
    let (username, email, password) = (fields.text("username"), fields.text("email"), fields.text("password"));
    let name = fields.optional_text("name").unwrap_or_default();
    let token = fields.text("token");
    let registration = fields.finish(accounts.registration(&username, &email, &password, &name))?;
    let user = accounts.make_first_admin(&mailed_token::read(&token)?, registration, &device).await?;
    let body = RegisterResponse {
        email_verified: user.email_verified_at.is_some(),
        username: user.username.as_str().to_owned(),
        email: user.email.as_str().to_owned(),
    };
    Ok((StatusCode::CREATED, Json(body)))
}
