//! The route table: which rule holds for a method and a path.
//!
//! Patterns are axum's, and are matched by the matcher that axum uses: `{id}` stands for one segment or the rest of
//! one, `{*rest}` for whatever is left, neither for nothing, and fixed text wins over `{id}`. However many rules there
//! are, one walk through the table finds the one that holds.
//!
//! A path that is stated for some methods is never covered by a wider exclusion for the others: with `GET /files/log`
//! in the table, excluding `/files/{*rest}` does not make `POST /files/log` public. There the wider rule and the
//! default rule hold both.

use http::Method;
use matchit::Router;

use super::{path::Spelling, rule::RouteRule};

/// Looks rules up. `statement.rs` builds it.
#[derive(Debug)]
pub(crate) struct RouteTable {
    /// The rule where none is stated.
    pub(super) default: RouteRule,
    /// All rules together, for paths that could lead anywhere.
    pub(super) every: RouteRule,
    pub(super) endpoints: Vec<Endpoint>,
    /// Every pattern. The number is that of its endpoint, here and below.
    pub(super) paths: Router<usize>,
    /// For each method that rules name, the patterns that have a rule for it.
    pub(super) by_method: Vec<(Method, Router<usize>)>,
    /// The patterns that have a rule for every method.
    pub(super) any_method: Router<usize>,
}

/// A pattern and the rules stated for it.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) pattern: String,
    pub(super) by_method: Vec<(Method, RouteRule)>,
    pub(super) any_method: Option<RouteRule>,
}

impl RouteTable {
    /// A table in which no rule is stated.
    pub(super) fn new(default: RouteRule) -> Self {
        let every = default.clone();
        let (paths, any_method) = (Router::new(), Router::new());
        Self { default, every, endpoints: Vec::new(), paths, by_method: Vec::new(), any_method }
    }

    /// The rule for a request: what every reading of its path asks.
    pub(crate) fn rule(&self, method: &Method, path: &Spelling<'_>) -> RouteRule {
        if path.leads_anywhere() {
            return self.every.clone();
        }
        path.readings().map(|path| self.read(method, path)).fold(RouteRule::public(), RouteRule::and)
    }

    /// What one reading of a path asks. Where nothing is stated for a path that ends in a slash, what is stated without
    /// the slash is asked on top of the default, as a layer further in may trim it.
    fn read(&self, method: &Method, path: &str) -> RouteRule {
        if let Some(endpoint) = self.endpoint(&self.paths, path) {
            return endpoint.rule(method).cloned().unwrap_or_else(|| self.stated_for_others(method, path));
        }
        let trimmed = path.strip_suffix('/').and_then(|path| self.endpoint(&self.paths, path));
        self.default_and(trimmed.and_then(|endpoint| endpoint.rule(method)))
    }

    /// What is asked of a method for which the path is not stated, while it is for other methods.
    fn stated_for_others(&self, method: &Method, path: &str) -> RouteRule {
        let own = self.by_method.iter().find(|(stated, _)| stated == method);
        let patterns = own.map_or(&self.any_method, |(_, patterns)| patterns);
        self.default_and(self.endpoint(patterns, path).and_then(|endpoint| endpoint.rule(method)))
    }

    fn default_and(&self, stated: Option<&RouteRule>) -> RouteRule {
        stated.cloned().into_iter().fold(self.default.clone(), RouteRule::and)
    }

    fn endpoint(&self, patterns: &Router<usize>, path: &str) -> Option<&Endpoint> {
        patterns.at(path).ok().and_then(|found| self.endpoints.get(*found.value))
    }
}

impl Endpoint {
    pub(super) fn rule(&self, method: &Method) -> Option<&RouteRule> {
        let own = self.by_method.iter().find(|(stated, _)| stated == method);
        own.map(|(_, rule)| rule).or(self.any_method.as_ref())
    }
}
