//! Signing and checking: jsonwebtoken's aws-lc backend, named outright.
//!
//! jsonwebtoken's `encode`, `decode`, `sign`, `verify` and JWK helpers all ask a process-wide default, which panics
//! where a dependent turned on the crate's other backend as well. A library must not settle that default for the whole
//! process, so nothing here goes through it.

use jsonwebtoken::{DecodingKey, EncodingKey, crypto::aws_lc::DEFAULT_PROVIDER};

use super::Algorithm;

pub(super) fn sign(algorithm: Algorithm, key: &EncodingKey, message: &[u8]) -> Option<Vec<u8>> {
    let signer = (DEFAULT_PROVIDER.signer_factory)(&name(algorithm), key).ok()?;
    signer.try_sign(message).ok()
}

pub(super) fn verify(algorithm: Algorithm, key: &DecodingKey, message: &[u8], signature: &Vec<u8>) -> bool {
    fits(algorithm, signature)
        && (DEFAULT_PROVIDER.verifier_factory)(&name(algorithm), key)
            .is_ok_and(|verifier| verifier.verify(message, signature).is_ok())
}

/// RFC 7518 section 3.4 fixes the length of an ES256 signature, which keeps the DER form and padded integers out
/// whatever the backend thinks of them. An RSA signature is as long as its key, which the backend checks.
fn fits(algorithm: Algorithm, signature: &[u8]) -> bool {
    match algorithm {
        Algorithm::Hs256 => signature.len() == 32,
        Algorithm::Es256 | Algorithm::EdDsa => signature.len() == 64,
        Algorithm::Rs256 => true,
    }
}

const fn name(algorithm: Algorithm) -> jsonwebtoken::Algorithm {
    match algorithm {
        Algorithm::Hs256 => jsonwebtoken::Algorithm::HS256,
        Algorithm::Es256 => jsonwebtoken::Algorithm::ES256,
        Algorithm::EdDsa => jsonwebtoken::Algorithm::EdDSA,
        Algorithm::Rs256 => jsonwebtoken::Algorithm::RS256,
    }
}
