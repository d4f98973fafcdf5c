//! `POST /auth/login`

use ::axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    fields::{Fields, both},
    problem::Problem,
    second_factor::second_factor,
    tokens::TokensResponse,
};
use crate::{
    Error,
    account::{Accounts, Credentials},
    password::Password,
    session::Device,
};

/// What to send to log in.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct LoginRequest {
    /// A user name or an e-mail address, in any case. `identifier`, `username` and `email` are taken as well.
    pub name: String,
    /// The password.
    pub password: String,
    /// A code of the authenticator app, to log in with one request where the account asks for one: six digits, with
    /// blanks and hyphens as you like.
    pub two_fa_code: Option<String>,
    /// The answer of a key, to log in with one request: the credential's `toJSON()`.
    #[schema(value_type = Option<Object>)]
    pub webauthn_response: Option<serde_json::Value>,
    /// Beside that, what the login was answered that asked for it.
    pub flow: Option<String>,
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
        (status = 401, description = "`invalid_credentials` or `invalid_second_factor`", body = Problem),
        (
            status = 403, body = Problem,
            description = "Another step is needed: `second_factor_required`, `second_factor_enrolment_required` or \
                `password_change_required`",
        ),
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
    let flow = fields.optional_text("flow");
    let code = second_factor(&mut fields, flow.as_deref());
    let password = Password::parse(&password).map_err(|problem| Error::field("password", problem.code()));
    let (password, code) = fields.finish(both(password, code))?;
    let credentials = Credentials { name, password, code, remember };
    Ok(Json(accounts.login(credentials, &device).await?.into()))
}
