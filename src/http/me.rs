//! `GET`, `PATCH`, `DELETE /auth/me`

use ::axum::{
    Json,
    extract::{FromRequestParts, State},
    http::{StatusCode, request::Parts},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{fields::Fields, fresh::FreshCaller, problem::Problem, state::AppState, time::rfc3339};
use crate::{
    Error, Principal,
    account::{Accounts, Caller, DisplayName, User},
    session::Device,
};

/// An account, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct UserResponse {
    /// The id: the `sub` of the user's tokens.
    pub id: String,
    /// The user name, as typed.
    pub username: String,
    /// The e-mail address, as typed.
    pub email: String,
    /// The name to show.
    pub name: String,
    /// Whether the address is confirmed.
    pub email_verified: bool,
    /// When it was, in RFC 3339.
    pub email_verified_at: Option<String>,
    /// The user's roles.
    pub roles: Vec<String>,
}

impl From<User> for UserResponse {
    fn from(user: User) -> Self {
        Self {
            id: user.id.to_string(),
            username: user.username.as_str().to_owned(),
            email: user.email.as_str().to_owned(),
            name: user.name,
            email_verified: user.email_verified_at.is_some(),
            email_verified_at: user.email_verified_at.map(rfc3339),
            roles: user.roles,
        }
    }
}

/// What to send to change one's profile. What is absent stays.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ProfileRequest {
    /// The name to show: at most 128 characters.
    pub name: Option<String>,
}

/// The caller's account.
#[utoipa::path(
    get, path = "/auth/me", tag = "account",
    responses(
        (status = 200, description = "The account", body = UserResponse),
        (status = 401, description = "No good token", body = Problem),
    )
)]
pub(super) async fn show(State(accounts): State<Accounts>, caller: Caller) -> Result<Json<UserResponse>, Problem> {
    Ok(Json(accounts.profile(caller).await?.into()))
}

/// Changes the caller's profile.
#[utoipa::path(
    patch, path = "/auth/me", tag = "account", request_body = ProfileRequest,
    responses(
        (status = 200, description = "The account as it is now", body = UserResponse),
        (status = 401, description = "No good token", body = Problem),
        (status = 422, description = "`invalid_fields`", body = Problem),
    )
)]
pub(super) async fn update(
    State(accounts): State<Accounts>,
    caller: Caller,
    device: Device,
    mut fields: Fields,
) -> Result<Json<UserResponse>, Problem> {
    let name = fields.optional_text("name");
    let name = name.map(|name| DisplayName::parse(&name).ok_or(Error::field("name", "invalid_name"))).transpose();
    let user = match fields.finish(name)? {
        Some(name) => accounts.rename(caller, name, &device).await?,
        None => accounts.profile(caller).await?,
    };
    Ok(Json(user.into()))
}

/// Deletes the caller's account. Its user name is never given to anyone again.
#[utoipa::path(
    delete, path = "/auth/me", tag = "account",
    responses(
        (status = 204, description = "Gone"),
        (status = 409, description = "`last_admin`", body = Problem),
        (status = 401, description = "No good token, or `insufficient_user_authentication`", body = Problem),
    )
)]
pub(super) async fn remove(
    State(accounts): State<Accounts>,
    FreshCaller(caller): FreshCaller,
    device: Device,
) -> Result<StatusCode, Problem> {
    accounts.delete_account(caller, &device).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let Some(principal) = parts.extensions.get::<Principal>() else {
            tracing::error!(path = parts.uri.path(), "no guard stands before this route");
            return Err(Problem::internal());
        };
        let caller = Self::of(principal).ok_or(Error::SessionEnded)?;
        state.accounts().saw(caller).await;
        Ok(caller)
    }
}
