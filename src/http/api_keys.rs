//! `GET`, `POST /auth/api-keys`, `DELETE /auth/api-keys/{id}`, `POST /auth/api-keys/{id}/rotate`

use std::time::Duration;

use ::axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    fields::Fields, fresh::FreshCaller, hidden::hidden_in_debug, named::named, piece::Piece, problem::Problem,
    time::rfc3339,
};
use crate::{
    Principal,
    account::{Accounts, Caller},
    api_key::{API_KEY_OVERLAP, ApiKey, ApiKeyId, NewKey},
    session::Device,
};

/// One of the user's API keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ApiKeyResponse {
    /// The id, which is a part of the key.
    pub id: String,
    /// What the user calls it.
    pub name: String,
    /// What it may do, as far as the user may.
    pub scopes: Vec<String>,
    /// When it was made, in RFC 3339.
    pub created_at: String,
    /// When it stops being good.
    pub expires_at: String,
    /// When it was last used, to within an hour or so.
    pub last_used_at: Option<String>,
}

/// A piece of the list of the user's API keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ApiKeysResponse {
    /// The keys, the newest first.
    pub items: Vec<ApiKeyResponse>,
    /// What to send as `cursor` for the next piece, if there is one.
    pub next: Option<String>,
}

/// What to send to make an API key.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ApiKeyRequest {
    /// What to call it: 1 to 64 characters.
    pub name: String,
    /// What it may do: 1 to 32 scopes that the user holds.
    pub scopes: Vec<String>,
    /// For how many seconds it is good: from a minute to a year, a year unless told.
    pub expires_in: Option<u64>,
}

/// What to send to replace an API key.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RotateApiKeyRequest {
    /// For how many seconds more the one that is replaced is good: from an hour to a week, a day unless told.
    pub overlap: Option<u64>,
}

/// A new API key.
#[derive(Clone, Serialize, ToSchema)]
pub struct NewApiKeyResponse {
    /// What is known of it from now on.
    #[serde(flatten)]
    about: ApiKeyResponse,
    /// The key itself. It is shown this once.
    key: String,
}

hidden_in_debug!(NewApiKeyResponse);

impl From<ApiKey> for ApiKeyResponse {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id.to_string(),
            name: key.name,
            scopes: key.scopes.iter().map(str::to_owned).collect(),
            created_at: rfc3339(key.created_at),
            expires_at: rfc3339(key.expires_at),
            last_used_at: key.last_used_at.map(rfc3339),
        }
    }
}

/// The user's API keys.
#[utoipa::path(
    get, path = "/auth/api-keys", tag = "api keys",
    params(
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "How many, from 1 to 100; 50 unless told"),
        ("cursor" = Option<String>, Query, description = "The `next` of the piece before"),
    ),
    responses(
        (status = 200, description = "The keys", body = ApiKeysResponse),
        (status = 401, description = "No good token", body = Problem),
        (status = 422, description = "`invalid_fields`", body = Problem),
    )
)]
pub(super) async fn list(
    State(accounts): State<Accounts>,
    caller: Caller,
    piece: Piece,
) -> Result<Json<ApiKeysResponse>, Problem> {
    let keys = accounts.api_keys(caller, piece.after(ApiKeyId::parse)?, piece.limit()).await?;
    let (keys, next) = piece.cut(keys, |last| last.id.to_string());
    Ok(Json(ApiKeysResponse { items: keys.into_iter().map(Into::into).collect(), next }))
}

/// Makes an API key. It is sent as a bearer token or in `X-API-Key`, and may do what its scopes say, as far as its owner
/// may at the time.
#[utoipa::path(
    post, path = "/auth/api-keys", tag = "api keys", request_body = ApiKeyRequest,
    responses(
        (status = 201, description = "Made; the key is shown this once", body = NewApiKeyResponse),
        (status = 401, description = "No good token, or `insufficient_user_authentication`", body = Problem),
        (status = 403, description = "`insufficient_scope`: the user lacks one of the scopes", body = Problem),
        (status = 409, description = "`too_many_api_keys`", body = Problem),
        (status = 422, description = "`invalid_fields`", body = Problem),
    )
)]
pub(super) async fn create(
    State(accounts): State<Accounts>,
    principal: Principal,
    FreshCaller(caller): FreshCaller,
    device: Device,
    mut fields: Fields,
) -> Result<(StatusCode, Json<NewApiKeyResponse>), Problem> {
    let (name, scopes) = (fields.text("name"), fields.texts("scopes"));
    let lifetime = fields.optional_number("expires_in").map(Duration::from_secs);
    let new = fields.finish(NewKey::parse(&name, scopes.into_iter().collect(), lifetime))?;
    let (about, key) = accounts.create_api_key(caller, principal.scopes(), new, &device).await?;
    let body = NewApiKeyResponse { about: about.into(), key: key.expose().to_owned() };
    Ok((StatusCode::CREATED, Json(body)))
}

/// Makes an API key that takes the place of another one: it may do the same, for as long. The other one stays good for a
/// while, so that programs can be told.
#[utoipa::path(
    post, path = "/auth/api-keys/{id}/rotate", tag = "api keys", request_body = RotateApiKeyRequest,
    params(("id" = String, Path, description = "The key's id")),
    responses(
        (status = 201, description = "Made; the key is shown this once", body = NewApiKeyResponse),
        (status = 401, description = "No good token, or `insufficient_user_authentication`", body = Problem),
        (status = 404, description = "`not_found`: there is none, or it is not the user's", body = Problem),
        (status = 409, description = "`too_many_api_keys`", body = Problem),
        (status = 422, description = "`invalid_fields`", body = Problem),
    )
)]
pub(super) async fn rotate(
    State(accounts): State<Accounts>,
    FreshCaller(caller): FreshCaller,
    device: Device,
    id: Result<Path<String>, PathRejection>,
    mut fields: Fields,
) -> Result<(StatusCode, Json<NewApiKeyResponse>), Problem> {
    let id = named(id, ApiKeyId::parse)?;
    let overlap = fields.optional_number("overlap").map_or(API_KEY_OVERLAP, Duration::from_secs);
    fields.finish(Ok(()))?;
    let (about, key) = accounts.rotate_api_key(caller, id, overlap, &device).await?;
    let body = NewApiKeyResponse { about: about.into(), key: key.expose().to_owned() };
    Ok((StatusCode::CREATED, Json(body)))
}

/// Deletes one of the user's API keys. It is refused from the next request on.
#[utoipa::path(
    delete, path = "/auth/api-keys/{id}", tag = "api keys",
    params(("id" = String, Path, description = "The key's id")),
    responses(
        (status = 204, description = "Deleted"),
        (status = 401, description = "No good token, or `insufficient_user_authentication`", body = Problem),
        (status = 404, description = "`not_found`: there is none, or it is not the user's", body = Problem),
    )
)]
pub(super) async fn remove(
    State(accounts): State<Accounts>,
    FreshCaller(caller): FreshCaller,
    device: Device,
    id: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Problem> {
    accounts.delete_api_key(caller, named(id, ApiKeyId::parse)?, &device).await?;
    Ok(StatusCode::NO_CONTENT)
}
