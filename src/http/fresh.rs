//! What routes ask for that give away or take away a way in: someone who has shown lately, and in full, who they are.

use ::axum::{
    body::Body,
    extract::{FromRef, FromRequestParts},
    http::request::Parts,
    response::{IntoResponse, Response},
};

use super::{FRESH, problem::Problem, state::AppState};
use crate::{
    Principal,
    account::{Accounts, Caller},
    error::Error,
    guard::{self, Rejection, Respond, RouteRule},
};

/// A caller who authenticated in the last ten minutes, with a second factor if their account has one.
///
/// The guard cannot know what the account has, so a route with a rule of [`RouteRule::fresh`] takes this in place of a
/// [`Caller`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct FreshCaller(pub(crate) Caller);

/// Why someone is no [`FreshCaller`].
pub(crate) enum NotFresh {
    /// They have to show again who they are.
    Denied(Rejection),
    /// It could not be found out.
    Failed(Error),
}

impl FreshCaller {
    /// The caller, if what the guard found out about them is enough.
    pub(crate) async fn of(accounts: &Accounts, caller: Caller, principal: &Principal) -> Result<Self, NotFresh> {
        let record = accounts.record_of(caller).await.map_err(NotFresh::Failed)?;
        let mut rule = RouteRule::fresh(FRESH).and(RouteRule::in_person());
        if record.second_factors.any() {
            rule = rule.and(RouteRule::second_factor());
        }
        let checked = rule.check(principal, accounts.inner().clock.as_ref());
        checked.map(|()| Self(caller)).map_err(|denied| NotFresh::Denied(denied.into()))
    }
}

impl IntoResponse for NotFresh {
    fn into_response(self) -> Response {
        match self {
            Self::Denied(rejection) => {
                let refused: Response<Body> = guard::ProblemDocument.respond(&rejection);
                refused
            }
            Self::Failed(error) => Problem::from(error).into_response(),
        }
    }
}

impl FromRequestParts<AppState> for FreshCaller {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Response> {
        let principal = Principal::from_request_parts(parts, state).await.map_err(IntoResponse::into_response)?;
        let caller = Caller::from_request_parts(parts, state).await.map_err(IntoResponse::into_response)?;
        Self::of(&Accounts::from_ref(state), caller, &principal).await.map_err(IntoResponse::into_response)
    }
}
