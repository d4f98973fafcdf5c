//! `POST /auth/refresh`

use ::axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{fields::Fields, problem::Problem, tokens::TokensResponse};
use crate::{
    Error, Scopes,
    account::Accounts,
    session::{Device, RefreshToken},
};

/// What to send to get the next tokens.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct RefreshRequest {
    /// The refresh token that came last.
    pub refresh_token: String,
    /// What the access token may do, if that is less than everything the user may: scopes with spaces between them.
    pub scope: Option<String>,
}

impl std::fmt::Debug for RefreshRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RefreshRequest").field("scope", &self.scope).finish_non_exhaustive()
    }
}

/// Exchanges a refresh token for the next one and an access token.
#[utoipa::path(
    post, path = "/auth/refresh", tag = "session", request_body = RefreshRequest,
    responses(
        (status = 200, description = "The next tokens", body = TokensResponse),
        (status = 400, description = "`invalid_request`: more scope than the user has", body = Problem),
        (status = 401, description = "`refresh_invalid`", body = Problem),
        (status = 422, description = "`invalid_fields`", body = Problem),
        (status = 429, description = "`too_many_attempts`", body = Problem),
        (status = 503, description = "`unavailable`", body = Problem),
    )
)]
pub(super) async fn refresh(
    State(accounts): State<Accounts>,
    device: Device,
    mut fields: Fields,
) -> Result<Json<TokensResponse>, Problem> {
    let token = fields.text("refresh_token");
    let scope = fields.optional_text("scope").as_deref().map(Scopes::parse);
    let token = fields.finish(RefreshToken::parse(&token).ok_or(Error::RefreshInvalid))?;
    Ok(Json(accounts.refresh(&token, scope, &device).await?.into()))
}
