//! The layer, and what it shares among the services it makes.

use std::{fmt, sync::Arc};

use http::{HeaderValue, Request, Response, header::VARY};
use tower_layer::Layer;

use super::{
    builder::AuthLayerBuilder,
    challenge::Challenges,
    credential::Sources,
    forward::{Forwarding, Returning},
    policy::Policy,
    rejection::{Addressee, Cause, Rejection},
    respond::{Problem, Respond},
    service::AuthService,
};
use crate::clock::{SharedClock, SystemClock};

/// Authenticates every request to the services it wraps. The [module](super) tells how.
///
/// ```
/// # use portcullis::jwt::JwtVerifier;
/// use http::Method;
/// use portcullis::guard::{AuthLayer, RouteRule, RuleError};
///
/// # fn build(verifier: JwtVerifier) -> Result<(), RuleError> {
/// let guard = AuthLayer::builder(verifier)
///     .exclude("/healthz")
///     .rule(Method::GET, "/reports/{id}", RouteRule::scopes(["reports:read"]))
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a layer does nothing until it wraps a service"]
pub struct AuthLayer<A, R = Problem>(Arc<Shared<A, R>>);

impl<A> AuthLayer<A> {
    /// A layer that lets a request pass only if it has a good credential, whatever its path. Only CORS preflights pass
    /// without one.
    pub fn new(authenticate: A) -> Self {
        Self::of(Shared::new(authenticate))
    }

    /// Starts a layer with rules.
    pub fn builder(authenticate: A) -> AuthLayerBuilder<A> {
        AuthLayerBuilder::new(authenticate)
    }
}

impl<A, R> AuthLayer<A, R> {
    pub(super) fn of(shared: Shared<A, R>) -> Self {
        Self(Arc::new(shared))
    }
}

impl<S, A, R> Layer<S> for AuthLayer<A, R> {
    type Service = AuthService<S, A, R>;

    fn layer(&self, inner: S) -> Self::Service {
        AuthService::new(inner, Arc::clone(&self.0))
    }
}

impl<A, R> Clone for AuthLayer<A, R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<A, R> fmt::Debug for AuthLayer<A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AuthLayer").field(&self.0.policy).finish()
    }
}

/// What all services of one layer share.
pub(super) struct Shared<A, R> {
    pub(super) authenticate: A,
    pub(super) respond: R,
    pub(super) policy: Policy,
    pub(super) sources: Sources,
    pub(super) forwarding: Forwarding,
    pub(super) challenges: Arc<Challenges>,
    pub(super) clock: SharedClock,
}

impl<A> Shared<A, Problem> {
    pub(super) fn new(authenticate: A) -> Self {
        Self {
            authenticate,
            respond: Problem,
            policy: Policy::default(),
            sources: Sources::default(),
            forwarding: Forwarding::default(),
            challenges: Arc::default(),
            clock: SystemClock::shared(),
        }
    }
}

impl<A, R> Shared<A, R> {
    pub(super) fn answering<T>(self, respond: T) -> Shared<A, T> {
        let Self { authenticate, policy, sources, forwarding, challenges, clock, .. } = self;
        Shared { authenticate, respond, policy, sources, forwarding, challenges, clock }
    }

    /// Refuses a request. This is where every refusal is logged, and nowhere else.
    pub(super) fn refuse<B>(&self, cause: impl Into<Cause>, to: Addressee) -> Response<B>
    where
        R: Respond<B>,
    {
        let rejection = Rejection::new(cause, &self.challenges, to);
        tracing::debug!(kind = rejection.kind().code(), reason = rejection.reason(), "request refused");
        let mut response = self.respond.respond(&rejection);
        rejection.complete(&mut response);
        if let Some(vary) = self.sources.vary() {
            response.headers_mut().append(VARY, HeaderValue::clone(vary));
        }
        response
    }

    /// What is to be added to the response to a request whose credentials were looked for.
    pub(super) fn returning(&self, subprotocol: Option<&str>) -> Returning {
        Returning {
            vary: self.sources.vary().cloned(),
            subprotocol: subprotocol.and_then(|name| HeaderValue::from_str(name).ok()).map(Box::new),
        }
    }

    /// Lets a request pass without a principal, and remembers that it could have had one.
    pub(super) fn let_stranger_pass<B>(&self, request: &mut Request<B>) {
        let to = Addressee::of(request);
        request.extensions_mut().insert(Rejection::new(Cause::NO_CREDENTIAL, &self.challenges, to));
    }
}
