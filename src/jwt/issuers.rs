//! Several issuers at once, each with its own keys and audiences.

use std::{collections::HashMap, sync::Arc};

use serde::Deserialize;

use super::{
    Claims, JwtVerifier, TokenError,
    TokenErrorKind::{BadClaims, MissingClaim, WrongIssuer},
    Verification, jws,
    strict::Text,
};
use crate::principal::{JwtUser, Principal};

/// Accepts the tokens of several issuers: of each those that its own verifier accepts. Cloning is cheap.
///
/// A token's `iss`, which is not yet known to be true when it is read, does no more than pick the verifier, by exact
/// comparison. That one then checks everything, the `iss` included, with the keys of this issuer and no other. So two
/// issuers may use the same key id, and none can speak for another. A token of any other issuer is refused, and nothing
/// is fetched for it.
///
/// ```
/// use portcullis::jwt::{Issuers, JwtVerifier, KeyRing};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (staff_keys, partner_keys) = (KeyRing::hs256([7; 32])?, KeyRing::hs256([8; 32])?);
/// let issuers = JwtVerifier::any_of([
///     JwtVerifier::new(staff_keys).issuer("https://id.example").audience("notes"),
///     JwtVerifier::new(partner_keys).issuer("https://partner.example").audience("notes-api"),
/// ])?;
/// let guard = portcullis::guard::AuthLayer::new(issuers);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Issuers(Arc<Verifiers>);

#[derive(Debug)]
struct Verifiers {
    by_issuer: HashMap<String, JwtVerifier>,
    max_size: usize,
}

/// No [`Issuers`] can be made of these verifiers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IssuersError {
    /// There is no verifier.
    #[error("there is no verifier")]
    Empty,
    /// Two verifiers are for the same issuer. One with several audiences may be what is meant.
    #[error("two verifiers are for the issuer {0:?}")]
    Repeated(String),
}

impl Issuers {
    pub(super) fn new(verifiers: impl IntoIterator<Item = JwtVerifier>) -> Result<Self, IssuersError> {
        let mut by_issuer = HashMap::new();
        let mut max_size = 0;
        for verifier in verifiers {
            max_size = max_size.max(verifier.longest_token());
            if let Some(other) = by_issuer.insert(verifier.own_issuer().to_owned(), verifier) {
                return Err(IssuersError::Repeated(other.own_issuer().to_owned()));
            }
        }
        if by_issuer.is_empty() {
            Err(IssuersError::Empty)
        } else {
            Ok(Self(Arc::new(Verifiers { by_issuer, max_size })))
        }
    }

    /// The claims of a token, if it is good.
    ///
    /// # Errors
    ///
    /// As for [`JwtVerifier::verify`]; [`WrongIssuer`] if none of the verifiers is for the token's issuer.
    pub fn verify(&self, token: &str) -> Result<Claims, TokenError> {
        self.verifier(token)?.verify(token)
    }

    /// Who a request with this token is from, if the token is good.
    ///
    /// # Errors
    ///
    /// As for [`verify`](Self::verify).
    pub fn principal(&self, token: &str) -> Result<Principal, TokenError> {
        self.verifier(token)?.principal(token)
    }

    /// Who a request with this token is from, after waiting for the issuer's keys where they have to be fetched first.
    pub fn resolve(&self, token: &str) -> Verification {
        match self.verifier(token) {
            Ok(verifier) => verifier.resolve(token),
            Err(error) => Verification::done(Err(error)),
        }
    }

    /// What [`resolve`](Self::resolve) comes to, unless keys might be fetched first.
    pub(crate) fn at_hand(&self, token: &str) -> Option<Result<Principal, TokenError>> {
        match self.verifier(token) {
            Ok(verifier) => verifier.at_hand(token.as_bytes(), || Some(token)),
            Err(error) => Some(Err(error)),
        }
    }

    /// The user that a token is about, if it is good.
    #[must_use]
    pub fn verify_jwt(&self, token: &str) -> Option<JwtUser> {
        self.verify(token).ok().map(Claims::into_user)
    }

    fn verifier(&self, token: &str) -> Result<&JwtVerifier, TokenError> {
        let claims = jws::Compact::split(token, self.0.max_size)?.payload()?;
        let Claimed { iss } = serde_json::from_slice(&claims).map_err(|_| BadClaims)?;
        let Text(issuer) = iss.ok_or(MissingClaim)?;
        self.0.by_issuer.get(issuer.as_ref()).ok_or_else(|| WrongIssuer.into())
    }
}

/// What a token says of its issuer, true or not.
#[derive(Deserialize)]
struct Claimed<'a> {
    #[serde(borrow)]
    iss: Option<Text<'a>>,
}
