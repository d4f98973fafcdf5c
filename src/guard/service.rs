//! The guarded service.

use std::{
    fmt, mem,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Method, Request, Response};
use tower_service::Service;

use super::{
    authenticate::Authenticate,
    credential,
    future::ResponseFuture,
    layer::Shared,
    rejection::Cause,
    respond::{Problem, Respond},
    rule::RouteRule,
};
use crate::principal::Principal;

/// A service behind the guard. Made by [`AuthLayer`](super::AuthLayer).
pub struct AuthService<S, A, R = Problem> {
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
        // Only this guard says who a request is from, on routes where it does not ask as well.
        request.extensions_mut().remove::<Principal>();
        let rule = self.shared.policy.rule(&request, self.rule.as_ref());
        if rule.is_public() {
            return ResponseFuture::calling(self.inner.call(request));
        }
        let to_head = request.method() == Method::HEAD;
        match credential::explicit(request.headers()) {
            Ok(Some(credential)) => {
                let principal = self.shared.authenticate.authenticate(credential);
                // The service that was made ready goes with the request; its clone has yet to be asked.
                let clone = self.inner.clone();
                let inner = mem::replace(&mut self.inner, clone);
                ResponseFuture::authenticating(principal, request, rule, inner, Arc::clone(&self.shared))
            }
            Ok(None) if rule.is_optional() => {
                self.shared.let_stranger_pass(&mut request);
                ResponseFuture::calling(self.inner.call(request))
            }
            Ok(None) => ResponseFuture::refused(self.shared.refuse(Cause::NO_CREDENTIAL, to_head)),
            Err(malformed) => ResponseFuture::refused(self.shared.refuse(malformed, to_head)),
        }
    }
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
