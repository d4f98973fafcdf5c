//! The layer, and what it shares among the services it makes.

use std::{fmt, sync::Arc};

use http::{Request, Response};
use tower_layer::Layer;

use super::{
    audit::Audit,
    builder::AuthLayerBuilder,
    explain::Explanation,
    policy::Policy,
    rejection::{Cause, Rejection},
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
    /// Which rule this request would meet, and why. No credential is looked at.
    ///
    /// ```
    /// # use portcullis::jwt::{JwtVerifier, KeyRing};
    /// use http::Request;
    /// use portcullis::guard::AuthLayer;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let verifier = JwtVerifier::new(KeyRing::hs256([7; 32])?).issuer("https://id.example").audience("notes");
    /// let guard = AuthLayer::builder(verifier).exclude("/files/{*path}").build()?;
    /// let explained = |path| Request::get(path).body(()).map(|request| guard.explain(&request).to_string());
    /// assert_eq!(explained("/files/a")?, r#"GET "/files/a": public (any method /files/{*path})"#);
    /// assert_eq!(
    ///     explained("/files/../a")?,
    ///     r#"GET "/files/../a": authenticated (any method /files/{*path}; default rule; path not in normal form)"#,
    /// );
    /// # Ok(())
    /// # }
    /// ```
    pub fn explain<B>(&self, request: &Request<B>) -> Explanation {
        self.0.policy.explain(request)
    }

    /// Everything that this layer asks, as a list for people.
    #[must_use]
    pub fn audit(&self) -> Audit {
        Audit::of(&self.0.policy)
    }

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
    pub(super) realm: Arc<str>,
    pub(super) clock: SharedClock,
}

impl<A> Shared<A, Problem> {
    pub(super) fn new(authenticate: A) -> Self {
        Self {
            authenticate,
            respond: Problem,
            policy: Policy::default(),
            realm: "restricted".into(),
            clock: SystemClock::shared(),
        }
    }
}

impl<A, R> Shared<A, R> {
    /// Refuses a request. This is where every refusal is logged, and nowhere else.
    pub(super) fn refuse<B>(&self, cause: impl Into<Cause>, to_head: bool) -> Response<B>
    where
        R: Respond<B>,
    {
        let rejection = Rejection::new(cause, &self.realm, to_head);
        tracing::debug!(kind = rejection.kind().code(), reason = rejection.reason(), "request refused");
        let mut response = self.respond.respond(&rejection);
        rejection.complete(&mut response);
        response
    }

    /// Lets a request pass without a principal, and remembers that it could have had one.
    pub(super) fn let_stranger_pass<B>(&self, request: &mut Request<B>) {
        let to_head = request.method() == http::Method::HEAD;
        request.extensions_mut().insert(Rejection::new(Cause::NO_CREDENTIAL, &self.realm, to_head));
    }
}
