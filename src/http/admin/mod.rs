//! `/auth/admin`: the accounts in the hands of those who run the service. The guard asks for the scope; what changes
//! something asks besides for someone who has shown lately, in person, who they are.

pub(super) mod events;
pub(super) mod memberships;
pub(super) mod roles;
pub(super) mod users;

use ::axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
    response::{IntoResponse, Response},
};

pub use self::{
    events::{EventResponse, EventsResponse},
    memberships::MembershipRequest,
    roles::{RoleRequest, RoleResponse, RolesResponse, UserRolesRequest},
    users::{AdminUserResponse, AdminUsersResponse, CreateUserRequest, ResetPasswordRequest, UpdateUserRequest},
};
use super::{fresh::FreshCaller, named::named, problem::Problem, state::AppState};
use crate::{Principal, access::Operator, account::UserId};

/// Whoever administers: a route that changes something takes this, which only a fresh caller comes to.
impl FromRequestParts<AppState> for Operator {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Response> {
        let FreshCaller(caller) = FreshCaller::from_request_parts(parts, state).await?;
        let principal = Principal::from_request_parts(parts, state).await.map_err(IntoResponse::into_response)?;
        Ok(Self::person(caller, principal.scopes().clone()))
    }
}

/// The user whom a path names.
pub(super) struct Named(UserId);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Ok(Self(named(Path::from_request_parts(parts, state).await, UserId::parse)?))
    }
}
