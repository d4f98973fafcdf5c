//! `/auth/admin/roles`, and `PUT /auth/admin/users/{id}/roles`

use ::axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Named, users::AdminUserResponse};
use crate::{
    Error,
    access::{Operator, Role, RoleName},
    account::Accounts,
    http::{fields::Fields, named::named, problem::Problem},
    session::Device,
};

/// A role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RoleResponse {
    /// Its name.
    pub name: String,
    /// All that it may do.
    pub scopes: Vec<String>,
}

/// The roles there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RolesResponse {
    /// All of them, by name.
    pub items: Vec<RoleResponse>,
    /// Always null: they come in one piece.
    pub next: Option<String>,
}

/// What to send to make or change a role.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RoleRequest {
    /// All that it may do from then on.
    pub scopes: Vec<String>,
}

/// What to send to give someone roles.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct UserRolesRequest {
    /// All the roles they have from then on.
    pub roles: Vec<String>,
}

impl From<Role> for RoleResponse {
    fn from(Role { name, scopes }: Role) -> Self {
        Self { name: name.to_string(), scopes: scopes.iter().map(str::to_owned).collect() }
    }
}

/// Reads what was typed as the names of roles. What cannot be a name is no role that exists.
pub(crate) fn role_names(typed: &[String]) -> Result<Vec<RoleName>, Error> {
    let names: Option<Vec<_>> = typed.iter().map(|name| RoleName::parse(name)).collect();
    names.ok_or(Error::field("roles", "unknown_role"))
}

/// Gives someone these roles and no others, in force on their next request.
#[utoipa::path(
    put, path = "/auth/admin/users/{id}/roles", tag = "administration", request_body = UserRolesRequest,
    params(("id" = String, Path, description = "The user's id")),
    responses(
        (status = 200, description = "The account as it is now", body = AdminUserResponse),
        (status = 401, description = "No good token, or `insufficient_user_authentication`", body = Problem),
        (
            status = 403, body = Problem,
            description = "`insufficient_scope`: it takes `roles:write`, and every scope that is given",
        ),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`last_admin`", body = Problem),
        (status = 422, description = "`invalid_fields`", body = Problem),
    )
)]
pub(in crate::http) async fn give(
    State(accounts): State<Accounts>,
    operator: Operator,
    device: Device,
    Named(id): Named,
    mut fields: Fields,
) -> Result<Json<AdminUserResponse>, Problem> {
    let roles = role_names(&fields.texts("roles"));
    let roles = fields.finish(roles)?;
    accounts.administer(&operator, &device).set_user_roles(id, roles).await?;
    Ok(Json(accounts.user(id).await?.into()))
}

/// The roles there are.
#[utoipa::path(
    get, path = "/auth/admin/roles", tag = "administration",
    responses(
        (status = 200, description = "The roles", body = RolesResponse),
        (status = 401, description = "No good token", body = Problem),
        (status = 403, description = "`insufficient_scope`: it takes `roles:write`", body = Problem),
    )
)]
pub(in crate::http) async fn list(State(accounts): State<Accounts>) -> Result<Json<RolesResponse>, Problem> {
    Ok(Json(RolesResponse { items: accounts.roles().await?.into_iter().map(Into::into).collect(), next: None }))
}

/// Makes a role, or lets one that is there do this and nothing else, in force on the next request of everyone who has it.
#[utoipa::path(
    put, path = "/auth/admin/roles/{role}", tag = "administration", request_body = RoleRequest,
    params(("role" = String, Path, description = "Its name: 1 to 64 ASCII letters, digits, `.`, `_`, `-` and `:`")),
    responses(
        (status = 200, description = "The role as it is now", body = RoleResponse),
        (status = 401, description = "No good token, or `insufficient_user_authentication`", body = Problem),
        (
            status = 403, body = Problem,
            description = "`insufficient_scope`: it takes `roles:write`, and every scope that is given",
        ),
        (status = 422, description = "`invalid_fields`", body = Problem),
    )
)]
pub(in crate::http) async fn set(
    State(accounts): State<Accounts>,
    operator: Operator,
    device: Device,
    role: Result<Path<String>, PathRejection>,
    mut fields: Fields,
) -> Result<Json<RoleResponse>, Problem> {
    let name = named(role, RoleName::parse).map_err(|_| Error::field("role", "invalid_role"));
    let scopes = fields.texts("scopes").into_iter().collect();
    let name = fields.finish(name)?;
    accounts.administer(&operator, &device).set_role(Role { name: name.clone(), scopes }).await?;
    let role = accounts.roles().await?.into_iter().find(|role| role.name == name).ok_or(Error::NotFound)?;
    Ok(Json(role.into()))
}

/// Deletes a role and takes it from everyone who has it.
#[utoipa::path(
    delete, path = "/auth/admin/roles/{role}", tag = "administration",
    params(("role" = String, Path, description = "Its name")),
    responses(
        (status = 204, description = "Gone"),
        (status = 401, description = "No good token, or `insufficient_user_authentication`", body = Problem),
        (status = 403, description = "`insufficient_scope`", body = Problem),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 422, description = "`invalid_fields`: `admin` is built in", body = Problem),
    )
)]
pub(in crate::http) async fn remove(
    State(accounts): State<Accounts>,
    operator: Operator,
    device: Device,
    role: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Problem> {
    accounts.administer(&operator, &device).delete_role(named(role, RoleName::parse)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
