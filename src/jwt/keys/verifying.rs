//! Keys that check signatures.

use std::{fmt, sync::Arc};

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{KeyError, jwk, pem, public::PublicKey};
use crate::jwt::{
    Algorithm,
    crypto::Checker,
    header::{self, MAX_KID},
};

/// A key that checks signatures: a public key, or a shared secret.
///
/// What it is follows from the constructor and never changes, so that no public key can come to serve as a secret.
/// `Debug` shows the id and the algorithm.
#[derive(Clone)]
pub struct VerifyingKey {
    kid: String,
    algorithm: Algorithm,
    /// What stands in a token of this key before the first dot, if it was signed here.
    header: String,
    checker: Arc<Checker>,
    public: Option<PublicKey>,
}

impl VerifyingKey {
    /// The shared secret of HS256: at least 32 bytes, from a real random source. A password is not one.
    ///
    /// The id is derived from the secret, so that all who share it agree, and tells no more of it than a token does.
    ///
    /// # Errors
    ///
    /// [`KeyError::ShortSecret`] if there are fewer than 32 bytes.
    pub fn hs256(secret: &[u8]) -> Result<Self, KeyError> {
        if secret.len() < 32 {
            return Err(KeyError::ShortSecret);
        }
        let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), b"portcullis key id");
        Ok(Self::assemble(URL_SAFE_NO_PAD.encode(derived), Algorithm::Hs256, Checker::hs256(secret), None))
    }

    /// A public key in PEM: `PUBLIC KEY` for P-256, Ed25519 and RSA, or `RSA PUBLIC KEY`. A certificate is no key.
    ///
    /// The algorithm follows from the kind of key. The id is the key's thumbprint (RFC 7638).
    ///
    /// # Errors
    ///
    /// [`KeyError`] if it is of another kind, weak, or private.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let block = pem::read(pem)?;
        match block.label {
            "PUBLIC KEY" | "RSA PUBLIC KEY" => Self::from_der(&block.der),
            label if label.ends_with("PRIVATE KEY") => Err(KeyError::Private),
            _ => Err(KeyError::Unsupported),
        }
    }

    /// A public key in DER: the `SubjectPublicKeyInfo` of a P-256, Ed25519 or RSA key, or an `RSAPublicKey`.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if it is of another kind, or weak.
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        PublicKey::from_der(der).and_then(Self::from_public)
    }

    /// A key as JWK (RFC 7517): `EC` on P-256, `OKP` on Ed25519, `RSA`, or `oct` for a shared secret.
    ///
    /// Where `alg`, `use` or `key_ops` are given they have to allow what the key would be used for. Without a `kid` the
    /// id is the one that the other constructors give.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if it is of another kind, weak, private, or not for verifying signatures.
    pub fn from_jwk(json: &str) -> Result<Self, KeyError> {
        jwk::parse(json)
    }

    pub(super) fn from_public(key: PublicKey) -> Result<Self, KeyError> {
        Ok(Self::assemble(key.thumbprint(), key.algorithm(), key.checker()?, Some(key)))
    }

    fn assemble(kid: String, algorithm: Algorithm, checker: Checker, public: Option<PublicKey>) -> Self {
        let header = header::write(algorithm, &kid);
        Self { kid, algorithm, header, checker: Arc::new(checker), public }
    }

    /// The same key under another id.
    ///
    /// # Errors
    ///
    /// [`KeyError::BadKid`] if the id is empty or longer than 256 bytes.
    pub fn with_kid(mut self, kid: impl Into<String>) -> Result<Self, KeyError> {
        self.kid = kid.into();
        self.header = header::write(self.algorithm, &self.kid);
        if self.kid.is_empty() || self.kid.len() > MAX_KID { Err(KeyError::BadKid) } else { Ok(self) }
    }

    /// The id by which tokens name this key.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The one algorithm this key is for.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key as others may see it, as JWK; none if it is a shared secret.
    #[must_use]
    pub fn public_jwk(&self) -> Option<Value> {
        let mut jwk = self.public.as_ref()?.jwk();
        if let Some(members) = jwk.as_object_mut() {
            members.insert("kid".into(), json!(self.kid));
            members.insert("alg".into(), json!(self.algorithm.as_str()));
            members.insert("use".into(), json!("sig"));
        }
        Some(jwk)
    }

    /// The header of the tokens that are signed with this key here, encoded.
    pub(in crate::jwt) fn header(&self) -> &str {
        &self.header
    }

    pub(in crate::jwt) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        self.checker.accepts(message, signature)
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}
