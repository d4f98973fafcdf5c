//! Which rule holds for a request, and why: the guard's verdict without a credential being looked at.

use std::fmt;

use http::Method;

use super::rule::RouteRule;

/// Why a request meets the rule it meets. Made by [`AuthLayer::explain`](super::AuthLayer::explain).
///
/// It comes from the very code that decides on requests. Its `Display` is one line for a log or a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) rule: RouteRule,
    pub(super) reasons: Vec<Reason>,
}

/// Something that had a part in which rule holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// It is a CORS preflight.
    Preflight,
    /// Everyone passes with this method.
    ExcludedMethod,
    /// The rule is that of the route, given to [`AuthLayer::with_rule`](super::AuthLayer::with_rule).
    RouteRule,
    /// The request brought the rule in its extensions.
    RequestRule,
    /// The rule is stated for the path, or for a path that this one could be read as.
    Stated {
        /// The method for which it is stated; none where it is stated for every one.
        method: Option<Method>,
        /// The pattern.
        pattern: String,
    },
    /// A regular expression excludes the path.
    Regex {
        /// The expression.
        expression: String,
    },
    /// It is a WebSocket handshake for a route that serves WebSockets, which are not guarded.
    WebSocket {
        /// The pattern of the route.
        pattern: String,
    },
    /// Nothing is stated for the method and the path, or for a path that this one could be read as.
    Default,
    /// It is no WebSocket handshake, nothing is stated for it, and other requests are not guarded.
    UnguardedHttp,
    /// The path is not in normal form, so that it asks for a principal at least.
    NotNormal,
    /// The path could lead anywhere, as it climbs, is escaped twice, or is long and not in normal form, so that all rules
    /// hold together.
    EveryRule,
}

impl Explanation {
    /// The rule that the request has to meet.
    #[must_use]
    pub fn rule(&self) -> &RouteRule {
        &self.rule
    }

    /// What led to it. Where there are several reasons, the rule asks what each of them asks.
    #[must_use]
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reasons: Vec<_> = self.reasons.iter().map(Reason::to_string).collect();
        write!(f, "{} {:?}: {} ({})", self.method, self.path, self.rule, reasons.join("; "))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Preflight => f.write_str("CORS preflight"),
            Self::ExcludedMethod => f.write_str("excluded method"),
            Self::RouteRule => f.write_str("rule of the route"),
            Self::RequestRule => f.write_str("rule in the request's extensions"),
            Self::Stated { method: Some(method), pattern } => write!(f, "{method} {pattern}"),
            Self::Stated { method: None, pattern } => write!(f, "any method {pattern}"),
            Self::Regex { expression } => write!(f, "regex {expression}"),
            Self::WebSocket { pattern } => write!(f, "WebSocket {pattern}"),
            Self::Default => f.write_str("default rule"),
            Self::UnguardedHttp => f.write_str("only WebSockets are guarded"),
            Self::NotNormal => f.write_str("path not in normal form"),
            Self::EveryRule => f.write_str("every rule"),
        }
    }
}

/// Whoever wants to know the reasons. They are made only for those.
pub(crate) trait Note {
    fn note(&mut self, reason: impl FnOnce() -> Reason);
}

/// Nobody does.
pub(crate) struct Unheard;

impl Note for Unheard {
    fn note(&mut self, _: impl FnOnce() -> Reason) {}
}

impl Note for Vec<Reason> {
    fn note(&mut self, reason: impl FnOnce() -> Reason) {
        let reason = reason();
        if !self.contains(&reason) {
            self.push(reason);
        }
    }
}
