//! What can go wrong with keys from elsewhere.

use std::{error::Error, fmt::Write, sync::Arc};

use http::StatusCode;

use crate::jwt::KeyError;

/// [`RemoteKeys`](super::RemoteKeys), or a [`RevocationFeed`](crate::revocation::RevocationFeed), cannot be set up as
/// stated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteConfigError {
    /// The address is not an absolute URL, or has a fragment; an issuer's may not have a query either.
    #[error("{0:?} is not a URL that can be asked")]
    Url(String),
    /// The address has a user name or a password in it.
    #[error("a URL with a user name in it cannot be asked")]
    Login,
    /// The address is not https, and `insecure_http` was not called.
    #[error("{0:?} is not https")]
    NotHttps(String),
    /// There is no tokio runtime that could ask the server.
    #[error("what asks another server has to be built within a tokio runtime")]
    NoRuntime,
    /// The additional roots of trust are not PEM that holds at least one certificate.
    #[error("the additional roots of trust are not certificates in PEM")]
    Roots,
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}

/// Why keys could not be fetched. It is written to the log each time; clients never see it.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteError {
    /// It took longer than [`timeout`](super::RemoteKeysBuilder::timeout) allows.
    #[error("it took too long")]
    Timeout,
    /// No answer came: the name is unknown, the connection or TLS failed.
    #[error("no answer: {0}")]
    Transport(String),
    /// The answer is longer than [`max_bytes`](super::RemoteKeysBuilder::max_bytes) allows.
    #[error("the answer is too large")]
    TooLarge,
    /// The answer has another status than 200. Redirects are not followed.
    #[error("answered with status {0}")]
    Status(StatusCode),
    /// What should be the issuer's metadata is not.
    #[error("the metadata is not a JSON object with an issuer and a jwks_uri")]
    Metadata,
    /// The metadata names another issuer than the one that was asked for.
    #[error("the metadata is another issuer's")]
    WrongIssuer,
    /// The `jwks_uri` in the metadata is no URL that keys may be fetched from.
    #[error("the metadata has a jwks_uri that is not an https URL")]
    KeysUrl,
    /// What should be a key set is not one, is too large, or has no key that can be used.
    #[error("the key set cannot be used: {0}")]
    Keys(Arc<KeyError>),
    /// The fetch was cut short: the runtime is shutting down, or the fetcher panicked.
    #[error("it was cut short")]
    Abandoned,
}

impl RemoteError {
    /// That no answer came, and why. For implementors of [`Fetch`](super::Fetch).
    #[must_use]
    pub fn transport(error: &dyn Error) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            // Writing to a string cannot fail.
            let _ = write!(text, ": {cause}");
            source = cause.source();
        }
        Self::Transport(text)
    }
}

impl From<KeyError> for RemoteError {
    fn from(error: KeyError) -> Self {
        Self::Keys(Arc::new(error))
    }
}
