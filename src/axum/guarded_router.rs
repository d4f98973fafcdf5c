//! The router on which every route has a rule.

use std::fmt;

use ::axum::{
    Router,
    body::Body,
    handler::Handler,
    routing::{MethodRouter, any},
};
use http::StatusCode;

use super::{
    guarded::Guarded,
    stated::{StatedRule, below},
};
use crate::guard::{AuthLayer, Authenticate, Respond, RouteRule};

/// A router in the making, on which a route cannot be without a rule.
///
/// It takes routes as [`axum::Router`](Router) does, each with what the guard asks there.
/// [`guard`](Self::guard) puts the guard before all of them and ends the making.
///
/// ```
/// # use portcullis::jwt::JwtVerifier;
/// use axum::{Router, routing::{delete, get}};
/// use portcullis::{Principal, axum::GuardedRouter, guard::{AuthLayer, RouteRule}};
///
/// async fn home() -> &'static str {
///     "hello"
/// }
///
/// async fn note(user: Principal) -> String {
///     format!("a note of {}", user.id())
/// }
///
/// # fn app(verifier: JwtVerifier) -> Router {
/// let notes = GuardedRouter::new()
///     .route("/{id}", get(note), RouteRule::scopes(["notes:read"]))
///     .route("/{id}", delete(note), RouteRule::scopes(["notes:write"]));
/// let app = GuardedRouter::new()
///     .route("/", get(home), RouteRule::public())
///     .nest("/notes", notes)
///     .guard(AuthLayer::new(verifier))
///     .into_router();
/// # app
/// # }
/// ```
///
/// A route without a rule does not compile:
///
/// ```compile_fail,E0061
/// # use axum::routing::get;
/// # use portcullis::{axum::GuardedRouter, guard::RouteRule};
/// # let router = GuardedRouter::<()>::new();
/// router.route("/", get(async || "hello"));
/// ```
///
/// while the same with one does:
///
/// ```
/// # use axum::routing::get;
/// # use portcullis::{axum::GuardedRouter, guard::RouteRule};
/// # let router = GuardedRouter::<()>::new();
/// router.route("/", get(async || "hello"), RouteRule::public());
/// ```
///
/// # Which rule holds
///
/// A rule belongs to the handlers it was stated with, and is tied to them: axum finds the route, and whatever it finds
/// is guarded by its own rule, so that no second look at the path can come to another end. The rest follows from that.
///
/// - **A nested or merged router** keeps its rules, and the guard judges the spelling of the whole path.
/// - **Several routes of one path** have a rule each, for their own methods. `HEAD` is answered by the handler of `GET`,
///   under its rule, unless it has one of its own.
/// - **A path without a route** asks for a principal, and is then 404, so that a stranger gets 401. Another rule and
///   another answer are stated with [`fallback`](Self::fallback).
/// - **A method without a handler** is 405 with `Allow` for whomever the rule lets through that was stated last for the
///   path, and 401 or 403 for others. [`method_not_allowed_fallback`](Self::method_not_allowed_fallback) answers it to
///   everyone. A fallback of a route itself, as `any` and `MethodRouter::fallback` set it, has the route's rule.
/// - **A CORS preflight** passes every rule, as it does before any other service: it reaches the handler of `OPTIONS` or
///   `any`, if there is one.
/// - **What the layer was told** of paths, with `exclude` or `rule`, is not asked here. A [`RouteRule`] in the
///   extensions of a request is not either.
#[must_use = "a router does nothing until it is guarded and served"]
pub struct GuardedRouter<S = ()> {
    parts: Vec<Part<S>>,
    rules: Vec<StatedRule>,
    has_fallback: bool,
    not_allowed: Option<MethodRouter<S>>,
}

/// One route or fallback, as a router that has nothing else. Until the guard is there it stands alone, as layers of a
/// router come after its routing: each rule needs a router of its own to be a layer of.
struct Part<S> {
    router: Router<S>,
    rule: RouteRule,
    /// The whole pattern of the route, for rules that depend on the path.
    path: Option<String>,
}

impl<S: Clone + Send + Sync + 'static> GuardedRouter<S> {
    /// A router without routes.
    pub fn new() -> Self {
        Self { parts: Vec::new(), rules: Vec::new(), has_fallback: false, not_allowed: None }
    }

    /// Adds a route, and states what is asked of a request to it. For another rule on another method of this path, the
    /// path is routed again.
    ///
    /// # Panics
    ///
    /// If axum cannot have such a path. Two handlers for one path and method panic in [`guard`](Self::guard).
    #[track_caller]
    pub fn route(mut self, path: &str, methods: MethodRouter<S>, rule: RouteRule) -> Self {
        self.rules.extend(StatedRule::of(path, &methods, &rule));
        self.with(Router::new().route(path, methods), rule, Some(path.to_owned()))
    }

    /// Answers requests to paths that have no route, and states what is asked of them. By default that is a principal,
    /// and the answer 404.
    pub fn fallback<H, T>(mut self, handler: H, rule: RouteRule) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        self.has_fallback = true;
        self.with(Router::new().fallback(handler), rule, None)
    }

    /// Answers everyone who sends a method that the path has no handler for; axum adds `Allow`. Strangers learn by it
    /// that the path exists. By default they do not.
    pub fn method_not_allowed_fallback<H, T>(mut self, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        self.not_allowed = Some(any(handler));
        self
    }

    /// Adds the routes of another router below a path, with their rules. Its handlers see the rest of the path, its
    /// fallback answers below that path only.
    ///
    /// # Panics
    ///
    /// If axum cannot nest at such a path.
    #[track_caller]
    pub fn nest(mut self, path: &str, inner: Self) -> Self {
        for part in inner.parts {
            let whole = part.path.map(|inner| below(path, &inner));
            self = self.with(Router::new().nest(path, part.router), part.rule, whole);
        }
        self.rules.extend(inner.rules.into_iter().map(|stated| stated.below(path)));
        self.not_allowed = self.not_allowed.or(inner.not_allowed);
        self
    }

    /// Adds the routes of another router, with their rules. Only one of the two may have a fallback.
    pub fn merge(mut self, other: Self) -> Self {
        self.parts.extend(other.parts);
        self.rules.extend(other.rules);
        self.has_fallback |= other.has_fallback;
        self.not_allowed = self.not_allowed.or(other.not_allowed);
        self
    }

    /// Gives the handlers their state.
    pub fn with_state<S2>(self, state: S) -> GuardedRouter<S2> {
        let of_state =
            |Part { router, rule, path }: Part<S>| Part { router: router.with_state(state.clone()), rule, path };
        GuardedRouter {
            parts: self.parts.into_iter().map(of_state).collect(),
            rules: self.rules,
            has_fallback: self.has_fallback,
            not_allowed: self.not_allowed.map(|route| route.with_state(state)),
        }
    }

    /// The rule of every route, in the order in which they were stated. Fallbacks are not among them.
    #[must_use]
    pub fn rules(&self) -> &[StatedRule] {
        &self.rules
    }

    /// Puts the guard before every route and fallback. After that no route can be added:
    ///
    /// ```compile_fail,E0599
    /// # use axum::routing::get;
    /// # use portcullis::{axum::GuardedRouter, guard::{AuthLayer, RouteRule}, jwt::JwtVerifier};
    /// # fn app(router: GuardedRouter, verifier: JwtVerifier) {
    /// let app = router.guard(AuthLayer::new(verifier)).route("/late", get(async || "hello"));
    /// # }
    /// ```
    ///
    /// while it can before:
    ///
    /// ```
    /// # use axum::routing::get;
    /// # use portcullis::{axum::GuardedRouter, guard::{AuthLayer, RouteRule}, jwt::JwtVerifier};
    /// # fn app(router: GuardedRouter, verifier: JwtVerifier) {
    /// let app = router.route("/early", get(async || "hello"), RouteRule::public()).guard(AuthLayer::new(verifier));
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// If two routes cannot stand in one axum router, if there are two fallbacks, or if a rule asks for a
    /// [member](RouteRule::member) of what is not in its route's path.
    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "a router takes its layers by value, this one too")]
    pub fn guard<A, R>(mut self, guard: AuthLayer<A, R>) -> Guarded<S>
    where
        A: Authenticate + Send + Sync + 'static,
        A::Future: Send,
        R: Respond<Body> + Send + Sync + 'static,
    {
        if !self.has_fallback {
            self = self.fallback(async || StatusCode::NOT_FOUND, RouteRule::authenticated());
        }
        let guarded = |Part { router, rule, path }: Part<S>| {
            let path = path.unwrap_or_default();
            let rule = rule.bound_to(&path);
            assert!(rule.is_complete(), "the rule {rule} names a parameter that is no segment of {path:?}");
            router.layer(guard.with_rule(rule))
        };
        let router = self.parts.into_iter().map(guarded).fold(Router::new(), Router::merge);
        Guarded::new(match self.not_allowed {
            // Not to ask anything, but to take out whatever says who the request is from.
            Some(answer) => router.method_not_allowed_fallback(answer.layer(guard.with_rule(RouteRule::public()))),
            None => router,
        })
    }

    fn with(mut self, router: Router<S>, rule: RouteRule, path: Option<String>) -> Self {
        self.parts.push(Part { router, rule, path });
        self
    }
}

impl<S: Clone + Send + Sync + 'static> Default for GuardedRouter<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Clone for GuardedRouter<S> {
    fn clone(&self) -> Self {
        let clone =
            |part: &Part<S>| Part { router: part.router.clone(), rule: part.rule.clone(), path: part.path.clone() };
        Self {
            parts: self.parts.iter().map(clone).collect(),
            rules: self.rules.clone(),
            has_fallback: self.has_fallback,
            not_allowed: self.not_allowed.clone(),
        }
    }
}

impl<S> fmt::Debug for GuardedRouter<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardedRouter").field("rules", &self.rules).finish_non_exhaustive()
    }
}
