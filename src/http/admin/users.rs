//! `/auth/admin/users`

use ::axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Named, roles::role_names};
use crate::{
    Error,
    access::Operator,
    account::{Accounts, Invitation, UserId, UserRecord},
    http::{
        fields::{Fields, both},
        hidden::hidden_in_debug,
        me::UserResponse,
        piece::Piece,
        problem::Problem,
        query::Query,
        time::rfc3339,
    },
    session::Device,
    store::{UserQuery, UserState},
};

/// An account, as administrators see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own, and the fields of a JSON answer")]
pub struct AdminUserResponse {
    /// What its owner sees of it.
    #[serde(flatten)]
    user: UserResponse,
    /// Whether it is shut.
    disabled: bool,
    /// Since when, in RFC 3339.
    disabled_at: Option<String>,
    /// When it was made.
    created_at: String,
    /// Whether a password alone does not open it.
    second_factor: bool,
    /// Whether its password has to be changed before it opens anything.
    must_change_password: bool,
    /// Whether its user asked for it and waits to be let in; to do that, send `disabled: false`.
    pending: bool,
}

/// A piece of the list of accounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AdminUsersResponse {
    /// The accounts, the newest first.
    pub items: Vec<AdminUserResponse>,
    /// What to send as `cursor` for the next piece, if there is one.
    pub next: Option<String>,
}

/// What to send to make an account for someone.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct CreateUserRequest {
    /// What they log in with.
    pub username: String,
    /// Where they are reached.
    pub email: String,
    /// A password to begin with, which they have to change. Without one, a link is mailed to them by which they set it.
    pub password: Option<String>,
    /// The name to show.
    pub name: Option<String>,
    /// The roles they have from the start.
    pub roles: Option<Vec<String>>,
}

/// What to send to change an account. What is absent stays.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct UpdateUserRequest {
    /// Whether it is shut.
    pub disabled: Option<bool>,
}

/// What to send to set someone's password.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct ResetPasswordRequest {
    /// The password, which they have to change.
    pub new_password: String,
}

hidden_in_debug!(CreateUserRequest, ResetPasswordRequest);

impl From<UserRecord> for AdminUserResponse {
    fn from(record: UserRecord) -> Self {
        let UserRecord { user, second_factors, must_change_password, pending, .. } = record;
        Self {
            disabled: user.disabled_at.is_some(),
            disabled_at: user.disabled_at.map(rfc3339),
            created_at: rfc3339(user.created_at),
            second_factor: second_factors.any(),
            must_change_password,
            pending,
            user: user.into(),
        }
    }
}

/// The accounts, or those that are looked for.
#[utoipa::path(
    get, path = "/auth/admin/users", tag = "administration",
    params(
        ("q" = Option<String>, Query, description = "What the user name, the address or the name has in it"),
        (
            "state" = Option<String>, Query, pattern = "^(active|disabled|pending)?$",
            description = "Only those that are `active`, `disabled`, or `pending`: their users wait to be let in",
        ),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "How many, from 1 to 100; 50 unless told"),
        ("cursor" = Option<String>, Query, description = "The `next` of the piece before"),
    ),
    responses(
        (status = 200, description = "The accounts", body = AdminUsersResponse),
        (status = 401, description = "No good token", body = Problem),
        (status = 403, description = "`insufficient_scope`: it takes `users:read`", body = Problem),
        (status = 422, description = "`invalid_fields`", body = Problem),
    )
)]
pub(in crate::http) async fn list(
    State(accounts): State<Accounts>,
    piece: Piece,
    query: Query,
) -> Result<Json<AdminUsersResponse>, Problem> {
    let text = query.text("q", 256)?.unwrap_or_default();
    let state = query.text("state", 16)?;
    let state = state.map(|name| UserState::parse(&name).ok_or(Error::field("state", "invalid_state"))).transpose()?;
    let query = UserQuery { text, state, after: piece.after(UserId::parse)?, limit: piece.limit() };
    let (users, next) = piece.cut(accounts.find_users(&query).await?, |last| last.user.id.to_string());
    Ok(Json(AdminUsersResponse { items: users.into_iter().map(Into::into).collect(), next }))
}

/// Makes an account for someone. They change its password when they first log in, or set it by a mailed link.
#[utoipa::path(
    post, path = "/auth/admin/users", tag = "administration", request_body = CreateUserRequest,
    responses(
        (status = 201, description = "Made", body = AdminUserResponse),
        (status = 401, description = "No good token, or `insufficient_user_authentication`", body = Problem),
        (
            status = 403, body = Problem,
            description = "`insufficient_scope`: it takes `users:write`, and every scope of the roles",
        ),
        (status = 409, description = "`username_taken` or `email_taken`", body = Problem),
        (status = 422, description = "`invalid_fields`", body = Problem),
        (status = 503, description = "`overloaded` or `unavailable`", body = Problem),
    )
)]
pub(in crate::http) async fn create(
    State(accounts): State<Accounts>,
    operator: Operator,
    device: Device,
    mut fields: Fields,
) -> Result<(StatusCode, Json<AdminUserResponse>), Problem> {
    let (username, email, password) = (fields.text("username"), fields.text("email"), fields.optional_text("password"));
    let name = fields.optional_text("name").unwrap_or_default();
    let roles = role_names(&fields.optional_texts("roles"));
    let administration = accounts.administer(&operator, &device);
    let user = if let Some(password) = password {
        let registration = accounts.registration(&username, &email, &password, &name);
        let (registration, roles) = fields.finish(both(registration, roles))?;
        administration.create_user(registration, roles).await?
    } else {
        let (invitation, roles) = fields.finish(both(Invitation::parse(&username, &email, &name), roles))?;
        administration.invite_user(invitation, roles).await?
    };
    Ok((StatusCode::CREATED, Json(accounts.user(user.id).await?.into())))
}

/// An account.
#[utoipa::path(
    get, path = "/auth/admin/users/{id}", tag = "administration",
    params(("id" = String, Path, description = "The user's id")),
    responses(
        (status = 200, description = "The account", body = AdminUserResponse),
        (status = 401, description = "No good token", body = Problem),
        (status = 403, description = "`insufficient_scope`: it takes `users:read`", body = Problem),
        (status = 404, description = "`not_found`", body = Problem),
    )
)]
pub(in crate::http) async fn show(
    State(accounts): State<Accounts>,
    Named(id): Named,
) -> Result<Json<AdminUserResponse>, Problem> {
    Ok(Json(accounts.user(id).await?.into()))
}

/// Shuts an account, or opens it again or for the first time.
///
/// An account that is shut has no sessions, and its tokens and API keys are refused.
#[utoipa::path(
    patch, path = "/auth/admin/users/{id}", tag = "administration", request_body = UpdateUserRequest,
    params(("id" = String, Path, description = "The user's id")),
    responses(
        (status = 200, description = "The account as it is now", body = AdminUserResponse),
        (status = 401, description = "No good token, or `insufficient_user_authentication`", body = Problem),
        (status = 403, description = "`insufficient_scope`", body = Problem),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`last_admin`", body = Problem),
        (status = 422, description = "`invalid_fields`", body = Problem),
    )
)]
pub(in crate::http) async fn update(
    State(accounts): State<Accounts>,
    operator: Operator,
    device: Device,
    Named(id): Named,
    mut fields: Fields,
) -> Result<Json<AdminUserResponse>, Problem> {
    let disabled = fields.optional_switch("disabled");
    fields.finish(Ok(()))?;
    if let Some(disabled) = disabled {
        accounts.administer(&operator, &device).set_disabled(id, disabled).await?;
    }
    Ok(Json(accounts.user(id).await?.into()))
}

/// Deletes an account. Its user name is never given to anyone again.
#[utoipa::path(
    delete, path = "/auth/admin/users/{id}", tag = "administration",
    params(("id" = String, Path, description = "The user's id")),
    responses(
        (status = 204, description = "Gone"),
        (status = 401, description = "No good token, or `insufficient_user_authentication`", body = Problem),
        (status = 403, description = "`insufficient_scope`", body = Problem),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`last_admin`", body = Problem),
    )
)]
pub(in crate::http) async fn remove(
    State(accounts): State<Accounts>,
    operator: Operator,
    device: Device,
    Named(id): Named,
) -> Result<StatusCode, Problem> {
    accounts.administer(&operator, &device).delete_user(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sets a password for someone who has lost theirs: their second factors are removed, every session and API key of theirs
/// ends, and the password has to be changed before it opens anything. Not for administrators: the command line can.
#[utoipa::path(
    post, path = "/auth/admin/users/{id}/reset-password", tag = "administration", request_body = ResetPasswordRequest,
    params(("id" = String, Path, description = "The user's id")),
    responses(
        (status = 204, description = "Set"),
        (status = 401, description = "No good token, or `insufficient_user_authentication`", body = Problem),
        (status = 403, description = "`insufficient_scope`, also for the password of an administrator", body = Problem),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 422, description = "`invalid_fields`", body = Problem),
        (status = 503, description = "`overloaded` or `unavailable`", body = Problem),
    )
)]
pub(in crate::http) async fn reset_password(
    State(accounts): State<Accounts>,
    operator: Operator,
    device: Device,
    Named(id): Named,
    mut fields: Fields,
) -> Result<StatusCode, Problem> {
    let new = fields.text("new_password");
    let new = fields.finish(accounts.screen_password("new_password", &new))?;
    accounts.administer(&operator, &device).reset_password(id, new).await?;
    Ok(StatusCode::NO_CONTENT)
}
