//! Stating rules on a builder.

use http::Method;

#[cfg(feature = "regex")]
use super::expression::Form;
use super::{
    builder::AuthLayerBuilder,
    error::{RuleError, RuleErrorKind},
    expression::Expression,
    lint,
    policy::{ExcludedMethods, Policy},
    protocol::Protocols,
    rule::RouteRule,
    statement::{Covers, Statement},
    table::RouteTable,
};

/// What has been stated so far. It is judged when it is complete.
#[derive(Debug, Default)]
pub(super) struct Stated {
    statements: Vec<Statement>,
    expressions: Vec<Result<Expression, RuleError>>,
    default: Option<RouteRule>,
    /// How many patterns are all that is protected, if that was said.
    only: Option<usize>,
}

impl<A, R> AuthLayerBuilder<A, R> {
    /// Lets everyone pass on paths that match this pattern, whatever the method.
    ///
    /// The pattern is axum's: `{id}` stands for one segment, `{*rest}` for all that is left. It matches whole segments:
    /// `/login` covers neither `/login/` nor `/login-history`. A path that is not in normal form is never excluded.
    pub fn exclude(self, pattern: impl Into<String>) -> Self {
        self.rule_for_any(pattern, RouteRule::public())
    }

    /// Lets everyone pass on paths that match this regular expression as a whole, whatever the method. Needs the feature
    /// `regex`.
    ///
    /// The expression is anchored at both ends, whether it says so or not: `/schema(/.*)?` covers `/schema` and
    /// `/schema/openapi.json`, and neither `/schemas` nor `/api/schema`. It is matched against the path as it came in
    /// and, where that has escapes, against what they decode to as well. It has to start with a slash and be of ASCII.
    /// It knows no look-around: what a negative look-ahead would do, [`only`](Self::only) does.
    ///
    /// A path that is not in normal form is never excluded, and neither is one for which a rule is stated. An expression
    /// says nothing about parameters: `/api/[^/]+` covers `/api/login` as well as `/api/7`. Prefer
    /// [`exclude`](Self::exclude), which takes the same time however many patterns there are. Each expression costs every
    /// request on a path without a rule 30 ns if there are ten, and about twice that if there are a hundred, which outgrow
    /// a processor's cache; `benches/guard.rs` measures it.
    #[cfg(feature = "regex")]
    pub fn exclude_regex(self, expression: impl AsRef<str>) -> Self {
        self.expression(expression.as_ref(), Form::Whole)
    }

    /// Lets everyone pass on paths some part of which matches this regular expression, as Litestar's `exclude` does.
    /// Needs the feature `regex`.
    ///
    /// **This is easy to get wrong.** `/login` covers `/api/login` and `/login-history` too, and whoever may choose a
    /// part of a path can put there what the expression looks for. It is here so that an expression which is in use
    /// elsewhere means the same here. Prefer [`exclude_regex`](Self::exclude_regex), of which everything but the anchors
    /// and the first slash holds here as well.
    #[cfg(feature = "regex")]
    pub fn exclude_regex_search(self, expression: impl AsRef<str>) -> Self {
        self.expression(expression.as_ref(), Form::Search)
    }

    /// Asks for a principal on paths that match one of these patterns, and lets everyone pass on all others.
    ///
    /// What is below a path includes the path: `/api/{*rest}` covers `/api` and `/api/` too. A path that is not in normal
    /// form asks for a principal in any case. Rules can be stated beside it, to ask for more or for less; a default rule
    /// cannot.
    ///
    /// This fails open: a path that is forgotten here is public. Where most of a service is protected,
    /// [`exclude`](Self::exclude) the rest instead.
    pub fn only<P: Into<String>>(mut self, patterns: impl IntoIterator<Item = P>) -> Self {
        let count = self.stated.only.get_or_insert(0);
        for pattern in patterns {
            *count += 1;
            self.stated.statements.extend(Statement::only(pattern.into()));
        }
        self
    }

    /// States the rule for this method on paths that match this pattern. `HEAD` follows `GET`.
    pub fn rule(self, method: Method, pattern: impl Into<String>, rule: RouteRule) -> Self {
        self.state(Covers::Method(method), pattern, rule)
    }

    /// States the rule on paths that match this pattern, for each method that has no rule of its own there.
    pub fn rule_for_any(self, pattern: impl Into<String>, rule: RouteRule) -> Self {
        self.state(Covers::EveryMethod, pattern, rule)
    }

    /// Sets the rule where none is stated. The default is [`RouteRule::authenticated`].
    pub fn default_rule(mut self, rule: RouteRule) -> Self {
        self.stated.default = Some(rule);
        self
    }

    /// Lets everyone pass on requests with these methods, and takes back the default, which is a CORS preflight only:
    /// `OPTIONS` with `Origin` and `Access-Control-Request-Method`. An empty list excludes nothing.
    pub fn exclude_methods(mut self, methods: impl IntoIterator<Item = Method>) -> Self {
        self.shared.policy.excluded = ExcludedMethods::These(methods.into_iter().collect());
        self
    }

    /// Guards these kinds of connections only. The default is every kind.
    ///
    /// Without [`Protocols::HTTP`], everyone passes where no rule is stated, except with a request that might be taken for
    /// a WebSocket handshake: any that has an `Upgrade` or a `Sec-WebSocket-…` header, and any `CONNECT`.
    ///
    /// Without [`Protocols::WEBSOCKET`], handshakes pass on the routes that [`websockets`](Self::websockets) names, and
    /// have to be named so. Every other request is guarded whatever its headers say, as anybody can send those of a
    /// handshake to a route that answers in plain HTTP.
    ///
    /// ```
    /// # use portcullis::{jwt::JwtVerifier, guard::RuleError};
    /// use portcullis::guard::{AuthLayer, Protocols};
    ///
    /// # fn build(verifier: JwtVerifier) -> Result<(), RuleError> {
    /// // The rooms ask for a token in the first message.
    /// let guard = AuthLayer::builder(verifier)
    ///     .protocols(Protocols::HTTP)
    ///     .websockets(["/rooms/{id}"])
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn protocols(mut self, guarded: Protocols) -> Self {
        self.shared.policy.protocols = guarded;
        self
    }

    /// Names the routes that serve WebSockets, on which handshakes pass because [`protocols`](Self::protocols) leaves
    /// WebSockets out. A handshake is a `GET` with all that RFC 6455 asks of it, or an extended `CONNECT` (RFC 8441).
    /// Other requests to these routes are guarded as anywhere.
    pub fn websockets<P: Into<String>>(self, patterns: impl IntoIterator<Item = P>) -> Self {
        let state = |builder: Self, pattern| builder.state(Covers::WebSocket, pattern, RouteRule::public());
        patterns.into_iter().fold(self, state)
    }

    /// Takes no notice of a [`RouteRule`] in the extensions of a request. By default it stands above the table.
    pub fn ignore_request_rules(mut self) -> Self {
        self.shared.policy.honours_request_rules = false;
        self
    }

    fn state(mut self, covers: Covers, pattern: impl Into<String>, rule: RouteRule) -> Self {
        self.stated.statements.push(Statement::new(covers, pattern.into(), rule));
        self
    }

    #[cfg(feature = "regex")]
    fn expression(mut self, text: &str, form: Form) -> Self {
        self.stated.expressions.push(Expression::new(text, form));
        self
    }
}

impl Stated {
    /// Puts what was stated into the policy, unless something is wrong with it.
    pub(super) fn put_into(self, policy: &mut Policy) -> Result<(), RuleError> {
        let default = match (self.only, self.default) {
            (None, default) => default.unwrap_or(RouteRule::authenticated()),
            (Some(0), _) => return Err(RuleError::new("only".to_owned(), RuleErrorKind::Empty)),
            (Some(_), None) => RouteRule::public(),
            (Some(_), Some(_)) => return Err(RuleError::new("default".to_owned(), lint::shadowed("only"))),
        };
        let expressions = self.expressions.into_iter().collect::<Result<_, _>>()?;
        policy.table = RouteTable::build(&self.statements, expressions, default)?;
        lint::judge_all(policy, &self.statements)
    }
}
