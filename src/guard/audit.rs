//! The whole of what a layer asks, as a list for people.

use std::fmt;

use super::{
    policy::{ExcludedMethods, Policy},
    protocol::Protocols,
    rule::RouteRule,
};

/// What a guard asks of whom: one line for each rule. Made by [`AuthLayer::audit`](super::AuthLayer::audit).
///
/// The lines are sorted by path and method, whatever the order in which the rules were stated, so that a list that is
/// kept under version control shows what changed. Last come the rules that are about no path in particular.
///
/// ```
/// # use portcullis::jwt::{JwtVerifier, KeyRing};
/// use http::Method;
/// use portcullis::guard::{AuthLayer, RouteRule};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let verifier = JwtVerifier::new(KeyRing::hs256([7; 32])?).issuer("https://id.example").audience("notes");
/// let guard = AuthLayer::builder(verifier)
///     .rule(Method::GET, "/reports/{id}", RouteRule::scopes(["reports:read"]))
///     .exclude("/healthz")
///     .build()?;
/// assert_eq!(
///     guard.audit().to_string(),
///     "any      /healthz          public\n\
///      GET      /reports/{id}     scope reports:read\n\
///      OPTIONS  (CORS preflight)  public\n\
///      any      (any other path)  authenticated\n"
/// );
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit(Vec<[String; 3]>);

impl Audit {
    pub(super) fn of(policy: &Policy, stated_rule: Option<&RouteRule>) -> Self {
        let line = |kind: &str, what: &str, rule: &dyn fmt::Display| [kind.into(), what.into(), rule.to_string()];
        let mut stated = Vec::new();
        for endpoint in policy.table.endpoints.iter().filter(|endpoint| endpoint.spelling == endpoint.pattern) {
            let own = endpoint.by_method.iter().map(|(method, rule)| (method.as_str(), rule.to_string()));
            let any = endpoint.any_method.iter().map(|rule| ("any", rule.to_string()));
            let socket = endpoint.serves_websocket.then(|| ("socket", "public".to_owned()));
            stated.extend(own.chain(any).chain(socket).map(|(kind, rule)| line(kind, &endpoint.pattern, &rule)));
        }
        stated.sort_by(|[method, path, _], [other_method, other_path, _]| {
            (path, method).cmp(&(other_path, other_method))
        });
        let mut expressions: Vec<_> =
            policy.table.expressions.iter().map(|expression| line("any", &expression.to_string(), &"public")).collect();
        expressions.sort();
        let excluded = match &policy.excluded {
            ExcludedMethods::Preflight => vec![line("OPTIONS", "(CORS preflight)", &"public")],
            ExcludedMethods::These(methods) => {
                let mut lines: Vec<_> =
                    methods.iter().map(|method| line(method.as_str(), "(any path)", &"public")).collect();
                lines.sort();
                lines
            }
        };
        if let Some(rule) = stated_rule {
            return Self([excluded, vec![line("any", "(any other path)", rule)]].concat());
        }
        let kind = if policy.protocols.contains(Protocols::HTTP) { "any" } else { "socket" };
        let default = line(kind, "(any other path)", &policy.table.default);
        Self([stated, expressions, excluded, vec![default]].concat())
    }

    /// The lines: for which method, on which path, what is asked.
    pub fn lines(&self) -> impl Iterator<Item = [&str; 3]> {
        self.0.iter().map(|[method, path, rule]| [method.as_str(), path.as_str(), rule.as_str()])
    }
}

impl fmt::Display for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |column: fn([&str; 3]) -> &str| self.lines().map(|line| column(line).chars().count()).max();
        let methods = width(|[method, ..]| method).unwrap_or_default();
        let paths = width(|[_, path, _]| path).unwrap_or_default();
        self.lines().try_for_each(|[method, path, rule]| writeln!(f, "{method:methods$}  {path:paths$}  {rule}"))
    }
}
