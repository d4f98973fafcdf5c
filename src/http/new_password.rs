//! `POST /auth/login/new-password`

use ::axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{fields::Fields, hidden::hidden_in_debug, problem::Problem, tokens::TokensResponse};
use crate::{Error, account::Accounts, flow::FlowId, session::Device};

/// What to send to finish a login that asks for a new password.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct NewPasswordRequest {
    /// What the login was answered.
    pub flow: String,
    /// The password from now on, which is not the one it was.
    pub new_password: String,
}

hidden_in_debug!(NewPasswordRequest);

/// Finishes a login with a new password, where one is asked for.
#[utoipa::path(
    post, path = "/auth/login/new-password", tag = "login", request_body = NewPasswordRequest,
    responses(
        (status = 200, description = "Logged in", body = TokensResponse),
        (status = 401, description = "`flow_invalid`", body = Problem),
        (status = 422, description = "`invalid_fields`; the same password again is `password_unchanged`", body = Problem),
        (status = 503, description = "`overloaded` or `unavailable`", body = Problem),
    )
)]
pub(super) async fn finish(
    State(accounts): State<Accounts>,
    device: Device,
    mut fields: Fields,
) -> Result<Json<TokensResponse>, Problem> {
    let (flow, new) = (fields.text("flow"), fields.text("new_password"));
    let new = fields.finish(accounts.screen_password("new_password", &new))?;
    let flow = FlowId::parse(&flow).ok_or(Error::FlowInvalid)?;
    Ok(Json(accounts.login_with_new_password(&flow, new, &device).await?.into()))
}
