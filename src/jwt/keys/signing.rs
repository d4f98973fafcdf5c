//! Keys that sign.

use std::fmt;

use aws_lc_rs::{
    encoding::AsDer,
    rsa,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::EncodingKey;
use zeroize::Zeroizing;

use super::{KeyError, VerifyingKey, pem, public::PublicKey};
use crate::{
    jwt::{Algorithm, crypto},
    secret::{RandomUnavailable, random_bytes},
};

/// A key that signs tokens. `Debug` shows its id and algorithm.
///
/// ```
/// use portcullis::jwt::{Algorithm, SigningKey};
///
/// # fn main() -> Result<(), portcullis::jwt::KeyError> {
/// let key = SigningKey::generate(Algorithm::Es256)?;
/// let again = SigningKey::import(Algorithm::Es256, key.kid(), &key.export())?;
/// assert_eq!(again.kid(), key.kid());
/// # Ok(())
/// # }
/// ```
pub struct SigningKey {
    verifying: VerifyingKey,
    encoding: EncodingKey,
    exported: Zeroizing<Vec<u8>>,
}

impl SigningKey {
    /// A new random key: 256 bits for HS256, 3072 for RS256.
    ///
    /// # Errors
    ///
    /// [`KeyError::RandomUnavailable`] if the system has no randomness to give.
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        match algorithm {
            Algorithm::Hs256 => Self::hs256(Zeroizing::new(random_bytes::<32>()?).as_slice()),
            Algorithm::Es256 => {
                Self::p256(&EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(no_random)?)
            }
            Algorithm::EdDsa => Self::ed25519(&Ed25519KeyPair::generate().map_err(no_random)?),
            Algorithm::Rs256 => Self::rsa(&rsa::KeyPair::generate(rsa::KeySize::Rsa3072).map_err(no_random)?),
        }
    }

    /// The shared secret of HS256: see [`VerifyingKey::hs256`].
    ///
    /// # Errors
    ///
    /// [`KeyError::ShortSecret`] if there are fewer than 32 bytes.
    pub fn hs256(secret: &[u8]) -> Result<Self, KeyError> {
        Ok(Self {
            verifying: VerifyingKey::hs256(secret)?,
            encoding: EncodingKey::from_secret(secret),
            exported: Zeroizing::new(secret.to_vec()),
        })
    }

    /// An unencrypted private key in PEM: `PRIVATE KEY` for P-256, Ed25519 and RSA, `EC PRIVATE KEY`, or
    /// `RSA PRIVATE KEY`. This is what `openssl genpkey` writes.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if it is of another kind, weak, or not private.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let block = pem::read(pem)?;
        if block.label.ends_with("PRIVATE KEY") { Self::from_pkcs8_der(&block.der) } else { Err(KeyError::Unsupported) }
    }

    /// An unencrypted private key in DER, as PKCS#8; the older forms SEC 1 and PKCS#1 are read too.
    ///
    /// The algorithm follows from the kind of key. The id is the key's thumbprint (RFC 7638).
    ///
    /// # Errors
    ///
    /// [`KeyError`] if it is of another kind, or weak.
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, KeyError> {
        if let Ok(pair) = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, der) {
            return Self::p256(&pair);
        }
        if let Ok(pair) = Ed25519KeyPair::from_pkcs8(der) {
            return Self::ed25519(&pair);
        }
        let pair = rsa::KeyPair::from_pkcs8(der).or_else(|_| rsa::KeyPair::from_der(der));
        Self::rsa(&pair.map_err(|_| KeyError::Unsupported)?)
    }

    /// The key that [`export`](Self::export) wrote.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if the bytes are no such key, or one for another algorithm.
    pub fn import(algorithm: Algorithm, kid: &str, exported: &[u8]) -> Result<Self, KeyError> {
        let key = match algorithm {
            Algorithm::Hs256 => Self::hs256(exported)?,
            _ => Self::from_pkcs8_der(exported)?,
        };
        if key.algorithm() == algorithm { key.with_kid(kid) } else { Err(KeyError::WrongAlgorithm) }
    }

    /// The key's own bytes, to be sealed and stored: PKCS#8 in DER, or the secret itself for HS256.
    #[must_use]
    pub fn export(&self) -> Zeroizing<Vec<u8>> {
        self.exported.clone()
    }

    /// The same key under another id.
    ///
    /// # Errors
    ///
    /// [`KeyError::BadKid`] if the id is empty or longer than 256 bytes.
    pub fn with_kid(mut self, kid: impl Into<String>) -> Result<Self, KeyError> {
        self.verifying = self.verifying.with_kid(kid)?;
        Ok(self)
    }

    /// The id by which tokens name this key.
    #[must_use]
    pub fn kid(&self) -> &str {
        self.verifying.kid()
    }

    /// The one algorithm this key is for.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.verifying.algorithm()
    }

    /// What checks the signatures of this key.
    #[must_use]
    pub fn verifying_key(&self) -> &VerifyingKey {
        &self.verifying
    }

    /// An access token with these claims, in JSON.
    pub(in crate::jwt) fn token(&self, claims: &[u8]) -> Option<String> {
        self.signed(self.verifying.header().to_owned(), claims)
    }

    /// A token of these very bytes, whatever they say.
    #[cfg(feature = "testing")]
    pub(crate) fn seal(&self, header: &[u8], claims: &[u8]) -> Option<String> {
        self.signed(URL_SAFE_NO_PAD.encode(header), claims)
    }

    fn signed(&self, mut token: String, claims: &[u8]) -> Option<String> {
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(claims, &mut token);
        let signature = crypto::sign(self.algorithm(), &self.encoding, token.as_bytes())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Some(token)
    }

    fn p256(pair: &EcdsaKeyPair) -> Result<Self, KeyError> {
        let Some((4, point)) = pair.public_key().as_ref().split_first().map(|(form, point)| (*form, point)) else {
            return Err(KeyError::Unsupported);
        };
        let (x, y) = point.split_at_checked(32).ok_or(KeyError::Unsupported)?;
        let pkcs8 = pair.to_pkcs8v1().map_err(|_| KeyError::Unsupported)?;
        Self::assemble(PublicKey::p256(x, y)?, EncodingKey::from_ec_der(pkcs8.as_ref()), pkcs8.as_ref())
    }

    fn ed25519(pair: &Ed25519KeyPair) -> Result<Self, KeyError> {
        let public = PublicKey::ed25519(pair.public_key().as_ref())?;
        let pkcs8 = pair.to_pkcs8v1().map_err(|_| KeyError::Unsupported)?;
        Self::assemble(public, EncodingKey::from_ed_der(pkcs8.as_ref()), pkcs8.as_ref())
    }

    fn rsa(pair: &rsa::KeyPair) -> Result<Self, KeyError> {
        let public = PublicKey::from_der(pair.public_key().as_ref())?;
        let pkcs8 = pair.as_der().map_err(|_| KeyError::Unsupported)?;
        // jsonwebtoken signs with PKCS#1, and unwraps it only from PEM.
        let pem = pem::write_private_key(pkcs8.as_ref());
        let encoding = EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(|_| KeyError::Unsupported)?;
        Self::assemble(public, encoding, pkcs8.as_ref())
    }

    fn assemble(public: PublicKey, encoding: EncodingKey, pkcs8: &[u8]) -> Result<Self, KeyError> {
        let verifying = VerifyingKey::from_public(public)?;
        Ok(Self { verifying, encoding, exported: Zeroizing::new(pkcs8.to_vec()) })
    }
}

fn no_random(_: aws_lc_rs::error::Unspecified) -> KeyError {
    RandomUnavailable.into()
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.kid())
            .field("algorithm", &self.algorithm())
            .finish_non_exhaustive()
    }
}
