//! The answer to every way of logging in.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::UserResponse;
use crate::account::Login;

/// The tokens of a session.
#[derive(Clone, Serialize, ToSchema)]
pub struct TokensResponse {
    /// A signed JWT (RFC 9068), to be sent as `Authorization: Bearer …`.
    access_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// How many seconds the access token lives.
    expires_in: u64,
    /// What `/auth/refresh` exchanges for the next tokens, once.
    refresh_token: String,
    /// How many recovery codes are left, where there are so few that it is time for new ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery_codes_remaining: Option<u32>,
    /// Whose they are.
    user: UserResponse,
    /// Where else to go, by name, if the operator has stated that; after a login only.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    resources: BTreeMap<String, String>,
    /// What the service adds, if it does; after a login only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    data: Option<Map<String, Value>>,
}

impl std::fmt::Debug for TokensResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokensResponse").field("user", &self.user).finish_non_exhaustive()
    }
}

impl From<Login> for TokensResponse {
    fn from(login: Login) -> Self {
        Self {
            access_token: login.access_token.expose().to_owned(),
            token_type: "Bearer",
            expires_in: login.expires_in.as_secs(),
            refresh_token: login.refresh_token.expose().to_owned(),
            recovery_codes_remaining: login.recovery_codes_left,
            user: login.user.into(),
            resources: login.resources,
            data: login.data,
        }
    }
}
