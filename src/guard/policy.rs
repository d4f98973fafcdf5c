//! What a layer was told when it was built: which rule holds for a request.
//!
//! `HEAD` follows `GET`, as routers answer it from the handler of `GET`. Any other method is compared by case, as the
//! handler will see it; headers that claim another method are not read.

use std::borrow::Cow;

use http::{
    Method, Request,
    header::{ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, ORIGIN},
};

use super::{
    explain::{Explanation, Note, Reason, Unheard},
    path::Spelling,
    protocol::{self, Protocols},
    rule::RouteRule,
    table::{Asked, RouteTable},
};

#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) table: RouteTable,
    pub(crate) excluded: ExcludedMethods,
    pub(crate) protocols: Protocols,
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
            protocols: Protocols::default(),
            honours_request_rules: true,
        }
    }
}

impl Policy {
    /// The rule for a request: the one stated for the service it goes to, else the one that is found for it. On a path
    /// that is not in normal form it asks for a principal at least.
    pub(crate) fn rule<'a, B>(&'a self, request: &Request<B>, stated: Option<&'a RouteRule>) -> Cow<'a, RouteRule> {
        self.decide(request, stated, &mut Unheard)
    }

    pub(crate) fn explain<B>(&self, request: &Request<B>, stated: Option<&RouteRule>) -> Explanation {
        let mut reasons = Vec::new();
        let rule = self.decide(request, stated, &mut reasons).into_owned();
        Explanation { method: request.method().clone(), path: request.uri().path().to_owned(), rule, reasons }
    }

    fn decide<'a, B>(
        &'a self,
        request: &Request<B>,
        stated: Option<&'a RouteRule>,
        note: &mut impl Note,
    ) -> Cow<'a, RouteRule> {
        let method = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
        let path = Spelling::of(request.uri().path());
        let rule = self
            .excluded
            .rule(method, request.headers(), note)
            .map(Cow::Owned)
            .or_else(|| match stated {
                Some(rule) => {
                    note.note(|| Reason::RouteRule);
                    Some(Cow::Borrowed(rule))
                }
                None => self.request_rule(request, note).map(Cow::Owned),
            })
            .unwrap_or_else(|| self.table_rule(request, method, &path, note));
        let rule = match rule.on(path.is_normal().then_some(request.uri().path())) {
            Some(here) => Cow::Owned(here),
            None => rule,
        };
        if path.is_normal() {
            return rule;
        }
        note.note(|| Reason::NotNormal);
        Cow::Owned(rule.into_owned().and(RouteRule::authenticated()))
    }

    fn request_rule<B>(&self, request: &Request<B>, note: &mut impl Note) -> Option<RouteRule> {
        let rule = request.extensions().get().filter(|_| self.honours_request_rules).cloned()?;
        note.note(|| Reason::RequestRule);
        Some(rule)
    }

    fn table_rule<B>(
        &self,
        request: &Request<B>,
        method: &Method,
        path: &Spelling<'_>,
        note: &mut impl Note,
    ) -> Cow<'_, RouteRule> {
        let asked = Asked {
            method,
            path,
            is_free_handshake: !self.protocols.contains(Protocols::WEBSOCKET) && protocol::is_handshake(request),
            is_guarded: self.protocols.contains(Protocols::HTTP) || protocol::may_be_handshake(request),
        };
        self.table.rule(&asked, note)
    }
}

impl ExcludedMethods {
    pub(crate) fn names(&self, method: &Method) -> bool {
        matches!(self, Self::These(methods) if methods.contains(method))
    }

    fn rule(&self, method: &Method, headers: &HeaderMap, note: &mut impl Note) -> Option<RouteRule> {
        match self {
            Self::Preflight => {
                let is_preflight = method == Method::OPTIONS
                    && headers.contains_key(ORIGIN)
                    && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
                is_preflight.then(|| note.note(|| Reason::Preflight))?;
            }
            Self::These(_) => self.names(method).then(|| note.note(|| Reason::ExcludedMethod))?,
        }
        Some(RouteRule::public())
    }
}
