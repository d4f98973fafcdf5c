//! Whoever can tell from a credential who a request is from.

use std::{
    borrow::Cow,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use super::credential::{Credential, Presented};
use crate::{
    jwt::{Issuers, JwtVerifier, TokenError, TokenErrorKind, Verification},
    principal::Principal,
};

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
/// use std::{collections::HashSet, pin::Pin, sync::Arc};
/// use portcullis::{Principal, guard::{AuthError, Authenticate, Credential}};
///
/// /// Lets in only those whose tokens `inner` takes, and whom nobody has banned.
/// struct Unbanned<A> {
///     inner: A,
///     banned: Arc<HashSet<String>>,
/// }
///
/// impl<A: Authenticate<Future: Send + 'static>> Authenticate for Unbanned<A> {
///     type Future = Pin<Box<dyn Future<Output = Result<Principal, AuthError>> + Send>>;
///
///     fn authenticate(&self, credential: Credential<'_>) -> Self::Future {
///         let found = self.inner.authenticate(credential);
///         let banned = Arc::clone(&self.banned);
///         Box::pin(async move {
///             let principal = found.await?;
///             if banned.contains(principal.id()) { Err(AuthError::invalid("banned")) } else { Ok(principal) }
///         })
///     }
/// }
/// ```
pub trait Authenticate {
    /// Resolves to the principal.
    type Future: Future<Output = Result<Principal, AuthError>>;

    /// Looks into who a credential belongs to.
    fn authenticate(&self, credential: Credential<'_>) -> Self::Future;

    /// The same where it can be told without waiting, else nothing, and then [`authenticate`](Self::authenticate) is asked.
    ///
    /// The guard asks this first. What is answered here costs least: the request need not be put aside, the service behind
    /// the guard not cloned, and a credential that is remembered not even read. Whoever never has an answer at hand leaves
    /// it out.
    fn at_once(&self, presented: Presented<'_>) -> Option<Result<Principal, AuthError>> {
        let _ = presented;
        None
    }
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
    /// The credential is good and has been used too often of late: 429.
    #[error("the credential has been used too often of late")]
    TooManyRequests {
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

/// Takes access tokens, in cookies too, and checks them at once, but for those whose key has to be fetched first.
impl Authenticate for JwtVerifier {
    type Future = TokenAuthentication;

    fn authenticate(&self, credential: Credential<'_>) -> Self::Future {
        TokenAuthentication(self.resolve(token_of(credential)))
    }

    fn at_once(&self, presented: Presented<'_>) -> Option<Result<Principal, AuthError>> {
        let found = self.at_hand(presented.as_bytes(), || presented.credential().map(token_of));
        found.map(|found| found.map_err(AuthError::from))
    }
}

/// Takes access tokens of several issuers, as a [`JwtVerifier`] takes those of one.
impl Authenticate for Issuers {
    type Future = TokenAuthentication;

    fn authenticate(&self, credential: Credential<'_>) -> Self::Future {
        TokenAuthentication(self.resolve(token_of(credential)))
    }

    fn at_once(&self, presented: Presented<'_>) -> Option<Result<Principal, AuthError>> {
        let found = self.at_hand(token_of(presented.credential()?));
        found.map(|found| found.map_err(AuthError::from))
    }
}

const fn token_of(credential: Credential<'_>) -> &str {
    let (Credential::Bearer(token) | Credential::Cookie { value: token, .. }) = credential;
    token
}

/// Resolves to the principal of an access token. It waits only where a key has to be fetched.
#[must_use = "a future does nothing until it is polled"]
pub struct TokenAuthentication(Verification);

impl Future for TokenAuthentication {
    type Output = Result<Principal, AuthError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map_err(AuthError::from)
    }
}

impl fmt::Debug for TokenAuthentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenAuthentication").finish_non_exhaustive()
    }
}

impl From<TokenError> for AuthError {
    fn from(error: TokenError) -> Self {
        match error.kind() {
            TokenErrorKind::KeysUnavailable { retry_after }
            | TokenErrorKind::RevocationsUnavailable { retry_after } => Self::Unavailable { retry_after },
            kind => Self::invalid(kind.as_str()),
        }
    }
}
