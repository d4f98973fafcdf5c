//! Minting.

use std::{fmt, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

#[cfg(feature = "accounts")]
use super::LiveKeys;
use super::{Claims, KeyRing, KeySource};
use crate::{
    clock::{SharedClock, SystemClock},
    principal::JwtUser,
    secret::{RandomUnavailable, random_bytes},
};

/// Signs access tokens with the key of a [`KeyRing`] that signs. Cloning is cheap.
#[derive(Clone)]
pub struct JwtIssuer {
    keys: KeySource,
    issuer: Option<String>,
    audience: Option<String>,
    client_id: Option<String>,
    clock: SharedClock,
}

/// No token was signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The key ring only verifies.
    #[error("no key of the ring can sign")]
    NoSigningKey,
    /// The issuer was not told its own name or its audience.
    #[error("the issuer or the audience of tokens was never stated")]
    Unaddressed,
    /// The claims are such that no verifier would accept them: one twice, none where one is required, or a time beyond
    /// the year 9999.
    #[error("the claims are not those of an access token")]
    Claims,
    /// The key did not sign.
    #[error("the key did not sign")]
    Failed,
    /// No id for the token could be drawn.
    #[error(transparent)]
    RandomUnavailable(#[from] RandomUnavailable),
}

impl JwtIssuer {
    /// An issuer with these keys, on the machine's clock.
    #[must_use]
    pub fn new(keys: KeyRing) -> Self {
        Self::with(keys.into())
    }

    /// An issuer that signs with whichever of these keys signs at the moment, by its clock.
    #[cfg(feature = "accounts")]
    pub(crate) fn live(keys: LiveKeys) -> Self {
        Self::with(keys.into())
    }

    fn with(keys: KeySource) -> Self {
        Self { keys, issuer: None, audience: None, client_id: None, clock: SystemClock::shared() }
    }

    /// The issuer's own name (`iss`) in what [`create_jwt`](Self::create_jwt) makes: an https URL, by RFC 9068.
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// Whom the tokens of [`create_jwt`](Self::create_jwt) are for (`aud`).
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    /// The client that the tokens of [`create_jwt`](Self::create_jwt) are issued to (`client_id`). By default the
    /// issuer itself: there is no other client.
    #[must_use]
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    /// Takes the time from this clock.
    #[must_use]
    pub fn clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self
    }

    /// An access token with these very claims.
    ///
    /// # Errors
    ///
    /// [`SignError`] if no key can sign, or if a verifier would refuse the claims whatever the time.
    pub fn sign(&self, claims: &Claims) -> Result<String, SignError> {
        let json = serde_json::to_vec(claims).map_err(|_| SignError::Claims)?;
        Claims::read(&json).map_err(|_| SignError::Claims)?;
        self.keys.sign(&json, self.clock.now())
    }

    /// An access token that says who this user is: the least a guard needs.
    ///
    /// It has no scopes and belongs to no session. Its id (`jti`) has 128 random bits.
    ///
    /// # Errors
    ///
    /// [`SignError`] if issuer and audience were not stated, or no key can sign.
    pub fn create_jwt(&self, user: &JwtUser, valid_for: Duration) -> Result<String, SignError> {
        let (Some(issuer), Some(audience)) = (&self.issuer, &self.audience) else {
            return Err(SignError::Unaddressed);
        };
        let mut claims = Claims::new(issuer, audience, &user.id, self.clock.now(), valid_for);
        claims.jti = Some(URL_SAFE_NO_PAD.encode(random_bytes::<16>()?));
        claims.client_id = Some(self.client_id.as_ref().unwrap_or(issuer).clone());
        claims.name.clone_from(&user.name);
        claims.email.clone_from(&user.email);
        claims.email_verified = user.email.as_ref().map(|_| true);
        self.sign(&claims)
    }
}

impl fmt::Debug for JwtIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtIssuer")
            .field("keys", &self.keys)
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}
