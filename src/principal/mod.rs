//! Who a request turned out to be from: what the guard hands to handlers.

mod finding;
mod scopes;

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use triomphe::ThinArc;

pub(crate) use self::finding::Finding;
pub use self::scopes::Scopes;
use crate::{
    clock::{Clock, Timestamp},
    revocation::{RevocationSet, Revoked},
};

/// The authenticated party behind a request.
///
/// The guard puts one into the extensions of every request it authenticated. Cloning is cheap.
///
/// ```
/// use portcullis::Principal;
///
/// fn greet<B>(request: &http::Request<B>) -> String {
///     match request.extensions().get::<Principal>() {
///         Some(principal) => format!("hello {}", principal.name().unwrap_or(principal.id())),
///         None => "hello stranger".to_owned(),
///     }
/// }
/// ```
#[derive(Clone)]
pub struct Principal(pub(crate) Shared);

/// What the clones of a principal share. Behind what is known of it stand the bytes of the credential that it is remembered
/// by, none if it is not.
pub(crate) type Shared = ThinArc<Known, u8>;

/// All that is known of a principal. What is asked on every request comes first: it lies beside the count that a clone
/// writes to.
#[repr(C)]
pub(crate) struct Known {
    finding: Option<Finding>,
    identity: Identity,
    claims: Map<String, Value>,
    standing: Option<Standing>,
}

/// Where to learn whether the credential is still good.
#[derive(Clone)]
struct Standing {
    revocations: RevocationSet,
    generation: Option<i64>,
    /// The API key's id: it is revoked by that as a session is by its own.
    #[cfg(feature = "accounts")]
    key: Option<String>,
}

impl Standing {
    fn new(revocations: &RevocationSet, generation: Option<i64>) -> Self {
        Self {
            revocations: revocations.clone(),
            generation,
            #[cfg(feature = "accounts")]
            key: None,
        }
    }
}

/// What a [`Principal`] is made of. Whoever authenticates requests fills one in.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The user's id: the token's `sub`.
    pub id: String,
    /// The name to show.
    pub name: Option<String>,
    /// The e-mail address. Present only if it has been verified.
    pub email: Option<String>,
    /// What the request may do.
    pub scopes: Scopes,
    /// The user's roles.
    pub roles: Vec<String>,
    /// The session the credential belongs to (`sid`).
    pub session: Option<String>,
    /// How the user authenticated: RFC 8176 values such as `pwd`, `otp`, `hwk`.
    pub amr: Vec<String>,
    /// The assurance reached: `aal1` or `aal2`.
    pub acr: Option<String>,
    /// When the user last authenticated.
    pub auth_time: Option<Timestamp>,
    /// When the credential stops being good.
    pub expires_at: Timestamp,
    /// What the request carried.
    pub credential: CredentialKind,
}

/// The kind of credential a request carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CredentialKind {
    /// A signed JWT.
    AccessToken,
    /// A long-lived key made by the user.
    ApiKey,
    /// The browser's session cookie.
    SessionCookie,
}

impl Principal {
    /// A principal with this identity.
    #[must_use]
    pub fn new(identity: Identity) -> Self {
        Self::with_claims(identity, Map::new())
    }

    /// A principal with this identity, and with what else its credential claims.
    #[must_use]
    pub fn with_claims(identity: Identity, claims: Map<String, Value>) -> Self {
        Self::of(Known { finding: None, identity, claims, standing: None }, &[])
    }

    /// A principal with this identity and these further claims, whose credential is one of this generation (`gen`) and
    /// may be revoked in this set. Whoever fills one in has looked there already; it is for [`revoked`](Self::revoked).
    #[must_use]
    pub fn revocable(
        identity: Identity,
        claims: Map<String, Value>,
        revocations: &RevocationSet,
        generation: Option<i64>,
    ) -> Self {
        let standing = Some(Standing::new(revocations, generation));
        Self::of(Known { finding: None, identity, claims, standing }, &[])
    }

    /// The same, to be remembered by this credential.
    pub(crate) fn found(
        identity: Identity,
        claims: Map<String, Value>,
        revocations: &RevocationSet,
        generation: Option<i64>,
        (credential, finding): (&[u8], Finding),
    ) -> Self {
        let standing = Some(Standing::new(revocations, generation));
        Self::of(Known { finding: Some(finding), identity, claims, standing }, credential)
    }

    /// The same for the owner of an API key with this id.
    #[cfg(feature = "accounts")]
    pub(crate) fn of_key(
        identity: Identity,
        revocations: &RevocationSet,
        key: String,
        generation: Option<i64>,
        (credential, finding): (&[u8], Finding),
    ) -> Self {
        let standing = Some(Standing { key: Some(key), ..Standing::new(revocations, generation) });
        Self::of(Known { finding: Some(finding), identity, claims: Map::new(), standing }, credential)
    }

    /// The same principal with these roles besides its own, to be remembered by this credential.
    #[cfg(feature = "accounts")]
    pub(crate) fn and_roles(&self, roles: Vec<String>, (credential, finding): (&[u8], Finding)) -> Self {
        let Known { identity, claims, standing, .. } = self.known();
        let mut identity = identity.clone();
        identity.roles.extend(roles);
        let known = Known { finding: Some(finding), identity, claims: claims.clone(), standing: standing.clone() };
        Self::of(known, credential)
    }

    fn of(known: Known, credential: &[u8]) -> Self {
        Self(ThinArc::from_header_and_slice(known, credential))
    }

    fn known(&self) -> &Known {
        &self.0.header.header
    }

    /// What it rests on, if it is remembered by its credential.
    pub(crate) fn finding(&self) -> Option<&Finding> {
        self.known().finding.as_ref()
    }

    /// Whether the credential that it is remembered by has been revoked in this set.
    pub(crate) fn is_revoked_in(&self, revocations: &RevocationSet) -> bool {
        let generation = self.known().standing.as_ref().and_then(|standing| standing.generation);
        let is_covered = || revocations.covers(self.id(), self.revoked_as(), generation);
        match self.finding() {
            Some(finding) => finding.is_revoked(revocations.epoch(), is_covered),
            None => is_covered(),
        }
    }

    /// The user's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.known().identity.id
    }

    /// The name to show, if the credential tells it.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.known().identity.name.as_deref()
    }

    /// The verified e-mail address, if the credential tells it.
    #[must_use]
    pub fn email(&self) -> Option<&str> {
        self.known().identity.email.as_deref()
    }

    /// What the request may do.
    #[must_use]
    pub fn scopes(&self) -> &Scopes {
        &self.known().identity.scopes
    }

    /// The user's roles.
    #[must_use]
    pub fn roles(&self) -> &[String] {
        &self.known().identity.roles
    }

    /// Whether the user has this role.
    #[must_use]
    pub fn has_role(&self, role: &str) -> bool {
        self.known().identity.roles.iter().any(|held| held == role)
    }

    /// The session the credential belongs to.
    #[must_use]
    pub fn session(&self) -> Option<&str> {
        self.known().identity.session.as_deref()
    }

    /// How the user authenticated: RFC 8176 values.
    #[must_use]
    pub fn amr(&self) -> &[String] {
        &self.known().identity.amr
    }

    /// The assurance reached, `aal1` or `aal2`, if the credential tells it.
    #[must_use]
    pub fn acr(&self) -> Option<&str> {
        self.known().identity.acr.as_deref()
    }

    /// When the user last authenticated, if the credential tells it.
    #[must_use]
    pub fn auth_time(&self) -> Option<Timestamp> {
        self.known().identity.auth_time
    }

    /// When the credential stops being good: the deadline of whatever it started.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.known().identity.expires_at
    }

    /// How long it is until then; zero afterwards.
    #[must_use]
    pub fn time_left(&self, clock: &dyn Clock) -> Duration {
        self.expires_at().since(clock.now())
    }

    /// Waits until the credential is revoked: until its session ends, or something about the user changes that makes
    /// older credentials stale. It never resolves where there is nobody to learn that from.
    ///
    /// The guard looks at every request. What outlives its request has to look for itself, and to stop when this
    /// resolves or no [time is left](Self::time_left), whichever comes first:
    ///
    /// ```
    /// use portcullis::{Principal, clock::SystemClock};
    ///
    /// async fn ended(principal: &Principal) -> &'static str {
    ///     tokio::select! {
    ///         () = principal.revoked() => "the session has ended",
    ///         () = tokio::time::sleep(principal.time_left(&SystemClock)) => "the token has expired",
    ///     }
    /// }
    /// ```
    ///
    /// A stream of events ends with `stream.take_until(…)` of `futures`. `examples/websocket.rs` is a whole program.
    pub fn revoked(&self) -> Revoked {
        match &self.known().standing {
            Some(Standing { revocations, generation, .. }) => {
                revocations.revoked(self.id(), self.revoked_as(), *generation)
            }
            None => Revoked::never(),
        }
    }

    /// The id under which the credential alone is revoked: of its session, or its own.
    pub(crate) fn revoked_as(&self) -> Option<&str> {
        #[cfg(feature = "accounts")]
        if let Some(Standing { key: Some(key), .. }) = &self.known().standing {
            return Some(key);
        }
        self.session()
    }

    /// What the request carried.
    #[must_use]
    pub fn credential(&self) -> CredentialKind {
        self.known().identity.credential
    }

    /// What the credential claims under this name, beyond what the other methods tell.
    ///
    /// These are the claims of a token that this crate gives no meaning, [`Claims::extra`](crate::jwt::Claims::extra),
    /// as whoever signed it wrote them.
    #[must_use]
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.known().claims.get(name)
    }

    /// All such claims at once, as a type of one's own. What they say beyond that type is left out.
    ///
    /// ```
    /// # use portcullis::{CredentialKind, Identity, Principal, clock::Timestamp};
    /// #[derive(serde::Deserialize)]
    /// struct Tenancy<'a> {
    ///     tenant: &'a str,
    /// }
    ///
    /// # let identity = Identity {
    /// #     id: "u1".into(), name: None, email: None, scopes: Default::default(), roles: vec![], session: None,
    /// #     amr: vec![], acr: None, auth_time: None, expires_at: Timestamp::from_secs(0),
    /// #     credential: CredentialKind::AccessToken,
    /// # };
    /// let claims = serde_json::json!({"tenant": "acme", "plan": 3}).as_object().unwrap().clone();
    /// let principal = Principal::with_claims(identity, claims);
    /// assert_eq!(principal.claims::<Tenancy>()?.tenant, "acme");
    /// assert_eq!(principal.claim("plan").and_then(|plan| plan.as_u64()), Some(3));
    /// # Ok::<_, serde_json::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The error of `serde_json`, if one is missing or of another type. Its text may quote the claim.
    pub fn claims<'a, T: Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        T::deserialize(&self.known().claims)
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Principal").field(&self.known().identity).finish()
    }
}

/// The least a token says of a user: who they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JwtUser {
    /// The user's id.
    pub id: String,
    /// The name to show.
    pub name: Option<String>,
    /// The verified e-mail address.
    pub email: Option<String>,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn nobody(id: &str) -> Identity {
        Identity {
            id: id.into(),
            name: None,
            email: None,
            scopes: Scopes::default(),
            roles: Vec::new(),
            session: None,
            amr: Vec::new(),
            acr: None,
            auth_time: None,
            expires_at: Timestamp::from_secs(100),
            credential: CredentialKind::AccessToken,
        }
    }

    /// Somebody who is remembered by this credential.
    pub(crate) fn remembered(credential: &str) -> Principal {
        let finding = Finding::new(Timestamp::from_secs(0)..Timestamp::from_secs(100), 7, 0);
        let found = (credential.as_bytes(), finding);
        Principal::found(nobody(credential), Map::new(), &RevocationSet::default(), None, found)
    }

    #[test]
    fn debug_does_not_show_the_credential() {
        let finding = Finding::new(Timestamp::from_secs(0)..Timestamp::from_secs(100), 7, 0);
        let found = (&b"s3cret"[..], finding);
        let principal = Principal::found(nobody("someone"), Map::new(), &RevocationSet::default(), None, found);
        assert!(!format!("{principal:?}").contains("s3cret") && format!("{principal:?}").contains("someone"));
    }
}
