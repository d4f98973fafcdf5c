//! What a layer was told when it was built: which rule holds for a request.
//!
//! `HEAD` follows `GET`, as routers answer it from the handler of `GET`. Any other method is compared by case, as the
//! handler will see it; headers that claim another method are not read.

use http::{
    Method, Request,
    header::{ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, ORIGIN},
};

use super::{path::Spelling, rule::RouteRule, table::RouteTable};

#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) table: RouteTable,
    pub(crate) excluded: ExcludedMethods,
    pub(crate) honours_request_rules: bool,
}

/// The methods on which everyone passes.
#[derive(Clone, Debug)]
pub(crate) enum ExcludedMethods {
    /// A CORS preflight, and nothing else. Browsers send it without credentials.
    Preflight,
    /// These, and nothing else.
    These(Vec<Method>),
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            table: RouteTable::new(RouteRule::authenticated()),
            excluded: ExcludedMethods::Preflight,
            honours_request_rules: true,
        }
    }
}

impl Policy {
    /// The rule for a request: the one stated for the service it goes to, else the one that is found for it. On a path
    /// that is not in normal form it asks for a principal at least.
    pub(crate) fn rule<B>(&self, request: &Request<B>, stated: Option<&RouteRule>) -> RouteRule {
        let method = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
        let path = Spelling::of(request.uri().path());
        let rule = self
            .excluded
            .rule(method, request.headers())
            .or_else(|| stated.cloned().or_else(|| self.request_rule(request)))
            .unwrap_or_else(|| self.table.rule(method, &path));
        if path.is_normal() { rule } else { rule.and(RouteRule::authenticated()) }
    }

    fn request_rule<B>(&self, request: &Request<B>) -> Option<RouteRule> {
        if self.honours_request_rules { request.extensions().get().cloned() } else { None }
    }
}

impl ExcludedMethods {
    pub(crate) fn names(&self, method: &Method) -> bool {
        matches!(self, Self::These(methods) if methods.contains(method))
    }

    fn rule(&self, method: &Method, headers: &HeaderMap) -> Option<RouteRule> {
        let excluded = match self {
            Self::Preflight => {
                method == Method::OPTIONS
                    && headers.contains_key(ORIGIN)
                    && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
            }
            Self::These(_) => self.names(method),
        };
        excluded.then(RouteRule::public)
    }
}
