//! What the guard of these accounts asks about every credential: tokens and keys alike.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use super::key::PREFIX;
use crate::{
    account::Accounts,
    error::Error,
    guard::{AuthError, Authenticate, Credential, TokenAuthentication},
    jwt::JwtVerifier,
    principal::Principal,
};

/// Tells who a request to a service with these accounts is from: takes their access tokens, and their API keys.
///
/// What begins with `pc_` is a key and is never read as a token; nothing else is ever looked up as a key. A key that was
/// found good is remembered, and forgotten at once when it, its owner or their roles change.
#[derive(Clone, Debug)]
pub struct AccountAuthenticator {
    verifier: JwtVerifier,
    accounts: Accounts,
}

impl AccountAuthenticator {
    pub(crate) const fn new(verifier: JwtVerifier, accounts: Accounts) -> Self {
        Self { verifier, accounts }
    }

    /// Who a key is from, without a look into the database.
    fn known(&self, key: &str) -> Option<Result<Principal, AuthError>> {
        let found = self.accounts.known_key(key)?;
        let stale = self.accounts.inner().revocations.refusal(self.accounts.now());
        Some(stale.map_or(Ok(found), |retry_after| Err(AuthError::Unavailable { retry_after })))
    }
}

impl Authenticate for AccountAuthenticator {
    type Future = AccountAuthentication;

    fn authenticate(&self, credential: Credential<'_>) -> Self::Future {
        let Some(key) = key_of(credential) else {
            return AccountAuthentication(State::Token(self.verifier.authenticate(credential)));
        };
        let (accounts, key) = (self.accounts.clone(), zeroize::Zeroizing::new(key.to_owned()));
        AccountAuthentication(State::Key(Box::pin(async move {
            match accounts.principal_of_key(&key).await {
                Ok(found) => found.ok_or(AuthError::invalid("api key")),
                Err(error) => Err(unavailable(&error)),
            }
        })))
    }

    fn at_once(&self, credential: Credential<'_>) -> Option<Result<Principal, AuthError>> {
        match key_of(credential) {
            Some(key) => self.known(key),
            None => self.verifier.at_once(credential),
        }
    }
}

/// The key in a credential that someone sent on purpose, if it is one.
fn key_of(credential: Credential<'_>) -> Option<&str> {
    match credential {
        Credential::Bearer(text) if text.starts_with(PREFIX) => Some(text),
        _ => None,
    }
}

fn unavailable(error: &Error) -> AuthError {
    tracing::error!(%error, "an API key cannot be looked up");
    AuthError::Unavailable { retry_after: Duration::from_secs(1) }
}

/// Resolves to the principal of a token, which may have to wait for a key, or of an API key, which may have to be looked
/// up.
#[must_use = "a future does nothing until it is polled"]
pub struct AccountAuthentication(State);

enum State {
    Token(TokenAuthentication),
    Key(Pin<Box<dyn Future<Output = Result<Principal, AuthError>> + Send>>),
}

impl Future for AccountAuthentication {
    type Output = Result<Principal, AuthError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            State::Token(token) => Pin::new(token).poll(cx),
            State::Key(key) => key.as_mut().poll(cx),
        }
    }
}

impl fmt::Debug for AccountAuthentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountAuthentication").finish_non_exhaustive()
    }
}
