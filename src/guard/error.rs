//! What can be wrong with rules. Found when the layer is built, never per request.

use std::fmt;

/// A rule that cannot be. [`AuthLayerBuilder::build`](super::AuthLayerBuilder::build) answers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError {
    rule: String,
    kind: RuleErrorKind,
}

/// What is wrong with a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleErrorKind {
    /// The pattern is empty, or there is none in a list that needs one.
    #[error("it is empty")]
    Empty,
    /// The pattern does not start with a slash. Of a regular expression: some alternative does not, so that it could
    /// begin anywhere in a path, or would never match.
    #[error("it does not start with `/`")]
    NotAbsolute,
    /// The pattern is not in normal form, so it would never match: it has an empty or a dot segment, a character that
    /// has to be escaped, or an escape of one that need not be.
    #[error("it is not in normal form and would never match")]
    NotNormal,
    /// The pattern or regular expression is not well-formed.
    #[error("it is not well-formed: {reason}")]
    InvalidPattern {
        /// What the matcher says.
        reason: String,
    },
    /// No path could ever match the regular expression.
    #[error("it would never match")]
    NeverMatches,
    /// The pattern covers every path and lets strangers pass. To mean that, state a default rule.
    #[error("it lets strangers pass on every path: state a default rule if that is what is meant")]
    MatchesEverything,
    /// Another statement always comes first, so that this one never holds.
    #[error("it never holds, as {by} comes first")]
    Shadowed {
        /// The other statement.
        by: String,
    },
    /// The pattern cannot stand in one table with another one, as it could not in one axum router.
    #[error("the pattern conflicts with {with:?}")]
    Conflict {
        /// The other pattern.
        with: String,
    },
    /// The same is stated already.
    #[error("it is stated already")]
    Duplicate,
    /// A rule is stated for `HEAD`, which follows the rule for `GET`.
    #[error("HEAD follows the rule for GET and can have none of its own")]
    HeadFollowsGet,
    /// The method is a standard one in the wrong case. Methods are compared by case, so no request has this one.
    #[error("methods are compared by case, and this one is written {standard}")]
    MethodCase {
        /// How it is written.
        standard: String,
    },
    /// WebSockets are left unguarded, and no route is said to serve any. The headers that make a handshake are the
    /// client's to send, so they turn the guard off on the routes that are named and nowhere else.
    #[error("WebSockets are left unguarded, but no route is said to serve any")]
    NoWebSocketRoutes,
    /// Nobody could ever pass: the rule asks for one of an empty set, or for something and its opposite.
    #[error("nobody could pass")]
    NobodyPasses,
    /// A scope holds a character that RFC 6749 section 3.3 does not allow, so nobody could have it.
    #[error("a scope is empty or holds a space, a quote, a backslash, or a character outside visible ASCII")]
    InvalidScope,
    /// A role or an `amr` value is empty, or begins or ends with a space.
    #[error("a role or an amr value is empty, or begins or ends with a space")]
    InvalidName,
    /// The rule asks for a member of a resource, and the pattern has no such parameter as a segment of its own; or
    /// there is no pattern.
    #[error("its pattern has no such parameter as a whole segment")]
    NoSuchParameter,
    /// The guard cannot look for credentials there.
    #[error("{reason}")]
    InvalidSource {
        /// Why not.
        reason: &'static str,
    },
    /// The origin is not written as browsers send it, and would never match: `https://notes.example`, in lower case,
    /// with the port unless it is the scheme's own, and without a path.
    #[error("no browser sends an origin that is written like this")]
    InvalidOrigin,
}

impl RuleError {
    pub(super) fn new(rule: String, kind: RuleErrorKind) -> Self {
        Self { rule, kind }
    }

    /// Which rule it is about: its method and pattern, as they were stated.
    #[must_use]
    pub fn rule(&self) -> &str {
        &self.rule
    }

    /// What is wrong with it.
    #[must_use]
    pub fn kind(&self) -> &RuleErrorKind {
        &self.kind
    }
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the guard cannot be built with {}: {}", self.rule, self.kind)
    }
}

impl std::error::Error for RuleError {}
