//! Tokens to order.

use std::{fmt, time::Duration};

use serde_json::{Map, Value, json};

use super::{Flaw, TestIssuer};
use crate::{clock::Clock, principal::Principal};

/// A token in the making: who it is about, and what it says of them.
///
/// It starts out as the least a verifier accepts: `iss`, `aud`, `sub`, `iat` now, and `exp` in 15 minutes.
///
/// ```
/// use std::time::Duration;
///
/// use portcullis::testing::TestIssuer;
///
/// let issuer = TestIssuer::new();
/// let ada = issuer
///     .token_for("ada")
///     .scopes(["notes:read", "notes:write"])
///     .roles(["writer"])
///     .second_factor()
///     .authenticated(Duration::from_secs(60))
///     .claim("tenant", "t1");
/// let principal = ada.principal();
/// assert!(principal.scopes().contains("notes:write") && principal.has_role("writer"));
/// assert_eq!(principal.acr(), Some("aal2"));
/// ```
#[derive(Clone)]
#[must_use = "a token has to be signed"]
pub struct TestToken {
    pub(super) issuer: TestIssuer,
    pub(super) header: Map<String, Value>,
    pub(super) claims: Map<String, Value>,
}

impl TestToken {
    pub(super) fn new(issuer: TestIssuer, user: String) -> Self {
        let key = issuer.signer();
        let (typ, alg, kid) = ("at+jwt", key.algorithm().as_str(), key.kid());
        let header = [("typ", typ), ("alg", alg), ("kid", kid)];
        let header = header.map(|(name, value)| (name.to_owned(), json!(value))).into_iter().collect();
        let (iss, aud) = (issuer.issuer().to_owned(), issuer.audience().to_owned());
        let token = Self { issuer, header, claims: Map::new() };
        token.claim("iss", iss).claim("aud", aud).claim("sub", user).lasting(0, 15 * 60)
    }

    /// What it permits (`scope`).
    pub fn scopes<S: AsRef<str>>(self, scopes: impl IntoIterator<Item = S>) -> Self {
        let scopes: Vec<_> = scopes.into_iter().map(|scope| scope.as_ref().to_owned()).collect();
        self.claim("scope", scopes.join(" "))
    }

    /// The user's roles (`roles`).
    pub fn roles<S: Into<String>>(self, roles: impl IntoIterator<Item = S>) -> Self {
        self.claim("roles", roles.into_iter().map(Into::into).collect::<Vec<String>>())
    }

    /// How the user authenticated (`amr`): RFC 8176 values.
    pub fn amr<S: Into<String>>(self, methods: impl IntoIterator<Item = S>) -> Self {
        self.claim("amr", methods.into_iter().map(Into::into).collect::<Vec<String>>())
    }

    /// The session was opened with a password and a second factor: `amr` says so, and `acr` is `aal2`.
    pub fn second_factor(self) -> Self {
        self.amr(["pwd", "otp", "mfa"]).claim("acr", "aal2")
    }

    /// The user authenticated this long ago (`auth_time`). Without this the token does not say when that was.
    pub fn authenticated(self, ago: Duration) -> Self {
        let at = self.issuer.clock().now() - ago;
        self.claim("auth_time", at.as_secs())
    }

    /// The session it belongs to (`sid`).
    pub fn session(self, id: impl Into<String>) -> Self {
        self.claim("sid", id.into())
    }

    /// The name to show (`name`).
    pub fn name(self, name: impl Into<String>) -> Self {
        self.claim("name", name.into())
    }

    /// The e-mail address (`email`), verified.
    pub fn email(self, address: impl Into<String>) -> Self {
        self.claim("email", address.into()).claim("email_verified", true)
    }

    /// How long from now it is good (`exp`), in whole seconds. A verifier minds no more than a day, unless told otherwise.
    pub fn expires_in(self, span: Duration) -> Self {
        let end = self.issuer.clock().now() + span;
        self.claim("exp", end.as_secs())
    }

    /// Any claim, with any value: also one of those above, and wrong.
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }

    /// Leaves a claim out.
    pub fn without(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    /// Any member of the header, with any value. The signature is made by the issuer's key in any case.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.header.insert(name.into(), value.into());
        self
    }

    /// The token.
    ///
    /// # Panics
    ///
    /// If the key does not sign, which no key does that was loaded.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test has nothing to do with an error but to fail")]
    pub fn sign(&self) -> String {
        let (header, claims) = (json!(self.header).to_string(), json!(self.claims).to_string());
        self.issuer.signer().seal(header.as_bytes(), claims.as_bytes()).expect("a key signs")
    }

    /// The token with something wrong about it. Every verifier has to refuse it.
    ///
    /// # Panics
    ///
    /// As [`sign`](Self::sign).
    #[must_use]
    pub fn flawed(&self, flaw: Flaw) -> String {
        flaw.mint(self.clone())
    }

    /// Who a request with this token is from, as a guard would tell the handler. The issuer's own verifier is asked.
    ///
    /// # Panics
    ///
    /// If the token is not good.
    #[must_use]
    #[expect(clippy::panic, reason = "a test has nothing to do with an error but to fail")]
    pub fn principal(&self) -> Principal {
        self.issuer.verifier().principal(&self.sign()).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Issued and good from and until this many seconds after now.
    pub(super) fn lasting(self, from: i64, until: i64) -> Self {
        let now = self.issuer.clock().now().as_secs();
        self.claim("iat", now + from).claim("exp", now + until)
    }
}

impl fmt::Debug for TestToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestToken").field("header", &self.header).field("claims", &self.claims).finish_non_exhaustive()
    }
}
