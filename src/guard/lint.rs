//! What can be wrong with what is stated. It is looked for once, when the layer is built.
//!
//! Only what is certainly a mistake is refused. A rule that asks for more than needed is none.

use http::Method;

use super::{
    error::{RuleError, RuleErrorKind},
    expression::Expression,
    path,
    policy::{ExcludedMethods, Policy},
    protocol::Protocols,
    statement::{Covers, Statement},
};

/// The ways to spell the pattern of a statement, if nothing is wrong with it.
pub(super) fn judge(statement: &Statement) -> Result<Vec<String>, RuleErrorKind> {
    let Statement { covers, pattern, rule, .. } = statement;
    if pattern.is_empty() {
        return Err(RuleErrorKind::Empty);
    }
    if !pattern.starts_with('/') {
        return Err(RuleErrorKind::NotAbsolute);
    }
    if let Covers::Method(method) = covers {
        judge_method(method)?;
    }
    let is_open = rule.is_public() || rule.is_optional();
    if is_open && is_everything(pattern) && !matches!(covers, Covers::Method(_)) {
        return Err(RuleErrorKind::MatchesEverything);
    }
    rule.judge()?;
    path::pattern_spellings(pattern).ok_or(RuleErrorKind::NotNormal)
}

/// Judges what is stated as a whole.
pub(super) fn judge_all(policy: &Policy, statements: &[Statement]) -> Result<(), RuleError> {
    policy.table.default.judge().map_err(|kind| RuleError::new("default".to_owned(), kind))?;
    judge_excluded(&policy.excluded).map_err(|kind| RuleError::new("exclude_methods".to_owned(), kind))?;
    let sockets = statements.iter().find(|statement| statement.covers == Covers::WebSocket);
    match (sockets, policy.protocols.contains(Protocols::WEBSOCKET)) {
        (None, false) => return Err(RuleError::new("protocols".to_owned(), RuleErrorKind::NoWebSocketRoutes)),
        (Some(statement), true) => return Err(statement.refused(shadowed("protocols"))),
        (None, true) | (Some(_), false) => {}
    }
    for statement in statements {
        if matches!(&statement.covers, Covers::Method(method) if policy.excluded.names(method)) {
            return Err(statement.refused(shadowed("exclude_methods")));
        }
    }
    judge_expressions(&policy.table.expressions, statements)
}

fn judge_expressions(expressions: &[Expression], statements: &[Statement]) -> Result<(), RuleError> {
    let everything = statements.iter().find(|all| all.covers != Covers::WebSocket && is_everything(&all.pattern));
    for (index, expression) in expressions.iter().enumerate() {
        let refused = |kind| Err(RuleError::new(expression.to_string(), kind));
        if let Some(everything) = everything {
            return refused(shadowed(&everything.pattern));
        }
        if expressions.iter().take(index).any(|earlier| earlier.to_string() == expression.to_string()) {
            return refused(RuleErrorKind::Duplicate);
        }
    }
    Ok(())
}

pub(super) fn shadowed(by: &str) -> RuleErrorKind {
    RuleErrorKind::Shadowed { by: by.to_owned() }
}

fn judge_excluded(excluded: &ExcludedMethods) -> Result<(), RuleErrorKind> {
    match excluded {
        ExcludedMethods::Preflight => Ok(()),
        ExcludedMethods::These(methods) => methods.iter().try_for_each(judge_method),
    }
}

fn judge_method(method: &Method) -> Result<(), RuleErrorKind> {
    if method == Method::HEAD {
        return Err(RuleErrorKind::HeadFollowsGet);
    }
    let standard = method.as_str().to_ascii_uppercase();
    let known = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];
    if standard != method.as_str() && known.contains(&standard.as_str()) {
        return Err(RuleErrorKind::MethodCase { standard });
    }
    Ok(())
}

/// Whether a pattern covers every path but `/`.
fn is_everything(pattern: &str) -> bool {
    pattern.starts_with("/{*")
}
