//! Access tokens: signed JWTs (RFC 7519) by the profile of RFC 9068, minted with a [`JwtIssuer`] and checked with a
//! [`JwtVerifier`], both on the keys of a [`KeyRing`].
//!
//! ```
//! use std::time::Duration;
//!
//! use portcullis::{JwtUser, jwt::{JwtIssuer, JwtVerifier, KeyRing}};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let keys = KeyRing::hs256(b"a secret of at least 32 bytes, from a real random source")?;
//! let issuer = JwtIssuer::new(keys.clone()).issuer("https://id.example").audience("notes");
//! let verifier = JwtVerifier::new(keys).issuer("https://id.example").audience("notes");
//!
//! let user = JwtUser { id: "u1".into(), name: Some("Ada".into()), email: None };
//! let token = issuer.create_jwt(&user, Duration::from_secs(900))?;
//! assert_eq!(verifier.verify_jwt(&token), Some(user));
//! # Ok(())
//! # }
//! ```
//!
//! # What a verifier refuses
//!
//! The signature check itself is aws-lc's. Around it everything is read strictly, because lenient
//! readers of tokens are where the published attacks are:
//!
//! - The algorithm comes from the key, never from the token; a header that names another one is refused, and so `none`
//!   does not exist. A public key and an HMAC secret are different things from the constructor on.
//! - Three segments of canonical, unpadded base64url; the JSON in them without duplicate members at any depth.
//! - No header member that would change what the token means (`crit`, `b64`, `zip`, `enc`, `cty`) or bring its own key
//!   (`jwk`, `jku`, `x5u`, `x5c`). Nothing that a token points at is ever fetched.
//! - `typ` has to be `at+jwt`, so that no other kind of token passes for an access token.
//! - `iss`, `aud`, `sub`, `exp` and `iat` have to be there, of the right type, and right.
//!
//! Claims are parsed only once the signature has been found good. Where there are [several issuers](Issuers) the `iss` is
//! read before, and decides nothing but whose keys and rules the token has to stand up to.

mod algorithm;
mod cache;
mod claims;
mod crypto;
mod error;
mod header;
mod issuer;
mod issuers;
pub mod jws;
mod keys;
#[cfg(feature = "remote-jwks")]
pub mod remote;
mod source;
pub(crate) mod strict;
mod verification;
mod verifier;

#[cfg(feature = "remote-jwks")]
pub use self::remote::RemoteKeys;

#[cfg(feature = "accounts")]
pub(crate) use self::cache::Cache;
#[cfg(feature = "accounts")]
pub(crate) use self::keys::{Board, LiveKey, LiveKeys, Renewal, Renewing, Shown, Timetable};
pub use self::{
    algorithm::Algorithm,
    claims::Claims,
    error::{TokenError, TokenErrorKind},
    issuer::{JwtIssuer, SignError},
    issuers::{Issuers, IssuersError},
    keys::{KeyError, KeyRing, SigningKey, VerifyingKey},
    source::KeySource,
    verification::Verification,
    verifier::{JwtVerifier, NeedsAudience, NeedsIssuer},
};
