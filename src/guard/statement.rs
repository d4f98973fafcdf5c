//! Rules as they are stated, and how a route table is made of them. Whatever is wrong with them is found here, once.

use std::collections::{HashMap, hash_map::Entry};

use http::Method;
use matchit::{InsertError, Router};

use super::{
    error::{RuleError, RuleErrorKind},
    path,
    rule::RouteRule,
    table::{Endpoint, RouteTable},
};

/// A rule as it was stated. Without a method it is stated for every one.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) method: Option<Method>,
    pub(crate) pattern: String,
    pub(crate) rule: RouteRule,
}

impl Statement {
    /// The spellings of the pattern to put into the table.
    fn judge(&self) -> Result<Vec<String>, RuleErrorKind> {
        if self.pattern.is_empty() {
            return Err(RuleErrorKind::Empty);
        }
        if !self.pattern.starts_with('/') {
            return Err(RuleErrorKind::NotAbsolute);
        }
        if self.method == Some(Method::HEAD) {
            return Err(RuleErrorKind::HeadFollowsGet);
        }
        judge_scopes(&self.rule)?;
        path::pattern_spellings(&self.pattern).ok_or(RuleErrorKind::NotNormal)
    }

    fn refused(&self, kind: RuleErrorKind) -> RuleError {
        let method = self.method.as_ref().map_or("any method", Method::as_str);
        RuleError::new(format!("{method} {:?}", self.pattern), kind)
    }
}

impl RouteTable {
    pub(crate) fn build(statements: &[Statement], default: RouteRule) -> Result<Self, RuleError> {
        judge_scopes(&default).map_err(|kind| RuleError::new("default".to_owned(), kind))?;
        let mut table = Self::new(default);
        let mut shapes = HashMap::new();
        for statement in statements {
            let refused = |kind| statement.refused(kind);
            for spelling in statement.judge().map_err(refused)? {
                let index = match shapes.entry(shape(&spelling)) {
                    Entry::Occupied(known) => *known.get(),
                    Entry::Vacant(new) => {
                        let index = table.endpoints.len();
                        table.paths.insert(&spelling, index).map_err(|error| refused(error.into()))?;
                        table.endpoints.push(Endpoint { pattern: spelling, by_method: Vec::new(), any_method: None });
                        *new.insert(index)
                    }
                };
                if !table.endpoints.get_mut(index).is_some_and(|endpoint| endpoint.state(statement)) {
                    return Err(refused(RuleErrorKind::Duplicate));
                }
            }
        }
        for method in statements.iter().filter_map(|statement| statement.method.as_ref()) {
            if !table.by_method.iter().any(|(known, _)| known == method) {
                let patterns = patterns(&table.endpoints, |endpoint| endpoint.rule(method))?;
                table.by_method.push((method.clone(), patterns));
            }
        }
        table.any_method = patterns(&table.endpoints, |endpoint| endpoint.any_method.as_ref())?;
        table.every =
            statements.iter().map(|statement| statement.rule.clone()).fold(table.default.clone(), RouteRule::and);
        Ok(table)
    }
}

impl Endpoint {
    /// `false` if a rule is stated already.
    fn state(&mut self, statement: &Statement) -> bool {
        let rule = statement.rule.clone();
        match &statement.method {
            None => self.any_method.replace(rule).is_none(),
            Some(method) => {
                let is_new = !self.by_method.iter().any(|(stated, _)| stated == method);
                self.by_method.push((method.clone(), rule));
                is_new
            }
        }
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
            .insert(&endpoint.pattern, index)
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

/// Whether somebody could hold the scopes that a rule asks for.
fn judge_scopes(rule: &RouteRule) -> Result<(), RuleErrorKind> {
    // RFC 6749 section 3.3
    let is_token = |scope: &str| {
        !scope.is_empty() && scope.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'))
    };
    for choice in rule.scope_choices() {
        if choice.is_empty() {
            return Err(RuleErrorKind::NobodyPasses);
        }
        if !choice.iter().all(is_token) {
            return Err(RuleErrorKind::InvalidScope);
        }
    }
    Ok(())
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
