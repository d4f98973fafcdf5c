//! An issuer with keys of its own.

use std::sync::Arc;

use super::{ManualClock, TestToken};
use crate::{
    clock::{Clock, SystemClock},
    jwt::{Algorithm, JwtVerifier, KeyRing, SigningKey},
};

/// Stands in for whoever issues the tokens of a service in production. Cloning gives another handle on the same keys and
/// the same clock.
///
/// Its clock shows the time at which it was made and stands still until a test moves it.
///
/// ```
/// use portcullis::testing::TestIssuer;
///
/// let issuer = TestIssuer::new();
/// let token = issuer.token_for("ada").sign();
/// assert_eq!(issuer.verifier().principal(&token).unwrap().id(), "ada");
/// ```
#[derive(Clone, Debug)]
pub struct TestIssuer {
    keys: KeyRing,
    issuer: String,
    audience: String,
    clock: Arc<ManualClock>,
}

impl TestIssuer {
    /// An issuer with a new key for ES256, named `https://issuer.test`, of tokens for the audience `test-service`.
    ///
    /// # Panics
    ///
    /// If the system has no randomness to give.
    #[must_use]
    pub fn new() -> Self {
        Self::signing_with(Algorithm::Es256)
    }

    /// The same with a new key for this algorithm. Making one for RS256 takes a good part of a second.
    ///
    /// # Panics
    ///
    /// If the system has no randomness to give.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test has nothing to do with an error but to fail")]
    pub fn signing_with(algorithm: Algorithm) -> Self {
        let key = SigningKey::generate(algorithm).expect("the system has randomness");
        Self::with_keys(KeyRing::new([key]).expect("one key makes a ring"))
    }

    /// The same with these keys, for a service whose keys are part of its configuration.
    ///
    /// ```
    /// use portcullis::{jwt::KeyRing, testing::TestIssuer};
    ///
    /// # fn main() -> Result<(), portcullis::jwt::KeyError> {
    /// let issuer = TestIssuer::with_keys(KeyRing::hs256("the secret of the service under test")?);
    /// # assert!(issuer.verifier().verify(&issuer.token_for("ada").sign()).is_ok());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// If they can only verify.
    #[must_use]
    pub fn with_keys(keys: KeyRing) -> Self {
        assert!(keys.signer().is_some(), "an issuer needs a key that signs");
        Self {
            keys,
            issuer: "https://issuer.test".to_owned(),
            audience: "test-service".to_owned(),
            clock: Arc::new(ManualClock::at(SystemClock.now())),
        }
    }

    /// Gives the issuer this name, and its tokens this audience.
    #[must_use]
    pub fn named(mut self, issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        self.issuer = issuer.into();
        self.audience = audience.into();
        self
    }

    /// Takes the time from this clock, which others may hold as well.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<ManualClock>) -> Self {
        self.clock = clock;
        self
    }

    /// A token about this user, to be completed and signed.
    pub fn token_for(&self, user: impl Into<String>) -> TestToken {
        TestToken::new(self.clone(), user.into())
    }

    /// A verifier that accepts the tokens of this issuer, by its clock.
    #[must_use]
    pub fn verifier(&self) -> JwtVerifier {
        let clock = self.clock();
        JwtVerifier::new(self.keys.clone()).issuer(&self.issuer).audience(&self.audience).clock(clock)
    }

    /// The keys: their [`public_jwk_set`](KeyRing::public_jwk_set) is what the issuer would publish.
    #[must_use]
    pub fn keys(&self) -> KeyRing {
        self.keys.clone()
    }

    /// The clock that tokens are dated by: move it, and hand it to whatever else looks at the time, such as a guard that
    /// asks how long ago the user authenticated.
    #[must_use]
    pub fn clock(&self) -> Arc<ManualClock> {
        Arc::clone(&self.clock)
    }

    /// The issuer's name: the `iss` of its tokens.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Whom its tokens are for: their `aud`.
    #[must_use]
    pub fn audience(&self) -> &str {
        &self.audience
    }

    #[expect(clippy::expect_used, reason = "made sure of when it was made")]
    pub(super) fn signer(&self) -> &SigningKey {
        self.keys.signer().expect("an issuer has a key that signs")
    }
}

impl Default for TestIssuer {
    fn default() -> Self {
        Self::new()
    }
}
