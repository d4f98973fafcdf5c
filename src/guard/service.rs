//! The guarded service.

use std::{
    fmt, mem,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use tower_service::Service;

use super::{
    authenticate::Authenticate,
    credential::Found,
    forward::Returning,
    future::{ResponseFuture, Waiting},
    layer::Shared,
    rejection::{Addressee, Cause},
    respond::{ProblemDocument, Respond},
    rule::RouteRule,
    verdicts::Passed,
};
use crate::principal::Principal;

/// A service behind the guard. Made by [`AuthLayer`](super::AuthLayer).
pub struct AuthService<S, A, R = ProblemDocument> {
    inner: S,
    shared: Arc<Shared<A, R>>,
    rule: Option<RouteRule>,
}

impl<S, A, R> AuthService<S, A, R> {
    pub(super) fn new(inner: S, shared: Arc<Shared<A, R>>, rule: Option<RouteRule>) -> Self {
        Self { inner, shared, rule }
    }
}

impl<S, A, R, ReqBody, ResBody> Service<Request<ReqBody>> for AuthService<S, A, R>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    A: Authenticate,
    R: Respond<ResBody>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S, A, R, ReqBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let Self { inner, shared, rule } = self;
        // Only this guard says who a request is from, on routes where it does not ask as well.
        request.extensions_mut().remove::<Principal>();
        shared.forwarding.strip_headers(request.headers_mut());

        let rule = shared.policy.rule(&request, rule.as_ref());
        if rule.is_public() {
            shared.verdicts.count_pass(Passed::Public);
            shared.sources.mark_sensitive(request.headers_mut());
            shared.forwarding.strip_credentials(&shared.sources, request.headers_mut());
            return ResponseFuture::calling(inner.call(request), Returning::default());
        }
        let method = request.method().clone();
        let cause = match shared.sources.find(&method, request.headers_mut()) {
            Ok(Some(Found { presented, subprotocol })) => {
                let returning = shared.returning(subprotocol);
                match shared.authenticate.at_once(presented) {
                    Some(found) => match shared.admit(found, &rule) {
                        Ok(principal) => {
                            shared.forwarding.strip_credentials(&shared.sources, request.headers_mut());
                            request.extensions_mut().insert(principal);
                            return ResponseFuture::calling(inner.call(request), returning);
                        }
                        Err(cause) => cause,
                    },
                    None => match presented.read() {
                        Ok(credential) => {
                            let principal = shared.authenticate.authenticate(credential);
                            shared.forwarding.strip_credentials(&shared.sources, request.headers_mut());
                            let (rule, inner, shared) = (rule.into_owned(), take_ready(inner), Arc::clone(shared));
                            let waiting = Waiting { request, rule, inner, shared, returning };
                            return ResponseFuture::authenticating(principal, waiting);
                        }
                        Err(unusable) => unusable.into(),
                    },
                }
            }
            Ok(None) if rule.is_optional() => {
                shared.let_stranger_pass(&mut request);
                return ResponseFuture::calling(inner.call(request), shared.returning(None));
            }
            Ok(None) => Cause::NO_CREDENTIAL,
            Err(unusable) => unusable.into(),
        };
        // Whatever it holds ready is for someone else now: a place in a queue, a permit.
        drop(take_ready(inner));
        ResponseFuture::refused(shared.refuse(cause, Addressee::of(&request)))
    }
}

/// The service that was made ready. Its clone takes its place, and has yet to be asked.
fn take_ready<S: Clone>(inner: &mut S) -> S {
    let clone = inner.clone();
    mem::replace(inner, clone)
}

impl<S: Clone, A, R> Clone for AuthService<S, A, R> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), shared: Arc::clone(&self.shared), rule: self.rule.clone() }
    }
}

impl<S: fmt::Debug, A, R> fmt::Debug for AuthService<S, A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthService").field("inner", &self.inner).finish_non_exhaustive()
    }
}
