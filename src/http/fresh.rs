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
    guard::{self, Rejection, Respond, RouteRule},
};

/// A caller who authenticated in the last ten minutes, with a second factor if their account has one.
///
/// The guard cannot know what the account has, so a route with a rule of [`RouteRule::fresh`] takes this in place of a
/// [`Caller`].
#[derive(Clone, Copy, Debug)]
pub(super) struct FreshCaller(pub(super) Caller);

impl FromRequestParts<AppState> for FreshCaller {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Response> {
        let principal = Principal::from_request_parts(parts, state).await.map_err(IntoResponse::into_response)?;
        let caller = Caller::from_request_parts(parts, state).await.map_err(IntoResponse::into_response)?;
        let accounts = Accounts::from_ref(state);
        let record = accounts.record_of(caller).await.map_err(|error| Problem::from(error).into_response())?;
        let mut rule = RouteRule::fresh(FRESH).and(RouteRule::in_person());
        if record.second_factors.any() {
            rule = rule.and(RouteRule::second_factor());
        }
        match rule.check(&principal, accounts.inner().clock.as_ref()) {
            Ok(()) => Ok(Self(caller)),
            Err(denied) => {
                let refused: Response<Body> = guard::Problem.respond(&Rejection::from(denied));
                Err(refused)
            }
        }
    }
}
