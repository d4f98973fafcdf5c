//! The rules of a router as a list: to print, to audit, to describe.

use ::axum::routing::MethodRouter;
use http::Method;

use crate::guard::RouteRule;

/// A route and its rule, as a [`GuardedRouter`](super::GuardedRouter) was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatedRule {
    method: Option<Method>,
    path: String,
    rule: RouteRule,
}

impl StatedRule {
    /// One for each method that the route has a handler for.
    pub(super) fn of<S>(path: &str, route: &MethodRouter<S>, rule: &RouteRule) -> Vec<Self> {
        let stated = |method| Self { method, path: path.to_owned(), rule: rule.clone() };
        match methods(route) {
            Some(methods) => methods.into_iter().map(|method| stated(Some(method))).collect(),
            None => vec![stated(None)],
        }
    }

    pub(super) fn below(self, prefix: &str) -> Self {
        Self { path: below(prefix, &self.path), ..self }
    }

    /// The method it is stated for. `HEAD` follows `GET` and is listed only where it has a handler of its own. `None`
    /// where the route takes every method that no other route of this path takes.
    #[must_use]
    pub fn method(&self) -> Option<&Method> {
        self.method.as_ref()
    }

    /// The path, from the root of the router on, as axum writes patterns.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is asked there.
    #[must_use]
    pub fn rule(&self) -> &RouteRule {
        &self.rule
    }
}

/// The path of a route below a prefix, as axum makes it.
pub(super) fn below(prefix: &str, path: &str) -> String {
    match path {
        "/" if !prefix.ends_with('/') => prefix.to_owned(),
        path => format!("{}{path}", prefix.trim_end_matches('/')),
    }
}

const METHODS: [(&str, Method); 9] = [
    ("get", Method::GET),
    ("head", Method::HEAD),
    ("delete", Method::DELETE),
    ("options", Method::OPTIONS),
    ("patch", Method::PATCH),
    ("post", Method::POST),
    ("put", Method::PUT),
    ("trace", Method::TRACE),
    ("connect", Method::CONNECT),
];

/// The methods that a route has handlers for, or `None` if it takes every one.
///
/// axum tells this in the route's `Debug` and nowhere else. Nothing that guards depends on it: a route is guarded as a
/// whole, and should that text ever change, it is listed as one that takes every method.
fn methods<S>(route: &MethodRouter<S>) -> Option<Vec<Method>> {
    let text = format!("{route:?}");
    let says = |field: &str, value: &str| text.contains(&format!(" {field}: {value}"));
    let is_whole = says("fallback", "Default") && METHODS.iter().all(|(field, _)| says(field, ""));
    let methods = METHODS.into_iter().filter(|(field, _)| !says(field, "None")).map(|(_, method)| method).collect();
    is_whole.then_some(methods)
}

#[cfg(test)]
mod tests {
    use ::axum::routing::{any, delete_service, get, head, post};

    use super::*;

    #[test]
    fn axum_tells_which_methods_a_route_has() {
        let answer = async || "";
        assert_eq!(methods::<()>(&get(answer).post(answer)), Some(vec![Method::GET, Method::POST]));
        assert_eq!(methods::<u8>(&head(answer)), Some(vec![Method::HEAD]));
        assert_eq!(methods::<()>(&delete_service(post(answer))), Some(vec![Method::DELETE]));
        assert_eq!(methods::<()>(&MethodRouter::new()), Some(vec![]));
        assert_eq!(methods::<()>(&any(answer)), None);
        assert_eq!(methods::<()>(&get(answer).fallback(answer)), None);
    }
}
