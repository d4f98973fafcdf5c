//! Who a request turned out to be from: what the guard hands to handlers.

use std::{fmt, hint, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

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
pub struct Principal(Arc<Known>);

/// All that is known of a principal, shared by its clones.
struct Known {
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
        Self(Arc::new(Known { identity, claims, standing: None }))
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
        let standing = Standing {
            revocations: revocations.clone(),
            generation,
            #[cfg(feature = "accounts")]
            key: None,
        };
        Self(Arc::new(Known { identity, claims, standing: Some(standing) }))
    }

    /// The same for the owner of an API key with this id.
    #[cfg(feature = "accounts")]
    pub(crate) fn of_key(
        identity: Identity,
        revocations: &RevocationSet,
        key: String,
        generation: Option<i64>,
    ) -> Self {
        let standing = Standing { revocations: revocations.clone(), generation, key: Some(key) };
        Self(Arc::new(Known { identity, claims: Map::new(), standing: Some(standing) }))
    }

    /// The same principal with these roles besides its own, and the generation of its credential.
    #[cfg(feature = "accounts")]
    pub(crate) fn and_roles(&self, roles: Vec<String>) -> (Self, Option<i64>) {
        let Known { identity, claims, standing } = self.0.as_ref();
        let mut identity = identity.clone();
        identity.roles.extend(roles);
        let generation = standing.as_ref().and_then(|standing| standing.generation);
        (Self(Arc::new(Known { identity, claims: claims.clone(), standing: standing.clone() })), generation)
    }

    /// Has the processor fetch what a clone is about to write to. That takes as long as a dozen clones where it is not in
    /// its caches, and goes on while it does other things; a write to it would wait for all of them, and all for it.
    #[inline]
    pub(crate) fn fetch(&self) {
        hint::black_box(Arc::strong_count(&self.0));
    }

    /// The user's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0.identity.id
    }

    /// The name to show, if the credential tells it.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.identity.name.as_deref()
    }

    /// The verified e-mail address, if the credential tells it.
    #[must_use]
    pub fn email(&self) -> Option<&str> {
        self.0.identity.email.as_deref()
    }

    /// What the request may do.
    #[must_use]
    pub fn scopes(&self) -> &Scopes {
        &self.0.identity.scopes
    }

    /// The user's roles.
    #[must_use]
    pub fn roles(&self) -> &[String] {
        &self.0.identity.roles
    }

    /// Whether the user has this role.
    #[must_use]
    pub fn has_role(&self, role: &str) -> bool {
        self.0.identity.roles.iter().any(|held| held == role)
    }

    /// The session the credential belongs to.
    #[must_use]
    pub fn session(&self) -> Option<&str> {
        self.0.identity.session.as_deref()
    }

    /// How the user authenticated: RFC 8176 values.
    #[must_use]
    pub fn amr(&self) -> &[String] {
        &self.0.identity.amr
    }

    /// The assurance reached, `aal1` or `aal2`, if the credential tells it.
    #[must_use]
    pub fn acr(&self) -> Option<&str> {
        self.0.identity.acr.as_deref()
    }

    /// When the user last authenticated, if the credential tells it.
    #[must_use]
    pub fn auth_time(&self) -> Option<Timestamp> {
        self.0.identity.auth_time
    }

    /// When the credential stops being good: the deadline of whatever it started.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.0.identity.expires_at
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
        match &self.0.standing {
            Some(Standing { revocations, generation, .. }) => {
                revocations.revoked(self.id(), self.revoked_as(), *generation)
            }
            None => Revoked::never(),
        }
    }

    /// The id under which the credential alone is revoked: of its session, or its own.
    pub(crate) fn revoked_as(&self) -> Option<&str> {
        #[cfg(feature = "accounts")]
        if let Some(Standing { key: Some(key), .. }) = &self.0.standing {
            return Some(key);
        }
        self.session()
    }

    /// What the request carried.
    #[must_use]
    pub fn credential(&self) -> CredentialKind {
        self.0.identity.credential
    }

    /// What the credential claims under this name, beyond what the other methods tell.
    ///
    /// These are the claims of a token that this crate gives no meaning, [`Claims::extra`](crate::jwt::Claims::extra),
    /// as whoever signed it wrote them.
    #[must_use]
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.0.claims.get(name)
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
        T::deserialize(&self.0.claims)
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Principal").field(&self.0.identity).finish()
    }
}

/// A set of scopes: permission strings such as `notes:read`.
///
/// They are compared whole and by case. No scope contains another: `notes` does not grant `notes:read`.
///
/// ```
/// use portcullis::Scopes;
///
/// let scopes = Scopes::parse("notes:read notes:write");
/// assert!(scopes.contains("notes:read"));
/// assert!(!scopes.contains("notes"));
/// assert_eq!(scopes.to_string(), "notes:read notes:write");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(Vec<String>);

impl Scopes {
    /// The scopes in a space-delimited list, as RFC 6749 section 3.3 writes them.
    #[must_use]
    pub fn parse(list: &str) -> Self {
        list.split(' ').filter(|scope| !scope.is_empty()).collect()
    }

    /// Whether this very scope is in the set.
    #[must_use]
    pub fn contains(&self, scope: &str) -> bool {
        self.0.iter().any(|held| held == scope)
    }

    /// The scopes, one by one.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<S: Into<String>> FromIterator<S> for Scopes {
    fn from_iter<I: IntoIterator<Item = S>>(scopes: I) -> Self {
        let mut set = Vec::new();
        for scope in scopes {
            let scope = scope.into();
            if !set.contains(&scope) {
                set.push(scope);
            }
        }
        Self(set)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
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
