//! The four signature algorithms.

use std::fmt;

/// How a token is signed. Every key has exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// HMAC with SHA-256: one shared secret signs and verifies.
    Hs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
    /// RSA with PKCS#1 v1.5 padding and SHA-256.
    Rs256,
}

impl Algorithm {
    /// The name by which tokens and key sets call it (RFC 7518, RFC 8037).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
            Self::Rs256 => "RS256",
        }
    }

    /// The algorithm with this name, or none. Names are compared by case.
    ///
    /// `Ed25519`, the name that RFC 9864 gives to what nearly everyone still writes as `EdDSA`, means the same here.
    ///
    /// ```
    /// use portcullis::jwt::Algorithm;
    ///
    /// assert_eq!(Algorithm::parse("Ed25519"), Algorithm::parse("EdDSA"));
    /// assert_eq!(Algorithm::parse("none"), None);
    /// ```
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "HS256" => Some(Self::Hs256),
            "ES256" => Some(Self::Es256),
            "EdDSA" | "Ed25519" => Some(Self::EdDsa),
            "RS256" => Some(Self::Rs256),
            _ => None,
        }
    }

    /// Whether the same secret signs and verifies.
    #[must_use]
    pub const fn is_symmetric(self) -> bool {
        matches!(self, Self::Hs256)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
