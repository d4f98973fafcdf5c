//! Rules as they are stated, and how a route table is made of them.

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt, mem,
};

use http::Method;
use matchit::{InsertError, Router};

use super::{
    error::{RuleError, RuleErrorKind},
    expression::Expression,
    lint,
    rule::RouteRule,
    table::{Endpoint, RouteTable},
};

/// A rule as it was stated.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) covers: Covers,
    pub(crate) pattern: String,
    pub(crate) rule: RouteRule,
    /// Whether it follows from another one, and gives way where something is stated already.
    pub(crate) is_implied: bool,
}

/// Which requests a statement is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Covers {
    EveryMethod,
    Method(Method),
    /// WebSocket handshakes, if they are not guarded.
    WebSocket,
}

impl Statement {
    pub(crate) fn new(covers: Covers, pattern: String, rule: RouteRule) -> Self {
        let rule = rule.bound_to(&pattern);
        Self { covers, pattern, rule, is_implied: false }
    }

    /// What protecting a pattern and nothing else comes to: what is below a path includes the path itself, however it
    /// ends.
    pub(crate) fn only(pattern: String) -> Vec<Self> {
        let protect = |pattern| Self::new(Covers::EveryMethod, pattern, RouteRule::authenticated());
        let parent = pattern.rfind("/{*").and_then(|end| pattern.get(..end)).map(str::to_owned);
        let implied =
            parent.into_iter().flat_map(|parent| [format!("{parent}/"), parent]).filter(|path| !path.is_empty());
        let implied: Vec<_> = implied.map(|path| Self { is_implied: true, ..protect(path) }).collect();
        [protect(pattern)].into_iter().chain(implied).collect()
    }

    pub(super) fn refused(&self, kind: RuleErrorKind) -> RuleError {
        RuleError::new(format!("{} {:?}", self.covers, self.pattern), kind)
    }
}

impl RouteTable {
    pub(crate) fn build(
        statements: &[Statement],
        expressions: Vec<Expression>,
        default: RouteRule,
    ) -> Result<Self, RuleError> {
        let mut table = Self { expressions, ..Self::new(default) };
        let mut shapes = HashMap::new();
        let (implied, stated): (Vec<_>, Vec<_>) = statements.iter().partition(|statement| statement.is_implied);
        for statement in stated.into_iter().chain(implied) {
            let refused = |kind| statement.refused(kind);
            for spelling in lint::judge(statement).map_err(refused)? {
                let index = match shapes.entry(shape(&spelling)) {
                    Entry::Occupied(known) => *known.get(),
                    Entry::Vacant(new) => {
                        let index = table.endpoints.len();
                        table.paths.insert(&spelling, index).map_err(|error| refused(error.into()))?;
                        table.endpoints.push(Endpoint::new(&statement.pattern, spelling));
                        *new.insert(index)
                    }
                };
                let is_new = table.endpoints.get_mut(index).is_some_and(|endpoint| endpoint.state(statement));
                if !is_new && !statement.is_implied {
                    return Err(refused(RuleErrorKind::Duplicate));
                }
            }
        }
        for covers in statements.iter().map(|statement| &statement.covers) {
            if let Covers::Method(method) = covers
                && !table.by_method.iter().any(|(known, _)| known == method)
            {
                let patterns = patterns(&table.endpoints, |endpoint| endpoint.rule(method))?;
                table.by_method.push((method.clone(), patterns));
            }
        }
        table.every = statements.iter().map(|stated| stated.rule.clone()).fold(table.every, RouteRule::and);
        table.any_method = patterns(&table.endpoints, |endpoint| endpoint.any_method.as_ref())?;
        Ok(table)
    }
}

impl Endpoint {
    fn new(pattern: &str, spelling: String) -> Self {
        let pattern = pattern.to_owned();
        Self { pattern, spelling, by_method: Vec::new(), any_method: None, serves_websocket: false }
    }

    /// `false` if a rule is stated already.
    fn state(&mut self, statement: &Statement) -> bool {
        let rule = || statement.rule.clone();
        match &statement.covers {
            Covers::EveryMethod => {
                let is_new = self.any_method.is_none();
                self.any_method.get_or_insert_with(rule);
                is_new
            }
            Covers::Method(method) => {
                let is_new = !self.by_method.iter().any(|(stated, _)| stated == method);
                self.by_method.push((method.clone(), rule()));
                is_new
            }
            Covers::WebSocket => !mem::replace(&mut self.serves_websocket, true),
        }
    }
}

impl fmt::Display for Covers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EveryMethod => "any method",
            Self::Method(method) => method.as_str(),
            Self::WebSocket => "WebSocket",
        })
    }
}

/// The patterns of the endpoints that have a rule.
fn patterns<'a>(
    endpoints: &'a [Endpoint],
    rule: impl Fn(&'a Endpoint) -> Option<&'a RouteRule>,
) -> Result<Router<usize>, RuleError> {
    let mut router = Router::new();
    for (index, endpoint) in endpoints.iter().enumerate().filter(|(_, endpoint)| rule(endpoint).is_some()) {
        router
            .insert(&endpoint.spelling, index)
            .map_err(|error| RuleError::new(format!("{:?}", endpoint.pattern), error.into()))?;
    }
    Ok(router)
}

/// The pattern without the names of its parameters: two patterns of one shape match the same paths.
fn shape(pattern: &str) -> String {
    let mut shape = String::with_capacity(pattern.len());
    let mut chars = pattern.chars().peekable();
    let mut in_name = false;
    while let Some(char) = chars.next() {
        let doubled = matches!(char, '{' | '}') && chars.next_if_eq(&char).is_some();
        match char {
            _ if doubled && !in_name => shape.extend([char, char]),
            '{' if !doubled => {
                in_name = true;
                shape.push(char);
                shape.extend(chars.next_if_eq(&'*'));
            }
            '}' if !doubled => {
                in_name = false;
                shape.push(char);
            }
            _ if in_name => {}
            _ => shape.push(char),
        }
    }
    shape
}

impl From<InsertError> for RuleErrorKind {
    fn from(error: InsertError) -> Self {
        match error {
            InsertError::Conflict { with } => Self::Conflict { with },
            other => Self::InvalidPattern { reason: other.to_string() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::shape;

    #[test]
    fn a_shape_forgets_names_and_nothing_else() {
        assert_eq!(shape("/a/{id}/b-{c}"), shape("/a/{x}/b-{y}"));
        assert_eq!(shape("/{*rest}"), "/{*}");
        assert_eq!(shape("/{{id}}"), "/{{id}}");
        assert_eq!(shape("/{i{{d}"), "/{}");
        assert_ne!(shape("/{*rest}"), shape("/{rest}"));
    }
}
