//! A principal as an argument of a handler.

use std::convert::Infallible;

use ::axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE},
    request::Parts,
};

use crate::{
    guard::{PROBLEM_JSON, ProblemDocument, Rejection, Respond, problem},
    principal::Principal,
};

/// Why a handler that takes a [`Principal`] got none.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum MissingPrincipal {
    /// The route lets strangers pass, and this was one. The client is answered what the guard would have answered had
    /// the route asked for a principal: 401 with a challenge.
    Stranger(Box<Rejection>),
    /// No guard stands before the route, or its rule there is public, so that nobody can ever pass. The client is
    /// answered 500, and the log says why.
    Unguarded,
}

/// The principal that the guard found.
impl<S: Sync> FromRequestParts<S> for Principal {
    type Rejection = MissingPrincipal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        if let Some(principal) = parts.extensions.get::<Self>() {
            return Ok(principal.clone());
        }
        let stranger = parts.extensions.get::<Rejection>();
        Err(stranger
            .map_or(MissingPrincipal::Unguarded, |rejection| MissingPrincipal::Stranger(rejection.clone().into())))
    }
}

/// The principal, if the guard found one. On a public route it does not look for one.
impl<S: Sync> OptionalFromRequestParts<S> for Principal {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
        Ok(parts.extensions.get::<Self>().cloned())
    }
}

impl IntoResponse for MissingPrincipal {
    fn into_response(self) -> Response {
        match self {
            Self::Stranger(rejection) => ProblemDocument.respond(&rejection),
            Self::Unguarded => {
                tracing::error!(
                    "a handler takes a Principal on a route where no guard looks for one: \
                     put the guard before it, and do not make the route public"
                );
                let detail = "Something is wrong here. It has been logged.";
                refuse(StatusCode::INTERNAL_SERVER_ERROR, detail, "internal")
            }
        }
    }
}

/// A problem document without a challenge, as another credential would not help.
pub(super) fn refuse(status: StatusCode, detail: &'static str, code: &'static str) -> Response {
    let headers = [(CONTENT_TYPE, PROBLEM_JSON), (CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (status, headers, problem(status, detail, code)).into_response()
}
