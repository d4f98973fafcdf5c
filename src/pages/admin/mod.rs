//! `/account/admin`: the accounts in the hands of those who run the service, by the same functions and under the same
//! rules as `/auth/admin`.
//!
//! What changes something is on a page of its own, with a button. Whoever has not shown lately who they are is sent to do
//! that before they see it, so that nothing they type is lost.

pub(super) mod act;
pub(super) mod events;
pub(super) mod new_user;
pub(super) mod password;
pub(super) mod roles;
pub(super) mod user;
pub(super) mod user_roles;
pub(super) mod users;

use ::axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};
use serde::Serialize;

use super::{
    page::{Answer, Page, Trouble},
    visit::Visit,
};
use crate::{access::Operator, account::UserId, error::Error, principal::Principal};

/// What someone may do here: their pages show nothing else.
#[derive(Clone, Copy, Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own that templates ask")]
pub(super) struct May {
    see_users: bool,
    change_users: bool,
    change_roles: bool,
    see_events: bool,
}

impl May {
    pub(super) fn of(principal: Option<&Principal>) -> Self {
        let may = |scope| principal.is_some_and(|principal| principal.scopes().contains(scope));
        Self {
            see_users: may("users:read"),
            change_users: may("users:write"),
            change_roles: may("roles:write"),
            see_events: may("events:read"),
        }
    }

    /// The first page that someone may see, if there is any.
    pub(super) const fn home(self) -> Option<&'static str> {
        match self {
            Self { see_users: true, .. } => Some("/account/admin/users"),
            Self { change_roles: true, .. } => Some("/account/admin/roles"),
            Self { see_events: true, .. } => Some("/account/admin/events"),
            _ => None,
        }
    }
}

/// `/account/admin`: leads to the first page that someone may see.
pub(super) async fn show(visit: Visit) -> Answer {
    let home = May::of(visit.principal()).home().ok_or(Error::NotFound)?;
    Ok(visit.to(home).go())
}

/// A page in the making.
fn page<'a>(visit: &'a Visit, template: &'static str) -> Page<'a> {
    visit.page(template).with("may", May::of(visit.principal()))
}

/// Whoever administers: only someone who has shown lately, and in full, who they are.
async fn operator(visit: &Visit) -> Result<Operator, Trouble> {
    let caller = visit.fresh_caller().await?;
    let scopes = visit.principal().map(|principal| principal.scopes().clone());
    Ok(Operator::person(caller, scopes.unwrap_or_default()))
}

/// The user whom a path names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named(UserId);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Trouble> {
        // It may name something else beside them.
        let path = Path::<Vec<(String, String)>>::from_request_parts(parts, state).await.ok();
        let id = path.and_then(|Path(named)| named.into_iter().find(|(name, _)| name == "id"));
        let id = id.and_then(|(_, id)| UserId::parse(&id)).ok_or(Error::NotFound)?;
        Ok(Self(id))
    }
}

/// The path of a user's page.
fn page_of(user: UserId) -> String {
    format!("/account/admin/users/{user}")
}
