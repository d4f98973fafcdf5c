//! The layer, and what it shares among the services it makes.

use std::{fmt, sync::Arc};

use http::{HeaderValue, Request, Response, header::VARY};
use tower_layer::Layer;

use super::{
    audit::Audit,
    authenticate::AuthError,
    builder::AuthLayerBuilder,
    challenge::Challenges,
    credential::Sources,
    explain::Explanation,
    forward::{Forwarding, Returning},
    policy::Policy,
    rejection::{Addressee, Cause, Rejection},
    respond::{ProblemDocument, Respond},
    rule::RouteRule,
    service::AuthService,
    verdicts::{Passed, Verdicts},
};
use crate::{
    clock::{SharedClock, SystemClock},
    principal::Principal,
};

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
pub struct AuthLayer<A, R = ProblemDocument> {
    shared: Arc<Shared<A, R>>,
    rule: Option<RouteRule>,
}

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
    ///     r#"GET "/files/../a": authenticated (every rule; path not in normal form)"#,
    /// );
    /// # Ok(())
    /// # }
    /// ```
    pub fn explain<B>(&self, request: &Request<B>) -> Explanation {
        self.shared.policy.explain(request, self.rule.as_ref())
    }

    /// Everything that this layer asks, as a list for people.
    #[must_use]
    pub fn audit(&self) -> Audit {
        Audit::of(&self.shared.policy, self.rule.as_ref())
    }

    /// What this layer has decided so far, counted; with the counts of all that share them.
    #[must_use]
    pub fn verdicts(&self) -> &Verdicts {
        &self.shared.verdicts
    }

    pub(super) fn of(shared: Shared<A, R>) -> Self {
        Self { shared: Arc::new(shared), rule: None }
    }

    /// The same layer for a service behind one route, of which it is known already what it asks.
    ///
    /// This rule holds there instead of the table, of exclusions by path, and of a rule in a request's extensions.
    /// Excluded methods still pass, and on a path that is not in normal form a principal is asked for at least.
    ///
    /// ```
    /// # use portcullis::jwt::JwtVerifier;
    /// use std::time::Duration;
    /// use portcullis::guard::{AuthLayer, RouteRule};
    ///
    /// # fn build(verifier: JwtVerifier) {
    /// let guard = AuthLayer::new(verifier);
    /// let before_deletion = guard.with_rule(RouteRule::fresh(Duration::from_mins(10)));
    /// # }
    /// ```
    pub fn with_rule(&self, rule: RouteRule) -> Self {
        Self { shared: Arc::clone(&self.shared), rule: Some(rule) }
    }
}

impl<S, A, R> Layer<S> for AuthLayer<A, R> {
    type Service = AuthService<S, A, R>;

    fn layer(&self, inner: S) -> Self::Service {
        AuthService::new(inner, Arc::clone(&self.shared), self.rule.clone())
    }
}

impl<A, R> Clone for AuthLayer<A, R> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), rule: self.rule.clone() }
    }
}

impl<A, R> fmt::Debug for AuthLayer<A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthLayer").field("policy", &self.shared.policy).field("rule", &self.rule).finish()
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
    pub(super) verdicts: Verdicts,
}

impl<A> Shared<A, ProblemDocument> {
    pub(super) fn new(authenticate: A) -> Self {
        Self {
            authenticate,
            respond: ProblemDocument,
            policy: Policy::default(),
            sources: Sources::default(),
            forwarding: Forwarding::default(),
            challenges: Arc::default(),
            clock: SystemClock::shared(),
            verdicts: Verdicts::default(),
        }
    }
}

impl<A, R> Shared<A, R> {
    pub(super) fn answering<T>(self, respond: T) -> Shared<A, T> {
        let Self { authenticate, policy, sources, forwarding, challenges, clock, verdicts, .. } = self;
        Shared { authenticate, respond, policy, sources, forwarding, challenges, clock, verdicts }
    }

    /// The principal that was found for a request, if the rule lets it pass.
    pub(super) fn admit(&self, found: Result<Principal, AuthError>, rule: &RouteRule) -> Result<Principal, Cause> {
        let principal = found?;
        rule.check(&principal, self.clock.as_ref())?;
        self.verdicts.count_pass(principal.credential().into());
        Ok(principal)
    }

    /// Refuses a request. This is where every refusal is logged and counted, and nowhere else.
    pub(super) fn refuse<B>(&self, cause: impl Into<Cause>, to: Addressee) -> Response<B>
    where
        R: Respond<B>,
    {
        let rejection = Rejection::new(cause, &self.challenges, to);
        tracing::debug!(kind = rejection.kind().code(), reason = rejection.reason(), "request refused");
        self.verdicts.count_refusal(rejection.kind().code(), rejection.constant_reason());
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
        self.verdicts.count_pass(Passed::Anonymous);
        let to = Addressee::of(request);
        request.extensions_mut().insert(Rejection::new(Cause::NO_CREDENTIAL, &self.challenges, to));
    }
}
