//! All places where a guard looks for credentials, which of what it finds counts, and what goes past the guard.

use std::sync::Arc;

use http::{
    HeaderName, HeaderValue, Method,
    header::{AUTHORIZATION, COOKIE, HeaderMap},
};

use super::{
    OwnOrigins, Presented, Source,
    Unusable::{self, Malformed},
    cookie, header,
    source::{Explicit, Place},
};
use crate::guard::error::{RuleError, RuleErrorKind};

/// The sources of one guard.
#[derive(Debug)]
pub(crate) struct Sources {
    explicit: Vec<Explicit>,
    cookies: Vec<String>,
    own_origins: OwnOrigins,
    /// The headers that all of them are read from.
    headers: Vec<HeaderName>,
    vary: Option<Arc<HeaderValue>>,
}

/// A credential that is to be checked.
#[derive(Debug)]
pub(crate) struct Found<'a> {
    pub(crate) presented: Presented<'a>,
    /// The name of the subprotocol that it came with.
    pub(crate) subprotocol: Option<&'a str>,
}

impl Default for Sources {
    fn default() -> Self {
        Self::of([Source::bearer()], OwnOrigins::default())
    }
}

impl Sources {
    pub(crate) fn new(sources: Vec<Source>, own_origins: OwnOrigins) -> Result<Self, RuleError> {
        let refused = |what, reason| RuleError::new(what, RuleErrorKind::InvalidSource { reason });
        if sources.is_empty() {
            return Err(refused("sources".to_owned(), "without one, nobody could ever pass"));
        }
        for (index, source) in sources.iter().enumerate() {
            let is_stated = || sources.iter().take(index).any(|earlier| earlier.overlaps(source));
            let fault = source.fault().or_else(|| is_stated().then_some("another source reads the same"));
            if let Some(fault) = fault {
                return Err(refused(format!("the source {source}"), fault));
            }
        }
        Ok(Self::of(sources, own_origins))
    }

    fn of(sources: impl IntoIterator<Item = Source>, own_origins: OwnOrigins) -> Self {
        let (mut explicit, mut cookies) = (Vec::new(), Vec::new());
        for Source(place) in sources {
            match place {
                Place::Explicit(place) => explicit.push(place),
                Place::Cookie { name } => cookies.push(name),
            }
        }
        let mut headers: Vec<_> = explicit.iter().map(Explicit::header).cloned().collect();
        headers.extend((!cookies.is_empty()).then_some(COOKIE));
        // Caches know what `Authorization` means (RFC 9111 section 3.5), and have to be told of the others.
        let mut vary: Vec<_> = headers.iter().filter(|name| *name != AUTHORIZATION).map(HeaderName::as_str).collect();
        vary.sort_unstable();
        vary.dedup();
        let vary = HeaderValue::try_from(vary.join(", ")).ok().filter(|vary| !vary.is_empty()).map(Arc::new);
        Self { explicit, cookies, own_origins, headers, vary }
    }

    /// The one credential of a request that counts, if it has one. Every header that may hold one is
    /// [marked](Self::mark_sensitive).
    // Inlined with what it calls: to hand so many words on through memory takes longer than to find them.
    #[inline]
    pub(crate) fn find<'a>(
        &'a self,
        method: &Method,
        headers: &'a mut HeaderMap,
    ) -> Result<Option<Found<'a>>, Unusable> {
        // The commonest guard reads one header, which most requests have once: there is no need to look it up again.
        if let ([Explicit::Header { name, scheme }], []) = (self.explicit.as_slice(), self.cookies.as_slice())
            && headers.len() == headers.keys_len()
        {
            let Some(value) = headers.get_mut(name) else { return Ok(None) };
            value.set_sensitive(true);
            let token = header::token_in(value.as_bytes(), scheme.as_deref())?;
            return Ok(token.map(|token| Found { presented: Presented::explicit(token), subprotocol: None }));
        }
        self.mark_sensitive(headers);
        self.search(method, headers)
    }

    fn search<'a>(&'a self, method: &Method, headers: &'a HeaderMap) -> Result<Option<Found<'a>>, Unusable> {
        let mut found = None;
        for place in &self.explicit {
            let Some(here) = place.read(headers)? else { continue };
            if found.replace(here).is_some() {
                return Err(Malformed("more than one credential"));
            }
        }
        if found.is_some() {
            return Ok(found);
        }
        for name in &self.cookies {
            if let Some(value) = cookie::read(headers, name)? {
                self.own_origins.check(method, headers)?;
                return Ok(Some(Found { presented: Presented::of_cookie(name, value), subprotocol: None }));
            }
        }
        Ok(None)
    }

    /// Keeps every header that may hold a credential out of `Debug`, and out of the tables of HTTP/2.
    pub(crate) fn mark_sensitive(&self, headers: &mut HeaderMap) {
        for name in &self.headers {
            if let Some(value) = headers.get_mut(name) {
                value.set_sensitive(true);
            }
        }
        // Further values of one name are only met on a walk through all of them.
        if headers.len() > headers.keys_len() {
            let ours = headers.iter_mut().filter(|(name, _)| self.headers.contains(name));
            ours.for_each(|(_, value)| value.set_sensitive(true));
        }
    }

    /// Takes out every credential, those that do not count as well, and leaves what else stands in the same headers.
    pub(crate) fn strip(&self, headers: &mut HeaderMap) {
        self.explicit.iter().for_each(|place| place.strip(headers));
        cookie::strip(headers, &self.cookies);
    }

    /// Takes out tokens among subprotocols. An inner service might choose one, and a choice is echoed.
    pub(crate) fn strip_subprotocols(&self, headers: &mut HeaderMap) {
        let subprotocols = self.explicit.iter().filter(|place| matches!(place, Explicit::Subprotocol { .. }));
        subprotocols.for_each(|place| place.strip(headers));
    }

    /// The schemes of the `Authorization` header that a client is asked for. A guard that knows none asks for `Bearer`,
    /// as it has to ask for something.
    pub(crate) fn schemes(&self) -> Vec<String> {
        let schemes: Vec<_> = self.explicit.iter().filter_map(Explicit::authorization_scheme).collect();
        if schemes.is_empty() { vec!["Bearer".to_owned()] } else { schemes }
    }

    /// The headers that an answer may depend on, beside those that every cache knows.
    pub(crate) fn vary(&self) -> Option<&Arc<HeaderValue>> {
        self.vary.as_ref()
    }
}
