//! Checking: the only place where a token becomes claims.

use std::{fmt, ops::Range, sync::Arc, time::Duration};

use super::{
    Claims, KeyRing, TokenError,
    TokenErrorKind::{
        self, Expired, IssuedInFuture, LivesTooLong, NotYetValid, Revoked, UnknownKey, WrongAlgorithm, WrongAudience,
        WrongIssuer, WrongType,
    },
    VerifyingKey,
    cache::{Cache, Finding},
    header::Header,
    jws::{Compact, DEFAULT_MAX_SIZE},
};
use crate::{
    clock::{SharedClock, SystemClock, Timestamp},
    principal::{JwtUser, Principal},
    revocation::RevocationSet,
};

/// The most that clocks may be allowed to differ.
const MAX_LEEWAY: Duration = Duration::from_mins(1);
/// How many good tokens are remembered unless told otherwise.
const DEFAULT_CACHE_CAPACITY: usize = 16_384;

/// Checks access tokens.
///
/// There is none that does not know its issuer and its audience: they have to be stated first, in this order.
///
/// ```
/// use std::time::Duration;
///
/// use portcullis::jwt::{JwtVerifier, KeyRing, TokenErrorKind};
///
/// # fn main() -> Result<(), portcullis::jwt::KeyError> {
/// # let keys = KeyRing::hs256([7; 32])?;
/// let verifier = JwtVerifier::new(keys)
///     .issuer("https://id.example")
///     .audience("notes")
///     .max_lifetime(Duration::from_secs(3600));
/// let error = verifier.verify("not.a.token").unwrap_err();
/// assert_eq!(error.kind(), TokenErrorKind::Malformed);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct JwtVerifier {
    keys: KeyRing,
    issuer: String,
    audiences: Vec<String>,
    leeway: Duration,
    max_lifetime: Duration,
    max_size: usize,
    clock: SharedClock,
    revocations: RevocationSet,
    cache: Arc<Cache>,
}

/// A verifier in the making, which still has to be told whose tokens it accepts.
#[derive(Clone, Debug)]
#[must_use]
pub struct NeedsIssuer(KeyRing);

impl NeedsIssuer {
    /// The only issuer whose tokens are accepted: their `iss` has to be this very string.
    pub fn issuer(self, issuer: impl Into<String>) -> NeedsAudience {
        NeedsAudience { keys: self.0, issuer: issuer.into() }
    }
}

/// A verifier in the making, which still has to be told its own name.
#[derive(Clone, Debug)]
#[must_use]
pub struct NeedsAudience {
    keys: KeyRing,
    issuer: String,
}

impl NeedsAudience {
    /// The verifier's own name: one of a token's `aud` has to be this very string.
    pub fn audience(self, audience: impl Into<String>) -> JwtVerifier {
        JwtVerifier {
            keys: self.keys,
            issuer: self.issuer,
            audiences: vec![audience.into()],
            leeway: Duration::from_secs(5),
            max_lifetime: Duration::from_hours(24),
            max_size: DEFAULT_MAX_SIZE,
            clock: SystemClock::shared(),
            revocations: RevocationSet::default(),
            cache: Arc::new(Cache::new(DEFAULT_CACHE_CAPACITY)),
        }
    }
}

impl JwtVerifier {
    /// A verifier with these keys, in the making.
    #[expect(clippy::new_ret_no_self, reason = "without issuer and audience there is no verifier")]
    pub fn new(keys: KeyRing) -> NeedsIssuer {
        NeedsIssuer(keys)
    }

    /// Another name of the verifier, beside those it has.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self.forgetting()
    }

    /// How far the issuer's clock may differ: 5 seconds by default, and never more than a minute.
    ///
    /// It counts for `exp`, `nbf` and `iat`. A token is good until just before `exp` plus leeway.
    #[must_use]
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway.min(MAX_LEEWAY);
        self.forgetting()
    }

    /// The longest time from `iat` to `exp` that is accepted: 24 hours by default.
    ///
    /// It decides how long a revocation has to be [remembered](Self::revocation_memory).
    #[must_use]
    pub fn max_lifetime(mut self, max_lifetime: Duration) -> Self {
        self.max_lifetime = max_lifetime;
        self.forgetting()
    }

    /// How long a revocation has to be remembered: the longest lifetime plus twice the leeway, because the issuer's
    /// clock may be ahead as much as behind. By then the last token it could concern has expired here.
    #[must_use]
    pub fn revocation_memory(&self) -> Duration {
        self.max_lifetime + self.leeway * 2
    }

    /// The longest token that is looked at, in bytes: 8192 by default.
    #[must_use]
    pub fn max_size(mut self, max_size: usize) -> Self {
        self.max_size = max_size;
        self.forgetting()
    }

    /// Takes the time from this clock. By default it is the machine's.
    #[must_use]
    pub fn clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self.forgetting()
    }

    /// Refuses what this set covers. By default nothing is revoked.
    #[must_use]
    pub fn revocations(mut self, revocations: RevocationSet) -> Self {
        self.revocations = revocations;
        self.forgetting()
    }

    /// How many good tokens [`principal`](Self::principal) remembers, so that it need not check their signatures again:
    /// 16384 by default, and none if it is zero.
    ///
    /// That a token expires or is revoked, or that the keys are replaced, counts from that moment on all the same. Once
    /// this many are remembered, tokens that were not used lately are forgotten for new ones. Each takes its own length
    /// and about a kilobyte more, so that the default comes to some 24 MiB with tokens of half a kilobyte; and nothing
    /// is taken before there are any.
    ///
    /// Clones of a verifier remember together, until one of them is told anything different.
    #[must_use]
    pub fn cache_capacity(mut self, tokens: usize) -> Self {
        self.cache = Arc::new(Cache::new(tokens));
        self
    }

    /// The claims of a token, if it is good. This checks the signature each time.
    ///
    /// # Errors
    ///
    /// [`TokenError`] if anything about the token is not as it must be. Its kind is for the log, not for the client.
    pub fn verify(&self, token: &str) -> Result<Claims, TokenError> {
        self.check(token, self.clock.now())
    }

    /// Who a request with this token is from, if the token is good.
    ///
    /// # Errors
    ///
    /// As for [`verify`](Self::verify).
    pub fn principal(&self, token: &str) -> Result<Principal, TokenError> {
        let now = self.clock.now();
        let keys = self.keys.generation();
        if let Some(principal) = self.cache.find(token, now, keys, &self.revocations) {
            return Ok(principal);
        }
        // Before the token is checked: what is revoked during the check has to be asked for next time.
        let epoch = self.revocations.epoch();
        let claims = self.check(token, now)?;
        let good = self.good(&claims);
        let generation = claims.generation;
        let principal = claims.into_principal();
        self.cache.insert(token, now, Finding::new(principal.clone(), generation, good, keys, epoch));
        Ok(principal)
    }

    /// The user that a token is about, if it is good.
    #[must_use]
    pub fn verify_jwt(&self, token: &str) -> Option<JwtUser> {
        self.verify(token).ok().map(Claims::into_user)
    }

    fn check(&self, token: &str, now: Timestamp) -> Result<Claims, TokenError> {
        let token = Compact::split(token, self.max_size)?;
        token.check(self.key(&token)?)?;
        let claims = Claims::read(&token.payload()?)?;
        match self.objection(&claims, now) {
            Some(kind) => Err(kind.into()),
            None => Ok(claims),
        }
    }

    /// The key that the header means, if there is nothing wrong with the header.
    fn key(&self, token: &Compact<'_>) -> Result<&VerifyingKey, TokenError> {
        // A header that is known by heart need not be read.
        if let Some(key) = self.keys.find_by_header(|key| token.has_header_of(key)) {
            return Ok(key);
        }
        let header = token.header()?;
        let header = Header::read(&header)?;
        if !header.is_access_token() {
            return Err(WrongType.into());
        }
        let key = self.keys.find(header.kid()).ok_or(UnknownKey)?;
        if header.names(key.algorithm()) { Ok(key) } else { Err(WrongAlgorithm.into()) }
    }

    fn objection(&self, claims: &Claims, now: Timestamp) -> Option<TokenErrorKind> {
        if claims.iss != self.issuer {
            Some(WrongIssuer)
        } else if !claims.aud.iter().any(|audience| self.audiences.contains(audience)) {
            Some(WrongAudience)
        } else if now >= claims.exp + self.leeway {
            Some(Expired)
        } else if claims.nbf.is_some_and(|start| now + self.leeway < start) {
            Some(NotYetValid)
        } else if now + self.leeway < claims.iat {
            Some(IssuedInFuture)
        } else if claims.exp.since(claims.iat) > self.max_lifetime {
            Some(LivesTooLong)
        } else if self.revocations.covers(&claims.sub, claims.sid.as_deref(), claims.generation) {
            Some(Revoked)
        } else {
            None
        }
    }

    /// When the times of these claims are no objection.
    fn good(&self, claims: &Claims) -> Range<Timestamp> {
        let start = claims.nbf.map_or(claims.iat, |start| start.max(claims.iat));
        start - self.leeway..claims.exp + self.leeway
    }

    /// The same verifier, without what it found when it was told something else.
    fn forgetting(self) -> Self {
        let capacity = self.cache.capacity();
        self.cache_capacity(capacity)
    }
}

impl fmt::Debug for JwtVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtVerifier")
            .field("keys", &self.keys)
            .field("issuer", &self.issuer)
            .field("audiences", &self.audiences)
            .field("leeway", &self.leeway)
            .field("max_lifetime", &self.max_lifetime)
            .finish_non_exhaustive()
    }
}
