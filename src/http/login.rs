//! `POST /auth/login`

use ::axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{fields::Fields, problem::Problem, tokens::TokensResponse};
use crate::{Error, account::Accounts, password::Password, session::Device};

/// What to send to log in.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct LoginRequest {
    /// A user name or an e-mail address, in any case. `identifier`, `username` and `email` are taken as well.
    pub name: String,
    /// The password.
    pub password: String,
    /// Whether to stay logged in for longer. Default: no.
    #[serde(default)]
    pub remember: bool,
}

impl std::fmt::Debug for LoginRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoginRequest").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Opens a session.
#[utoipa::path(
    post, path = "/auth/login", tag = "login", request_body = LoginRequest,
    responses(
        (status = 200, description = "Logged in", body = TokensResponse),
        (status = 401, description = "`invalid_credentials`", body = Problem),
        (status = 422, description = "`invalid_fields`", body = Problem),
        (status = 429, description = "`too_many_attempts`", body = Problem),
        (status = 503, description = "`overloaded` or `unavailable`", body = Problem),
    )
)]
pub(super) async fn login(
    State(accounts): State<Accounts>,
    device: Device,
    mut fields: Fields,
) -> Result<Json<TokensResponse>, Problem> {
    let name = fields.text_of("name", &["name", "identifier", "username", "email"]);
    let password = fields.text("password");
    let remember = fields.switch("remember");
    let password = Password::parse(&password).map_err(|problem| Error::field("password", problem.code()));
    let password = fields.finish(password)?;
    Ok(Json(accounts.login(&name, password, remember, &device).await?.into()))
}
