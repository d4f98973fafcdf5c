//! Why a token was refused: for logs and metrics. Whoever sent it learns only that it was.

use std::{fmt, time::Duration};

/// A token was refused.
///
/// Neither `Display` nor `Debug` shows anything of the token. Tell clients no more than that it is not valid: which
/// check failed helps only those who forge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenError(TokenErrorKind);

/// Which check a token failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenErrorKind {
    /// It is longer than the verifier takes.
    TooLarge,
    /// It is not three segments of canonical, unpadded base64url.
    Malformed,
    /// The header is not the JSON object it has to be, has a member twice, or one of the wrong type.
    BadHeader,
    /// The header has a member that is never accepted, such as `crit` or `jwk`.
    ForbiddenHeader,
    /// The `typ` is not `at+jwt`.
    WrongType,
    /// No key could be meant, or more than one.
    UnknownKey,
    /// The issuer's keys, or whether the one it names is among them, cannot be told now. The token may well be good.
    KeysUnavailable {
        /// How long to wait before trying again.
        retry_after: Duration,
    },
    /// The header names another algorithm than the key's.
    WrongAlgorithm,
    /// The signature is not the key's.
    BadSignature,
    /// The claims are not the JSON object they have to be, or one is there twice or of the wrong type.
    BadClaims,
    /// `iss`, `aud`, `sub`, `exp` or `iat` is missing.
    MissingClaim,
    /// It is from another issuer.
    WrongIssuer,
    /// It is for another audience.
    WrongAudience,
    /// It has expired.
    Expired,
    /// It is not valid yet.
    NotYetValid,
    /// It claims to have been issued in the future.
    IssuedInFuture,
    /// It lives longer than the verifier allows.
    LivesTooLong,
    /// Its session or its user's generation has been revoked.
    Revoked,
    /// Whether it has been revoked cannot be told now. The token may well be good.
    RevocationsUnavailable {
        /// How long to wait before trying again.
        retry_after: Duration,
    },
}

impl TokenError {
    /// Which check failed.
    #[must_use]
    pub const fn kind(self) -> TokenErrorKind {
        self.0
    }

    /// Whether the token may be good by keys that are not at hand.
    pub(super) const fn is_for_want_of_keys(self) -> bool {
        matches!(self.0, TokenErrorKind::UnknownKey | TokenErrorKind::KeysUnavailable { .. })
    }
}

impl TokenErrorKind {
    /// A stable name, fit for a metric's label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::Malformed => "malformed",
            Self::BadHeader => "bad_header",
            Self::ForbiddenHeader => "forbidden_header",
            Self::WrongType => "wrong_type",
            Self::UnknownKey => "unknown_key",
            Self::KeysUnavailable { .. } => "keys_unavailable",
            Self::WrongAlgorithm => "wrong_algorithm",
            Self::BadSignature => "bad_signature",
            Self::BadClaims => "bad_claims",
            Self::MissingClaim => "missing_claim",
            Self::WrongIssuer => "wrong_issuer",
            Self::WrongAudience => "wrong_audience",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::IssuedInFuture => "issued_in_future",
            Self::LivesTooLong => "lives_too_long",
            Self::Revoked => "revoked",
            Self::RevocationsUnavailable { .. } => "revocations_unavailable",
        }
    }
}

impl From<TokenErrorKind> for TokenError {
    fn from(kind: TokenErrorKind) -> Self {
        Self(kind)
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the token was refused: {}", self.0.as_str())
    }
}

impl std::error::Error for TokenError {}
