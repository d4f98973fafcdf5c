//! Whoever can tell from a credential who a request is from.

use std::{
    borrow::Cow,
    future::{Future, Ready, ready},
    time::Duration,
};

use super::credential::Credential;
use crate::{jwt::JwtVerifier, principal::Principal};

/// Turns a credential into the principal it belongs to.
///
/// The guard asks for this before it looks at what the route's rule requires, so an implementation checks everything
/// about the credential itself in this order: is it genuine, do its claims hold, has it been revoked. It fails closed:
/// if it cannot tell, it answers [`AuthError::Unavailable`], and nobody passes.
///
/// One that needs to wait (for a database, for another service) names its own future, and copies out of the credential
/// what it has to keep. One can wrap another to add a check of its own:
///
/// ```
/// use std::future::{Ready, ready};
/// use portcullis::{Principal, guard::{AuthError, Authenticate, Credential}};
///
/// /// Lets in only those whose tokens `inner` takes, and whom nobody has banned.
/// struct Unbanned<A> {
///     inner: A,
///     banned: Vec<String>,
/// }
///
/// impl<A> Authenticate for Unbanned<A>
/// where
///     A: Authenticate<Future = Ready<Result<Principal, AuthError>>>,
/// {
///     type Future = Ready<Result<Principal, AuthError>>;
///
///     fn authenticate(&self, credential: Credential<'_>) -> Self::Future {
///         let found = self.inner.authenticate(credential).into_inner();
///         ready(match found {
///             Ok(principal) if self.banned.iter().any(|id| id == principal.id()) => Err(AuthError::invalid("banned")),
///             found => found,
///         })
///     }
/// }
/// ```
pub trait Authenticate {
    /// Resolves to the principal.
    type Future: Future<Output = Result<Principal, AuthError>>;

    /// Looks into who a credential belongs to.
    fn authenticate(&self, credential: Credential<'_>) -> Self::Future;
}

/// Why a credential yields no principal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// The credential is no good: forged, expired, revoked, meant for someone else, of an unknown kind. The client is
    /// told that much and no more: 401 `invalid_token`.
    #[error("the credential is not valid: {reason}")]
    Invalid {
        /// Which of these it is, for the log. It must not quote the credential.
        reason: Cow<'static, str>,
    },
    /// Whether the credential is good cannot be told now: 503.
    #[error("credentials cannot be checked now")]
    Unavailable {
        /// How long a client should wait before it tries again.
        retry_after: Duration,
    },
}

impl AuthError {
    /// The credential is no good, for this reason, which is logged and must not quote the credential.
    #[must_use]
    pub fn invalid(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Invalid { reason: reason.into() }
    }
}

/// Takes access tokens, in cookies too, and checks them without waiting for anything.
impl Authenticate for JwtVerifier {
    type Future = Ready<Result<Principal, AuthError>>;

    fn authenticate(&self, credential: Credential<'_>) -> Self::Future {
        let (Credential::Bearer(token) | Credential::Cookie { value: token, .. }) = credential;
        ready(self.principal(token).map_err(|error| AuthError::invalid(error.kind().as_str())))
    }
}
