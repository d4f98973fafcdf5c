//! The keys as their users see them.

use std::{fmt, sync::Arc};

use super::{
    RemoteError, RemoteKeysBuilder, builder::Address, flight::Prospect, schedule::Occasion, set::KeySet, shared::Shared,
};
use crate::jwt::{TokenErrorKind, VerifyingKey};

/// The keys that an issuer publishes, kept current. Cloning gives another handle on the same keys.
///
/// They serve a [`JwtVerifier`](crate::jwt::JwtVerifier) in place of a [`KeyRing`](crate::jwt::KeyRing). The
/// [module](super) tells how and when they are fetched.
#[derive(Clone)]
pub struct RemoteKeys(Arc<Shared>);

impl RemoteKeys {
    /// The keys in the JWK set at this URL, which has to be https.
    pub fn jwks(url: impl Into<String>) -> RemoteKeysBuilder {
        RemoteKeysBuilder::new(Address::Keys(url.into()))
    }

    /// The keys of this issuer, from where its metadata say that they are: `/.well-known/openid-configuration` (OpenID
    /// Connect Discovery), or where there is none, `/.well-known/oauth-authorization-server` (RFC 8414).
    ///
    /// The `issuer` in the metadata has to be this very string, so state it exactly as the verifier is told it.
    pub fn discover(issuer: impl Into<String>) -> RemoteKeysBuilder {
        RemoteKeysBuilder::new(Address::Issuer(issuer.into()))
    }

    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// Whether there are keys to verify with. If not, tokens are answered with 503: a service may not count as ready
    /// until this is so.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.0.usable().is_some()
    }

    /// A number that is another one after each change of the keys; none while there are no keys to verify with.
    #[must_use]
    pub fn generation(&self) -> Option<u64> {
        self.0.usable().map(|keys| keys.generation())
    }

    /// Fetches the keys now, whatever the pauses, or waits for the fetch that is under way. Fails within the
    /// [`timeout`](RemoteKeysBuilder::timeout).
    ///
    /// Call it at the start to find a wrong address early, or when an issuer has withdrawn a key.
    ///
    /// # Errors
    ///
    /// [`RemoteError`], and the keys are as before.
    pub async fn refresh(&self) -> Result<(), RemoteError> {
        match self.0.decide(Occasion::Asked) {
            Ok(prospect) => prospect.landed().await,
            Err(_) => Err(RemoteError::Abandoned),
        }
    }

    pub(in crate::jwt) fn current(&self) -> Result<Snapshot, TokenErrorKind> {
        self.0.usable().map(Snapshot).ok_or_else(|| self.0.unavailable())
    }

    /// Sees to it that what a token was missing is fetched: any keys at all, or the one with its id. If that cannot be,
    /// or not so soon, the token stays refused for the reason that is answered.
    pub(in crate::jwt) fn want(
        &self,
        missing: TokenErrorKind,
        kid: impl FnOnce() -> Option<String>,
    ) -> Result<Wanted, TokenErrorKind> {
        let (prospect, kid) = match missing {
            TokenErrorKind::KeysUnavailable { .. } => (self.0.decide(Occasion::NoKeys)?, kid()),
            TokenErrorKind::UnknownKey => {
                let kid = kid().ok_or(missing)?;
                (self.0.decide(Occasion::UnknownKid(&kid))?, Some(kid))
            }
            _ => return Err(missing),
        };
        Ok(Wanted { shared: Arc::clone(&self.0), is_first: true, prospect, kid })
    }
}

/// The keys at one moment.
pub(in crate::jwt) struct Snapshot(arc_swap::Guard<Arc<KeySet>>);

impl Snapshot {
    pub(in crate::jwt) fn find(&self, kid: Option<&str>) -> Option<&VerifyingKey> {
        self.0.find(kid)
    }

    pub(in crate::jwt) fn find_by_header(&self, is_its: impl Fn(&VerifyingKey) -> bool) -> Option<&VerifyingKey> {
        self.0.find_by_header(is_its)
    }
}

/// A fetch that somebody waits for.
pub(in crate::jwt) struct Wanted {
    shared: Arc<Shared>,
    is_first: bool,
    prospect: Prospect,
    kid: Option<String>,
}

/// A fetch that somebody has waited for.
pub(in crate::jwt) struct Fetched {
    shared: Arc<Shared>,
    succeeded: bool,
    is_conclusive: bool,
    kid: Option<String>,
}

impl Wanted {
    pub(in crate::jwt) async fn fetched(self) -> Fetched {
        // One that was under way before may have asked the server before the key was there.
        let is_conclusive = !self.is_first || matches!(self.prospect, Prospect::Started(_));
        let succeeded = self.prospect.landed().await.is_ok();
        Fetched { shared: self.shared, succeeded, is_conclusive, kid: self.kid }
    }
}

impl Fetched {
    /// Why a token is refused that has failed for this reason again; or one more fetch to wait for, as that its key is
    /// not there means something only if the keys were fetched since the token came.
    pub(in crate::jwt) fn judge(self, again: TokenErrorKind) -> Result<Wanted, TokenErrorKind> {
        let (TokenErrorKind::UnknownKey, Some(kid)) = (again, self.kid) else { return Err(again) };
        if !self.succeeded {
            return Err(self.shared.unavailable());
        }
        if self.is_conclusive {
            self.shared.was_not_found(kid);
            return Err(again);
        }
        let prospect = self.shared.decide(Occasion::UnknownKid(&kid))?;
        Ok(Wanted { shared: self.shared, is_first: false, prospect, kid: Some(kid) })
    }
}

impl fmt::Debug for RemoteKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteKeys")
            .field("from", &format_args!("{}", self.0.loader().place))
            .field("generation", &self.0.generation())
            .finish_non_exhaustive()
    }
}
