//! What the guard of these accounts asks about every credential: tokens and keys alike.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use serde_json::Value;
use zeroize::Zeroizing;

use super::key::PREFIX;
use crate::{
    access::ROLES_TRUNCATED,
    account::Accounts,
    error::Error,
    guard::{AuthError, Authenticate, Credential, Presented},
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

    /// Who a credential is from that the database was asked about a while ago.
    fn looked_up(&self, credential: &str) -> Option<Result<Principal, AuthError>> {
        let found = self.accounts.looked_up(credential)?;
        let stale = self.accounts.inner().revocations.refusal(self.accounts.now());
        Some(stale.map_or(Ok(found), |retry_after| Err(AuthError::Unavailable { retry_after })))
    }

    async fn look_up(self, credential: Kept) -> Result<Principal, AuthError> {
        if let Some(key) = key_of(credential.lent()) {
            let found = self.accounts.principal_of_key(key).await.map_err(|error| unavailable(&error))?;
            let principal = found.ok_or(AuthError::invalid("api key"))?;
            self.accounts.count_use(&credential.text)?;
            return Ok(principal);
        }
        let principal = self.verifier.authenticate(credential.lent()).await?;
        if !is_truncated(&principal) {
            return Ok(principal);
        }
        self.accounts.with_memberships(&credential.text, &principal).await.map_err(|error| unavailable(&error))
    }
}

impl Authenticate for AccountAuthenticator {
    type Future = AccountAuthentication;

    fn authenticate(&self, credential: Credential<'_>) -> Self::Future {
        AccountAuthentication(Box::pin(self.clone().look_up(Kept::of(credential))))
    }

    fn at_once(&self, presented: Presented<'_>) -> Option<Result<Principal, AuthError>> {
        // Only what may be a key has to be read before it is found again.
        if presented.as_bytes().starts_with(PREFIX.as_bytes())
            && let Some(key) = key_of(presented.credential()?)
        {
            return self.looked_up(key).map(|found| self.accounts.count_use(key).and(found));
        }
        match self.verifier.at_once(presented) {
            Some(Ok(principal)) if is_truncated(&principal) => self.looked_up(text_of(presented.credential()?)),
            found => found,
        }
    }
}

/// A credential that is kept for longer than its request lends it.
struct Kept {
    text: Zeroizing<String>,
    cookie: Option<String>,
}

impl Kept {
    fn of(credential: Credential<'_>) -> Self {
        let cookie = match credential {
            Credential::Cookie { name, .. } => Some(name.to_owned()),
            Credential::Bearer(_) => None,
        };
        Self { text: Zeroizing::new(text_of(credential).to_owned()), cookie }
    }

    fn lent(&self) -> Credential<'_> {
        match &self.cookie {
            Some(name) => Credential::Cookie { name, value: &self.text },
            None => Credential::Bearer(&self.text),
        }
    }
}

const fn text_of(credential: Credential<'_>) -> &str {
    let (Credential::Bearer(text) | Credential::Cookie { value: text, .. }) = credential;
    text
}

/// The key in a credential that someone sent on purpose, if it is one.
fn key_of(credential: Credential<'_>) -> Option<&str> {
    match credential {
        Credential::Bearer(text) if text.starts_with(PREFIX) => Some(text),
        _ => None,
    }
}

/// Whether the roles of the user's memberships did not fit into the token.
fn is_truncated(principal: &Principal) -> bool {
    principal.claim(ROLES_TRUNCATED).and_then(Value::as_bool) == Some(true)
}

fn unavailable(error: &Error) -> AuthError {
    tracing::error!(%error, "a credential cannot be looked up");
    AuthError::Unavailable { retry_after: Duration::from_secs(1) }
}

/// Resolves to the principal of a credential that the database, or whoever has the key, had to be asked about.
#[must_use = "a future does nothing until it is polled"]
pub struct AccountAuthentication(Pin<Box<dyn Future<Output = Result<Principal, AuthError>> + Send>>);

impl Future for AccountAuthentication {
    type Output = Result<Principal, AuthError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for AccountAuthentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountAuthentication").finish_non_exhaustive()
    }
}
