//! Building a layer with rules.

use std::{fmt, sync::Arc};

use http::{HeaderName, Method};

use super::{
    credential::{OwnOrigins, Source, Sources},
    error::{RuleError, RuleErrorKind},
    layer::{AuthLayer, Shared},
    policy::ExcludedMethods,
    respond::Problem,
    rule::RouteRule,
    statement::Statement,
    table::RouteTable,
};
use crate::clock::SharedClock;

/// Builds an [`AuthLayer`] with rules. Made by [`AuthLayer::builder`].
#[must_use = "a builder does nothing until it is built"]
pub struct AuthLayerBuilder<A, R = Problem> {
    shared: Shared<A, R>,
    statements: Vec<Statement>,
    sources: Vec<Source>,
    own_origins: Vec<String>,
}

impl<A> AuthLayerBuilder<A> {
    pub(super) fn new(authenticate: A) -> Self {
        Self {
            shared: Shared::new(authenticate),
            statements: Vec::new(),
            sources: vec![Source::bearer()],
            own_origins: Vec::new(),
        }
    }
}

impl<A, R> AuthLayerBuilder<A, R> {
    /// Lets everyone pass on paths that match this pattern, whatever the method.
    ///
    /// The pattern is axum's: `{id}` stands for one segment, `{*rest}` for all that is left. It matches whole segments:
    /// `/login` covers neither `/login/` nor `/login-history`. A path that is not in normal form is never excluded.
    pub fn exclude(self, pattern: impl Into<String>) -> Self {
        self.rule_for_any(pattern, RouteRule::public())
    }

    /// States the rule for this method on paths that match this pattern. `HEAD` follows `GET`.
    pub fn rule(self, method: Method, pattern: impl Into<String>, rule: RouteRule) -> Self {
        self.state(Statement { method: Some(method), pattern: pattern.into(), rule })
    }

    /// States the rule on paths that match this pattern, for each method that has no rule of its own there.
    pub fn rule_for_any(self, pattern: impl Into<String>, rule: RouteRule) -> Self {
        self.state(Statement { method: None, pattern: pattern.into(), rule })
    }

    /// Sets the rule where none is stated. The default is [`RouteRule::authenticated`].
    pub fn default_rule(mut self, rule: RouteRule) -> Self {
        self.shared.policy.table.default = rule;
        self
    }

    /// Lets everyone pass on requests with these methods, and takes back the default, which is a CORS preflight only:
    /// `OPTIONS` with `Origin` and `Access-Control-Request-Method`. An empty list excludes nothing.
    pub fn exclude_methods(mut self, methods: impl IntoIterator<Item = Method>) -> Self {
        self.shared.policy.excluded = ExcludedMethods::These(methods.into_iter().collect());
        self
    }

    /// Takes no notice of a [`RouteRule`] in the extensions of a request. By default it stands above the table.
    pub fn ignore_request_rules(mut self) -> Self {
        self.shared.policy.honours_request_rules = false;
        self
    }

    /// Sets where credentials are looked for. The default is [`Source::bearer`] alone.
    ///
    /// Explicit ones are never weighed against each other; cookies count in the order in which they are given here.
    pub fn sources(mut self, sources: impl IntoIterator<Item = Source>) -> Self {
        self.sources = sources.into_iter().collect();
        self
    }

    /// Sets the origins of this site's own pages, such as `https://notes.example`. Only they can use a
    /// [cookie](Source::cookie) to change something where a browser does not send `Sec-Fetch-Site`. The default is none.
    pub fn own_origins<O: Into<String>>(mut self, origins: impl IntoIterator<Item = O>) -> Self {
        self.own_origins = origins.into_iter().map(Into::into).collect();
        self
    }

    /// Takes credentials out of requests before they go to the inner service, on public routes too: the headers and
    /// cookies they stand in, those that did not count as well. By default they stay, marked as
    /// [sensitive](http::HeaderValue::is_sensitive); a token among subprotocols never stays.
    pub fn strip_credentials(mut self) -> Self {
        self.shared.forwarding.strips_credentials = true;
        self
    }

    /// Takes these headers out of every request, on public routes too, also where `_` stands for `-` in their names.
    ///
    /// An inner service that takes a header's word for who a request is from needs this, or any client can claim to be
    /// anyone. [`IDENTITY_HEADERS`](super::IDENTITY_HEADERS) has the usual ones. The default is none.
    ///
    /// ```
    /// # use portcullis::{jwt::JwtVerifier, guard::RuleError};
    /// use portcullis::guard::{AuthLayer, IDENTITY_HEADERS};
    ///
    /// # fn build(verifier: JwtVerifier) -> Result<(), RuleError> {
    /// let guard = AuthLayer::builder(verifier).strip_headers(IDENTITY_HEADERS).build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn strip_headers(mut self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        self.shared.forwarding.stripped = names.into_iter().collect();
        self
    }

    /// Sets the realm that challenges name. The default is `restricted`. Only visible ASCII and spaces are sent.
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.shared.challenges).realm = realm.into();
        self
    }

    /// Sets the address of the protected resource's metadata, which challenges then name (RFC 9728 section 5.1), so that
    /// a client can find out where to get a token. By default they name none.
    pub fn resource_metadata(mut self, url: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.shared.challenges).resource_metadata = Some(url.into());
        self
    }

    /// Sets the clock that tells how long ago a user authenticated. The default is the machine's.
    pub fn clock(mut self, clock: SharedClock) -> Self {
        self.shared.clock = clock;
        self
    }

    /// Sets what a refused client is answered. The default is a [`Problem`] document.
    ///
    /// ```
    /// # use portcullis::{jwt::JwtVerifier, guard::RuleError};
    /// use portcullis::guard::{AuthLayer, Rejection};
    ///
    /// # fn build(verifier: JwtVerifier) -> Result<(), RuleError> {
    /// let guard = AuthLayer::builder(verifier)
    ///     .on_reject(|rejection: &Rejection| rejection.response(rejection.kind().code()))
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_reject<T>(self, respond: T) -> AuthLayerBuilder<A, T> {
        let Self { shared, statements, sources, own_origins } = self;
        AuthLayerBuilder { shared: shared.answering(respond), statements, sources, own_origins }
    }

    /// The layer.
    ///
    /// # Errors
    ///
    /// [`RuleError`] names the first rule that cannot be, and says why.
    pub fn build(mut self) -> Result<AuthLayer<A, R>, RuleError> {
        let policy = &mut self.shared.policy;
        if policy.excluded.names(&Method::HEAD) {
            return Err(RuleError::new("exclude_methods".to_owned(), RuleErrorKind::HeadFollowsGet));
        }
        policy.table = RouteTable::build(&self.statements, policy.table.default.clone())?;
        self.shared.sources = Sources::new(self.sources, OwnOrigins::new(self.own_origins)?)?;
        Arc::make_mut(&mut self.shared.challenges).schemes = self.shared.sources.schemes();
        Ok(AuthLayer::of(self.shared))
    }

    fn state(mut self, statement: Statement) -> Self {
        self.statements.push(statement);
        self
    }
}

impl<A, R> fmt::Debug for AuthLayerBuilder<A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthLayerBuilder").field("statements", &self.statements).finish_non_exhaustive()
    }
}
