//! `/auth/admin/memberships/{resource}/{resource_id}/{user_id}`

use ::axum::{
    extract::{FromRequestParts, Path, State},
    http::{StatusCode, request::Parts},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Error,
    access::{Membership, Operator},
    account::{Accounts, UserId},
    http::{fields::Fields, problem::Problem},
    session::Device,
};

/// What to send to let someone in to a resource.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct MembershipRequest {
    /// How far: one of the levels there are.
    pub level: String,
}

/// Whose membership in what a path names.
pub(in crate::http) struct Place {
    resource: String,
    id: String,
    user: UserId,
}

impl<S: Send + Sync> FromRequestParts<S> for Place {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let named = Path::<(String, String, String)>::from_request_parts(parts, state).await.ok();
        let Path((resource, id, user)) = named.ok_or(Error::NotFound)?;
        let user = UserId::parse(&user).ok_or(Error::NotFound)?;
        Ok(Self { resource, id, user })
    }
}

/// Lets someone in to a resource up to a level, in force on their next request: they get the role
/// `<resource>-<resource_id>-<level>` and those of all levels below.
#[utoipa::path(
    put, path = "/auth/admin/memberships/{resource}/{resource_id}/{user_id}", tag = "administration",
    request_body = MembershipRequest,
    params(
        ("resource" = String, Path, description = "The kind: 1 to 32 ASCII letters, digits and `_`"),
        ("resource_id" = String, Path, description = "Which one: 1 to 64 of those, `.`, `:` and `-`"),
        ("user_id" = String, Path, description = "The user's id"),
    ),
    responses(
        (status = 204, description = "Let in"),
        (status = 401, description = "No good token, or `insufficient_user_authentication`", body = Problem),
        (status = 403, description = "`insufficient_scope`: it takes `roles:write`", body = Problem),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 422, description = "`invalid_fields`", body = Problem),
    )
)]
pub(in crate::http) async fn set(
    State(accounts): State<Accounts>,
    operator: Operator,
    device: Device,
    Place { resource, id, user }: Place,
    mut fields: Fields,
) -> Result<StatusCode, Problem> {
    let level = fields.text("level");
    let membership = Membership::parse(&resource, &id, &level, &accounts.config().membership_levels);
    let membership = fields.finish(membership.ok_or(Error::field("level", "invalid_membership")))?;
    accounts.administer(&operator, &device).set_membership(user, membership).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends someone's membership in a resource, in force on their next request.
#[utoipa::path(
    delete, path = "/auth/admin/memberships/{resource}/{resource_id}/{user_id}", tag = "administration",
    params(
        ("resource" = String, Path, description = "The kind"),
        ("resource_id" = String, Path, description = "Which one"),
        ("user_id" = String, Path, description = "The user's id"),
    ),
    responses(
        (status = 204, description = "Ended"),
        (status = 401, description = "No good token, or `insufficient_user_authentication`", body = Problem),
        (status = 403, description = "`insufficient_scope`: it takes `roles:write`", body = Problem),
        (status = 404, description = "`not_found`: they are no member", body = Problem),
    )
)]
pub(in crate::http) async fn end(
    State(accounts): State<Accounts>,
    operator: Operator,
    device: Device,
    Place { resource, id, user }: Place,
) -> Result<StatusCode, Problem> {
    accounts.administer(&operator, &device).end_membership(user, &resource, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
