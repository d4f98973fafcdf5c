//! The route table: which rule holds for a method and a path.
//!
//! Patterns are axum's, and are matched by the matcher that axum uses: `{id}` stands for one segment or the rest of
//! one, `{*rest}` for whatever is left, neither for nothing, and fixed text wins over `{id}`. However many rules there
//! are, one walk through the table finds the one that holds. Expressions are asked one by one, and only about a path
//! that no pattern matches.
//!
//! A path that is stated for some methods is never covered by a wider exclusion for the others: with `GET /files/log`
//! in the table, excluding `/files/{*rest}` does not make `POST /files/log` public. There the wider rule and the
//! default rule hold both.

use std::borrow::Cow;

use http::Method;
use matchit::Router;

use super::{
    explain::{Note, Reason},
    expression::Expression,
    path::Spelling,
    rule::RouteRule,
};

static PUBLIC: RouteRule = RouteRule::public();

/// Looks rules up. `statement.rs` builds it. What it finds is lent, as it is asked on every request.
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
    /// What is public where nothing is stated.
    pub(super) expressions: Vec<Expression>,
}

/// A pattern and the rules stated for it.
#[derive(Debug)]
pub(super) struct Endpoint {
    /// The pattern as it was stated.
    pub(super) pattern: String,
    /// How a request may spell its fixed parts.
    pub(super) spelling: String,
    pub(super) by_method: Vec<(Method, RouteRule)>,
    pub(super) any_method: Option<RouteRule>,
    /// Whether WebSockets are served here, so that handshakes pass if they are not guarded.
    pub(super) serves_websocket: bool,
}

/// What the table has to know of a request.
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a Method,
    pub(crate) path: &'a Spelling<'a>,
    /// Whether this is a WebSocket handshake that is let through where WebSockets are served.
    pub(crate) is_free_handshake: bool,
    /// Whether the default rule holds where none is stated; else everyone passes there.
    pub(crate) is_guarded: bool,
}

impl RouteTable {
    /// A table in which no rule is stated.
    pub(super) fn new(default: RouteRule) -> Self {
        Self {
            every: default.clone(),
            default,
            endpoints: Vec::new(),
            paths: Router::new(),
            by_method: Vec::new(),
            any_method: Router::new(),
            expressions: Vec::new(),
        }
    }

    /// The rule for a request: what every reading of its path asks.
    pub(crate) fn rule(&self, asked: &Asked<'_>, note: &mut impl Note) -> Cow<'_, RouteRule> {
        if asked.path.leads_anywhere() {
            note.note(|| Reason::EveryRule);
            return Cow::Borrowed(&self.every);
        }
        let as_written = self.read(asked, asked.path.as_written(), note);
        asked.path.other_readings().map(|path| self.read(asked, path, note)).fold(as_written, both)
    }

    /// What one reading of a path asks. If it ends in a slash and no pattern does that matches it, then what is stated
    /// without the slash is asked as well, as a layer further in may trim it.
    fn read(&self, asked: &Asked<'_>, path: &str, note: &mut impl Note) -> Cow<'_, RouteRule> {
        let found = self.endpoint(&self.paths, path);
        let trimmed = match found {
            Some(endpoint) if endpoint.spelling.ends_with('/') => None,
            _ => path.strip_suffix('/').and_then(|path| Some((self.endpoint(&self.paths, path)?, path))),
        };
        let rule = match (found, &trimmed) {
            (Some(endpoint), _) => self.stated(endpoint, asked, path, note),
            (None, None) => self.unstated(asked, path, note),
            (None, Some(_)) => self.by_default(asked, note),
        };
        match trimmed {
            Some((endpoint, path)) => both(rule, self.stated(endpoint, asked, path, note)),
            None => rule,
        }
    }

    fn stated<'a>(
        &'a self,
        endpoint: &'a Endpoint,
        asked: &Asked<'_>,
        path: &str,
        note: &mut impl Note,
    ) -> Cow<'a, RouteRule> {
        if asked.is_free_handshake && endpoint.serves_websocket {
            note.note(|| Reason::WebSocket { pattern: endpoint.pattern.clone() });
            return Cow::Borrowed(&PUBLIC);
        }
        if let Some(rule) = endpoint.noted_rule(asked.method, note) {
            return Cow::Borrowed(rule);
        }
        // It is stated for other methods only.
        let own = self.by_method.iter().find(|(stated, _)| stated == asked.method);
        let patterns = own.map_or(&self.any_method, |(_, patterns)| patterns);
        let wider = self.endpoint(patterns, path).and_then(|endpoint| endpoint.noted_rule(asked.method, note));
        wider.map(Cow::Borrowed).into_iter().fold(self.by_default(asked, note), both)
    }

    fn unstated(&self, asked: &Asked<'_>, path: &str, note: &mut impl Note) -> Cow<'_, RouteRule> {
        let matches = |expression: &&Expression| asked.path.is_normal() && expression.matches(path);
        let Some(expression) = self.expressions.iter().find(matches) else { return self.by_default(asked, note) };
        note.note(|| Reason::Regex { expression: expression.text().to_owned() });
        Cow::Borrowed(&PUBLIC)
    }

    fn by_default(&self, asked: &Asked<'_>, note: &mut impl Note) -> Cow<'_, RouteRule> {
        note.note(|| if asked.is_guarded { Reason::Default } else { Reason::UnguardedHttp });
        Cow::Borrowed(if asked.is_guarded { &self.default } else { &PUBLIC })
    }

    fn endpoint(&self, patterns: &Router<usize>, path: &str) -> Option<&Endpoint> {
        // A guard without rules is common, and to look them up takes its time nevertheless.
        if self.endpoints.is_empty() {
            return None;
        }
        patterns.at(path).ok().and_then(|found| self.endpoints.get(*found.value))
    }
}

fn both<'a>(one: Cow<'a, RouteRule>, other: Cow<'a, RouteRule>) -> Cow<'a, RouteRule> {
    Cow::Owned(one.into_owned().and(other.into_owned()))
}

impl Endpoint {
    pub(super) fn rule(&self, method: &Method) -> Option<&RouteRule> {
        let own = self.by_method.iter().find(|(stated, _)| stated == method);
        own.map(|(_, rule)| rule).or(self.any_method.as_ref())
    }

    fn noted_rule(&self, method: &Method, note: &mut impl Note) -> Option<&RouteRule> {
        let rule = self.rule(method)?;
        note.note(|| {
            let is_own = self.by_method.iter().any(|(stated, _)| stated == method);
            Reason::Stated { method: is_own.then(|| method.clone()), pattern: self.pattern.clone() }
        });
        Some(rule)
    }
}
