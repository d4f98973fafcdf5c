//! Signing and checking, on aws-lc.
//!
//! Signing goes through jsonwebtoken, by its aws-lc backend, named outright. Its `encode`, `decode`, `sign`, `verify` and
//! JWK helpers all ask a process-wide default, which panics where a dependent turned on the crate's other backend as
//! well. A library must not settle that default for the whole process, so nothing here goes through it.
//!
//! Checking asks aws-lc itself. jsonwebtoken makes a verifier for every single check, and what it makes is neither `Send`
//! nor `Sync`, so it cannot be kept: each check parses an RSA key or works out an HMAC key schedule again.

use aws_lc_rs::{
    hmac,
    signature::{ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, VerificationAlgorithm},
};
use jsonwebtoken::{EncodingKey, crypto::aws_lc::DEFAULT_PROVIDER};

use super::Algorithm;

pub(super) fn sign(algorithm: Algorithm, key: &EncodingKey, message: &[u8]) -> Option<Vec<u8>> {
    let name = match algorithm {
        Algorithm::Hs256 => jsonwebtoken::Algorithm::HS256,
        Algorithm::Es256 => jsonwebtoken::Algorithm::ES256,
        Algorithm::EdDsa => jsonwebtoken::Algorithm::EdDSA,
        Algorithm::Rs256 => jsonwebtoken::Algorithm::RS256,
    };
    let signer = (DEFAULT_PROVIDER.signer_factory)(&name, key).ok()?;
    signer.try_sign(message).ok()
}

/// What checks the signatures of one key.
pub(super) enum Checker {
    /// Boxed, as it is twenty times as large as the others.
    Secret(Box<hmac::Key>),
    /// On P-256 or Ed25519.
    Curve(ParsedPublicKey),
    Rsa(ParsedPublicKey),
}

impl Checker {
    pub(super) fn hs256(secret: &[u8]) -> Self {
        Self::Secret(Box::new(hmac::Key::new(hmac::HMAC_SHA256, secret)))
    }

    /// From an uncompressed point.
    pub(super) fn p256(point: &[u8]) -> Option<Self> {
        parse(&ECDSA_P256_SHA256_FIXED, point).map(Self::Curve)
    }

    pub(super) fn ed25519(x: &[u8]) -> Option<Self> {
        parse(&ED25519, x).map(Self::Curve)
    }

    /// From an `RSAPublicKey`.
    pub(super) fn rsa(der: &[u8]) -> Option<Self> {
        parse(&RSA_PKCS1_2048_8192_SHA256, der).map(Self::Rsa)
    }

    /// RFC 7518 section 3.4 fixes the length of an ES256 signature, which keeps the DER form and padded integers out
    /// whatever aws-lc thinks of them. An RSA signature is as long as its key, which aws-lc checks.
    pub(super) fn accepts(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Secret(key) => signature.len() == 32 && hmac::verify(key, message, signature).is_ok(),
            Self::Curve(key) => signature.len() == 64 && key.verify_sig(message, signature).is_ok(),
            Self::Rsa(key) => key.verify_sig(message, signature).is_ok(),
        }
    }
}

fn parse(algorithm: &'static dyn VerificationAlgorithm, key: &[u8]) -> Option<ParsedPublicKey> {
    ParsedPublicKey::new(algorithm, key).ok()
}
