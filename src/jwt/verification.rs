//! A check that waits, but only where it must.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use super::TokenError;
use crate::principal::Principal;

/// Resolves to who a token is from. Made by [`JwtVerifier::resolve`](super::JwtVerifier::resolve).
///
/// Where the key of the token is known it is ready at once, and nothing is allocated for it. It may be dropped at any
/// time.
#[must_use = "a future does nothing until it is polled"]
pub struct Verification(State);

enum State {
    /// Empty once it has been polled.
    Done(Option<Result<Principal, TokenError>>),
    #[cfg(any(feature = "accounts", feature = "remote-jwks"))]
    Waiting(Pin<Box<dyn Future<Output = Result<Principal, TokenError>> + Send>>),
}

impl Verification {
    pub(super) fn done(found: Result<Principal, TokenError>) -> Self {
        Self(State::Done(Some(found)))
    }

    #[cfg(any(feature = "accounts", feature = "remote-jwks"))]
    pub(super) fn waiting(found: impl Future<Output = Result<Principal, TokenError>> + Send + 'static) -> Self {
        Self(State::Waiting(Box::pin(found)))
    }
}

impl Future for Verification {
    type Output = Result<Principal, TokenError>;

    #[cfg_attr(
        not(any(feature = "accounts", feature = "remote-jwks")),
        expect(unused_variables, reason = "a fixed ring is never waited for")
    )]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            State::Done(found) => found.take().map_or(Poll::Pending, Poll::Ready),
            #[cfg(any(feature = "accounts", feature = "remote-jwks"))]
            State::Waiting(found) => found.as_mut().poll(cx),
        }
    }
}

impl fmt::Debug for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verification").finish_non_exhaustive()
    }
}
