//! Public keys, checked, in the forms that verifying and publishing need.

use aws_lc_rs::{digest, encoding::AsDer, rsa};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
use serde_json::{Value, json};

use super::{KeyError, rsa as rsa_rules};
use crate::jwt::{Algorithm, crypto::Checker};

/// What stands before the point in the `SubjectPublicKeyInfo` of an uncompressed P-256 key (RFC 5480).
const P256_INFO: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
/// What stands before the key in the `SubjectPublicKeyInfo` of an Ed25519 key (RFC 8410).
const ED25519_INFO: &[u8] = &[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

#[derive(Clone)]
pub(super) enum PublicKey {
    P256 { x: [u8; 32], y: [u8; 32] },
    Ed25519 { x: [u8; 32] },
    Rsa { der: Vec<u8>, modulus: Vec<u8>, exponent: Vec<u8> },
}

impl PublicKey {
    pub(super) fn p256(x: &[u8], y: &[u8]) -> Result<Self, KeyError> {
        let (Ok(x), Ok(y)) = (x.try_into(), y.try_into()) else { return Err(KeyError::OffCurve) };
        Ok(Self::P256 { x, y })
    }

    pub(super) fn ed25519(x: &[u8]) -> Result<Self, KeyError> {
        Ok(Self::Ed25519 { x: x.try_into().map_err(|_| KeyError::OffCurve)? })
    }

    pub(super) fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<Self, KeyError> {
        rsa_rules::check(modulus, exponent)?;
        let components = rsa::PublicKeyComponents { n: modulus, e: exponent };
        let info = components.as_der().map_err(|_| KeyError::Unsupported)?;
        Self::rsa_der(info.as_ref())
    }

    /// From an RSA key as `RSAPublicKey` or `SubjectPublicKeyInfo`.
    fn rsa_der(der: &[u8]) -> Result<Self, KeyError> {
        let key = rsa::PublicKey::from_der(der).map_err(|_| KeyError::Unsupported)?;
        let components = DEFAULT_PROVIDER.key_utils.rsa_pub_components_from_public_key;
        let (modulus, exponent) = components(key.as_ref()).map_err(|_| KeyError::Unsupported)?;
        rsa_rules::check(&modulus, &exponent)?;
        Ok(Self::Rsa { der: key.as_ref().to_vec(), modulus, exponent })
    }

    /// From a `SubjectPublicKeyInfo` of any of the three kinds, or an `RSAPublicKey`.
    pub(super) fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        if let Some([4, point @ ..]) = der.strip_prefix(P256_INFO) {
            let (x, y) = point.split_at_checked(32).ok_or(KeyError::OffCurve)?;
            return Self::p256(x, y);
        }
        match der.strip_prefix(ED25519_INFO) {
            Some(x) => Self::ed25519(x),
            None => Self::rsa_der(der),
        }
    }

    pub(super) const fn algorithm(&self) -> Algorithm {
        match self {
            Self::P256 { .. } => Algorithm::Es256,
            Self::Ed25519 { .. } => Algorithm::EdDsa,
            Self::Rsa { .. } => Algorithm::Rs256,
        }
    }

    pub(super) fn checker(&self) -> Result<Checker, KeyError> {
        match self {
            Self::P256 { x, y } => Checker::p256(&point(x, y)).ok_or(KeyError::OffCurve),
            Self::Ed25519 { x } => Checker::ed25519(x).ok_or(KeyError::OffCurve),
            Self::Rsa { der, .. } => Checker::rsa(der).ok_or(KeyError::Unsupported),
        }
    }

    /// The members of a JWK that make the key what it is, in the order that RFC 7638 hashes them in.
    pub(super) fn jwk(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::P256 { x, y } => json!({ "crv": "P-256", "kty": "EC", "x": text(x), "y": text(y) }),
            Self::Ed25519 { x } => json!({ "crv": "Ed25519", "kty": "OKP", "x": text(x) }),
            Self::Rsa { modulus, exponent, .. } => {
                json!({ "e": text(exponent), "kty": "RSA", "n": text(modulus) })
            }
        }
    }

    /// RFC 7638, with SHA-256.
    pub(super) fn thumbprint(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, self.jwk().to_string().as_bytes()))
    }
}

fn point(x: &[u8; 32], y: &[u8; 32]) -> Vec<u8> {
    [&[4], x.as_slice(), y].concat()
}
