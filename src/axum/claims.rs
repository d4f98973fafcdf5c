//! The further claims of a token as an argument of a handler.

use ::axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    response::{IntoResponse, Response},
};
use http::{StatusCode, request::Parts};
use serde::de::DeserializeOwned;

use super::extract::{MissingPrincipal, refuse};
use crate::principal::Principal;

/// What the principal's credential claims beyond what a [`Principal`] tells, as a type of one's own.
///
/// ```
/// use portcullis::axum::Claims;
///
/// #[derive(serde::Deserialize)]
/// struct Tenancy {
///     tenant: String,
/// }
///
/// async fn projects(Claims(tenancy): Claims<Tenancy>) -> String {
///     format!("the projects of {}", tenancy.tenant)
/// }
/// ```
///
/// An `Option` of it is `None` for a stranger, and only for one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Claims<T>(pub T);

/// Why a handler that takes [`Claims`] got none.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum MissingClaims {
    /// There is no principal either.
    NoPrincipal(MissingPrincipal),
    /// The credential is good but does not say what the handler needs. The client is answered 403 `missing_claims`.
    Unreadable,
}

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Claims<T> {
    type Rejection = MissingClaims;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, MissingClaims> {
        let principal = <Principal as FromRequestParts<S>>::from_request_parts(parts, state).await;
        read(&principal.map_err(MissingClaims::NoPrincipal)?)
    }
}

impl<S: Sync, T: DeserializeOwned> OptionalFromRequestParts<S> for Claims<T> {
    type Rejection = MissingClaims;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, MissingClaims> {
        parts.extensions.get::<Principal>().map(read).transpose()
    }
}

fn read<T: DeserializeOwned>(principal: &Principal) -> Result<Claims<T>, MissingClaims> {
    principal.claims().map(Claims).map_err(|_| {
        // Without the error's own text, which quotes the claim.
        tracing::debug!(wanted = std::any::type_name::<T>(), "the token lacks claims that a handler takes");
        MissingClaims::Unreadable
    })
}

impl IntoResponse for MissingClaims {
    fn into_response(self) -> Response {
        match self {
            Self::NoPrincipal(missing) => missing.into_response(),
            Self::Unreadable => {
                refuse(StatusCode::FORBIDDEN, "The credential does not say what this needs to know.", "missing_claims")
            }
        }
    }
}
