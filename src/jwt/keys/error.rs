//! Why a key was refused.

use crate::secret::RandomUnavailable;

/// A key, or a set of them, was refused when it was loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The bytes are no key in an encoding and of a kind that is supported.
    #[error("not a key that can be used: expected P-256, Ed25519 or RSA as PEM, DER or JWK, or an HMAC secret as JWK")]
    Unsupported,
    /// A shared secret is shorter than the 32 bytes that RFC 7518 section 3.2 asks for.
    #[error("the secret is shorter than 32 bytes")]
    ShortSecret,
    /// An RSA modulus is smaller than 2048 bits, or larger than 8192.
    #[error("the RSA modulus is not between 2048 and 8192 bits")]
    RsaSize,
    /// An RSA public exponent is one or even: there is nothing it protects.
    #[error("the RSA exponent is one or even")]
    RsaExponent,
    /// An RSA key was made by hardware whose keys can be factored (ROCA, CVE-2017-15361).
    #[error("the RSA key was made by a generator whose keys can be factored (ROCA)")]
    RsaFactorable,
    /// The point of an elliptic curve key is not on its curve.
    #[error("the public key is not a point of its curve")]
    OffCurve,
    /// The key is stated to be for another algorithm than the one it can be used with.
    #[error("the key does not fit the algorithm it is stated to be for")]
    WrongAlgorithm,
    /// The key is stated to be for something else than verifying signatures (`use`, `key_ops`).
    #[error("the key is not for verifying signatures")]
    WrongUse,
    /// A private key was given where a public one belongs.
    #[error("a private key was given where a public one belongs")]
    Private,
    /// A key id is empty or longer than 256 bytes.
    #[error("the key id is empty or longer than 256 bytes")]
    BadKid,
    /// Two keys of a set have the same id.
    #[error("two keys have the same id")]
    DuplicateKid,
    /// A set has more keys than are looked at.
    #[error("there are too many keys")]
    TooManyKeys,
    /// A set has shared secrets beside public keys.
    #[error("shared secrets and public keys are mixed")]
    Mixed,
    /// A set has no key that can be used.
    #[error("there is no usable key")]
    NoKeys,
    /// A key could not be made.
    #[error(transparent)]
    RandomUnavailable(#[from] RandomUnavailable),
}
