//! Building a layer with rules.

use std::{fmt, sync::Arc};

use super::{
    error::RuleError,
    layer::{AuthLayer, Shared},
    respond::Problem,
    stated::Stated,
};
use crate::clock::SharedClock;

/// Builds an [`AuthLayer`] with rules. Made by [`AuthLayer::builder`].
#[must_use = "a builder does nothing until it is built"]
pub struct AuthLayerBuilder<A, R = Problem> {
    pub(super) shared: Shared<A, R>,
    pub(super) stated: Stated,
}

impl<A> AuthLayerBuilder<A> {
    pub(super) fn new(authenticate: A) -> Self {
        Self { shared: Shared::new(authenticate), stated: Stated::default() }
    }
}

impl<A, R> AuthLayerBuilder<A, R> {
    /// Sets the realm that challenges name. The default is `restricted`. Only visible ASCII and spaces are sent.
    pub fn realm(mut self, realm: impl Into<Arc<str>>) -> Self {
        self.shared.realm = realm.into();
        self
    }

    /// Sets the clock that tells how long ago a user authenticated. The default is the machine's.
    pub fn clock(mut self, clock: SharedClock) -> Self {
        self.shared.clock = clock;
        self
    }

    /// Sets what a refused client is answered. The default is a [`Problem`] document.
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
        let Shared { authenticate, policy, realm, clock, .. } = self.shared;
        let shared = Shared { authenticate, respond, policy, realm, clock };
        AuthLayerBuilder { shared, stated: self.stated }
    }

    /// The layer.
    ///
    /// # Errors
    ///
    /// [`RuleError`] names a rule that cannot be or can only be a mistake, and says why.
    pub fn build(mut self) -> Result<AuthLayer<A, R>, RuleError> {
        self.stated.put_into(&mut self.shared.policy)?;
        Ok(AuthLayer::of(self.shared))
    }
}

impl<A, R> fmt::Debug for AuthLayerBuilder<A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthLayerBuilder").field("stated", &self.stated).finish_non_exhaustive()
    }
}
