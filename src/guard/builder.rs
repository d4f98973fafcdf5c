//! Building a layer with rules.

use std::{fmt, sync::Arc};

use http::HeaderName;

use super::{
    credential::{OwnOrigins, Source, Sources},
    error::RuleError,
    layer::{AuthLayer, Shared},
    respond::ProblemDocument,
    stated::Stated,
    verdicts::Verdicts,
};
use crate::clock::SharedClock;

/// Builds an [`AuthLayer`] with rules. Made by [`AuthLayer::builder`].
#[must_use = "a builder does nothing until it is built"]
pub struct AuthLayerBuilder<A, R = ProblemDocument> {
    pub(super) shared: Shared<A, R>,
    pub(super) stated: Stated,
    sources: Vec<Source>,
    own_origins: Vec<String>,
}

impl<A> AuthLayerBuilder<A> {
    pub(super) fn new(authenticate: A) -> Self {
        Self {
            shared: Shared::new(authenticate),
            stated: Stated::default(),
            sources: vec![Source::bearer()],
            own_origins: Vec::new(),
        }
    }
}

impl<A, R> AuthLayerBuilder<A, R> {
    /// Sets where credentials are looked for. The default is [`Source::bearer`] alone.
    ///
    /// Explicit ones are never weighed against each other; cookies count in the order in which they are given here.
    pub fn sources(mut self, sources: impl IntoIterator<Item = Source>) -> Self {
        self.sources = sources.into_iter().collect();
        self
    }

    /// Sets the origins of this site's own pages, such as `https://notes.example`. Only they can use a
    /// [cookie](Source::cookie) to change something where a browser does not send `Sec-Fetch-Site`. The default is none.
    pub fn own_origins<O: Into<String>>(mut self, origins: impl IntoIterator<Item = O>) -> Self {
        self.own_origins = origins.into_iter().map(Into::into).collect();
        self
    }

    /// Takes credentials out of requests before they go to the inner service, on public routes too: the headers and
    /// cookies they stand in, those that did not count as well. By default they stay, marked as
    /// [sensitive](http::HeaderValue::is_sensitive); a token among subprotocols never stays.
    pub fn strip_credentials(mut self) -> Self {
        self.shared.forwarding.strips_credentials = true;
        self
    }

    /// Takes these headers out of every request, on public routes too, also where `_` stands for `-` in their names.
    ///
    /// An inner service that takes a header's word for who a request is from needs this, or any client can claim to be
    /// anyone. [`IDENTITY_HEADERS`](super::IDENTITY_HEADERS) has the usual ones. The default is none.
    ///
    /// ```
    /// # use portcullis::{jwt::JwtVerifier, guard::RuleError};
    /// use portcullis::guard::{AuthLayer, IDENTITY_HEADERS};
    ///
    /// # fn build(verifier: JwtVerifier) -> Result<(), RuleError> {
    /// let guard = AuthLayer::builder(verifier).strip_headers(IDENTITY_HEADERS).build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn strip_headers(mut self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        self.shared.forwarding.stripped = names.into_iter().collect();
        self
    }

    /// Sets the realm that challenges name. The default is `restricted`. Only visible ASCII and spaces are sent.
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.shared.challenges).realm = realm.into();
        self
    }

    /// Sets the address of the protected resource's metadata, which challenges then name (RFC 9728 section 5.1), so that
    /// a client can find out where to get a token. By default they name none.
    pub fn resource_metadata(mut self, url: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.shared.challenges).resource_metadata = Some(url.into());
        self
    }

    /// Sets the clock that tells how long ago a user authenticated. The default is the machine's.
    pub fn clock(mut self, clock: SharedClock) -> Self {
        self.shared.clock = clock;
        self
    }

    /// Counts what the guard decides in these, which other guards may count in as well. By default it has its own.
    pub fn verdicts(mut self, verdicts: Verdicts) -> Self {
        self.shared.verdicts = verdicts;
        self
    }

    /// Sets what a refused client is answered. The default is a [`ProblemDocument`].
    ///
    /// ```
    /// # use portcullis::{jwt::JwtVerifier, guard::RuleError};
    /// use portcullis::guard::{AuthLayer, Rejection};
    ///
    /// # fn build(verifier: JwtVerifier) -> Result<(), RuleError> {
    /// let guard = AuthLayer::builder(verifier)
    ///     .on_reject(|rejection: &Rejection| rejection.response(rejection.kind().code()))
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_reject<T>(self, respond: T) -> AuthLayerBuilder<A, T> {
        let Self { shared, stated, sources, own_origins } = self;
        AuthLayerBuilder { shared: shared.answering(respond), stated, sources, own_origins }
    }

    /// The layer.
    ///
    /// # Errors
    ///
    /// [`RuleError`] names a rule that cannot be or can only be a mistake, and says why.
    pub fn build(mut self) -> Result<AuthLayer<A, R>, RuleError> {
        self.stated.put_into(&mut self.shared.policy)?;
        self.shared.sources = Sources::new(self.sources, OwnOrigins::new(self.own_origins)?)?;
        Arc::make_mut(&mut self.shared.challenges).schemes = self.shared.sources.schemes();
        Ok(AuthLayer::of(self.shared))
    }
}

impl<A, R> fmt::Debug for AuthLayerBuilder<A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthLayerBuilder").field("stated", &self.stated).finish_non_exhaustive()
    }
}
