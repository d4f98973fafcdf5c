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
    /// The pattern is empty.
    #[error("the pattern is empty")]
    Empty,
    /// The pattern does not start with a slash.
    #[error("the pattern does not start with `/`")]
    NotAbsolute,
    /// The pattern is not in normal form, so it would never match: it has an empty or a dot segment, a character that
    /// has to be escaped, or an escape of one that need not be.
    #[error("the pattern is not in normal form and would never match")]
    NotNormal,
    /// The pattern's parameters are not well-formed.
    #[error("the pattern is not well-formed: {reason}")]
    InvalidPattern {
        /// What the matcher says.
        reason: String,
    },
    /// The pattern cannot stand in one table with another one, as it could not in one axum router.
    #[error("the pattern conflicts with {with:?}")]
    Conflict {
        /// The other pattern.
        with: String,
    },
    /// Another rule is stated for the same method and the same pattern.
    #[error("a rule is stated for it already")]
    Duplicate,
    /// A rule is stated for `HEAD`, which follows the rule for `GET`.
    #[error("HEAD follows the rule for GET and can have none of its own")]
    HeadFollowsGet,
    /// The rule asks for one of an empty set of scopes.
    #[error("nobody passes, as the rule asks for one of no scopes")]
    NobodyPasses,
    /// A scope holds a character that RFC 6749 section 3.3 does not allow, so nobody could have it.
    #[error("a scope is empty or holds a space, a quote, a backslash, or a character outside visible ASCII")]
    InvalidScope,
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
