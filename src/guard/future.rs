//! The response of a guarded service, as it comes about.

use std::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::{
    authenticate::Authenticate, forward::Returning, layer::Shared, rejection::Addressee, respond::Respond,
    rule::RouteRule,
};

pin_project! {
    /// Resolves to the response of the inner service, or to the guard's refusal.
    ///
    /// Dropping it drops the request: nothing is left half done. Once it has resolved it must not be polled again.
    pub struct ResponseFuture<S, A, R, B>
    where
        S: Service<Request<B>>,
        A: Authenticate,
    {
        #[pin]
        state: State<S, A, R, B>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, A, R, B>
    where
        S: Service<Request<B>>,
        A: Authenticate,
    {
        Authenticating { #[pin] principal: A::Future, waiting: Option<Waiting<S, A, R, B>> },
        Calling { #[pin] response: S::Future, returning: Returning },
        Refused { response: Option<S::Response> },
    }
}

/// What waits for a principal.
pub(super) struct Waiting<S, A, R, B> {
    pub(super) request: Request<B>,
    pub(super) rule: RouteRule,
    pub(super) inner: S,
    pub(super) shared: Arc<Shared<A, R>>,
    pub(super) returning: Returning,
}

impl<S, A, R, B> ResponseFuture<S, A, R, B>
where
    S: Service<Request<B>>,
    A: Authenticate,
{
    pub(super) fn authenticating(principal: A::Future, waiting: Waiting<S, A, R, B>) -> Self {
        Self { state: State::Authenticating { principal, waiting: Some(waiting) } }
    }

    pub(super) fn calling(response: S::Future, returning: Returning) -> Self {
        Self { state: State::Calling { response, returning } }
    }

    pub(super) fn refused(response: S::Response) -> Self {
        Self { state: State::Refused { response: Some(response) } }
    }
}

impl<S, A, R, B, ResBody> Future for ResponseFuture<S, A, R, B>
where
    S: Service<Request<B>, Response = Response<ResBody>>,
    A: Authenticate,
    R: Respond<ResBody>,
{
    type Output = Result<Response<ResBody>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                StateProjection::Authenticating { principal, waiting } => {
                    let principal = ready!(principal.poll(cx));
                    // It is there: the state is another one once it has been taken.
                    let Some(Waiting { mut request, rule, mut inner, shared, returning }) = waiting.take() else {
                        return Poll::Pending;
                    };
                    match shared.admit(principal, &rule) {
                        Ok(principal) => {
                            request.extensions_mut().insert(principal);
                            State::Calling { response: inner.call(request), returning }
                        }
                        Err(cause) => {
                            let response = shared.refuse(cause, Addressee::of(&request));
                            State::Refused { response: Some(response) }
                        }
                    }
                }
                StateProjection::Calling { response, returning } => {
                    let mut response = ready!(response.poll(cx))?;
                    mem::take(returning).complete(&mut response);
                    return Poll::Ready(Ok(response));
                }
                StateProjection::Refused { response } => {
                    return response.take().map_or(Poll::Pending, |response| Poll::Ready(Ok(response)));
                }
            };
            state.set(next);
        }
    }
}

impl<S, A, R, B> fmt::Debug for ResponseFuture<S, A, R, B>
where
    S: Service<Request<B>>,
    A: Authenticate,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
