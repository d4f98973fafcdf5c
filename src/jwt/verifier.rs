//! Checking: the only place where a token becomes claims.

use std::{fmt, ops::Range, sync::Arc, time::Duration};

use super::{
    Claims, Issuers, IssuersError, KeySource, TokenError,
    TokenErrorKind::{
        self, Expired, IssuedInFuture, LivesTooLong, NotYetValid, RevocationsUnavailable, Revoked, UnknownKey,
        WrongAlgorithm, WrongAudience, WrongIssuer, WrongType,
    },
    Verification, VerifyingKey,
    cache::Cache,
    claims::Read,
    header::Header,
    jws::{Compact, DEFAULT_MAX_SIZE},
    source::CurrentKeys,
};
use crate::{
    clock::{SharedClock, SystemClock, Timestamp},
    principal::{Finding, JwtUser, Principal},
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
    keys: KeySource,
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
pub struct NeedsIssuer(KeySource);

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
    keys: KeySource,
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
    /// A verifier with these keys, in the making: those of a [`KeyRing`](super::KeyRing), or with the feature
    /// `remote-jwks` those that an issuer publishes.
    #[expect(clippy::new_ret_no_self, reason = "without issuer and audience there is no verifier")]
    pub fn new(keys: impl Into<KeySource>) -> NeedsIssuer {
        NeedsIssuer(keys.into())
    }

    /// These verifiers together, each for its own issuer: see [`Issuers`].
    ///
    /// # Errors
    ///
    /// [`IssuersError`] if there is none, or two are for the same issuer.
    pub fn any_of(verifiers: impl IntoIterator<Item = Self>) -> Result<Issuers, IssuersError> {
        Issuers::new(verifiers)
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

    /// The longest time from `iat` to `exp` that is accepted: 24 hours by default. Rounded up to whole seconds, which is
    /// what tokens count in.
    ///
    /// It decides how long a revocation has to be [remembered](Self::revocation_memory).
    #[must_use]
    pub fn max_lifetime(mut self, max_lifetime: Duration) -> Self {
        // A token of 1.5 s made at 0.6 s says from 0 to 2.
        let seconds = max_lifetime.as_secs().saturating_add(u64::from(max_lifetime.subsec_nanos() > 0));
        self.max_lifetime = Duration::from_secs(seconds);
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

    /// Refuses what this set covers. By default nothing is revoked. While a set that is [fed](RevocationSet::fed) from
    /// elsewhere is stale, it is this set that says whether tokens pass.
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

    /// The claims of a token, if it is good. Never waits: it is judged by the keys that are at hand. This checks the
    /// signature each time.
    ///
    /// # Errors
    ///
    /// [`TokenError`] if anything about the token is not as it must be. Its kind is for the log, not for the client.
    /// Only [`KeysUnavailable`](TokenErrorKind::KeysUnavailable) and
    /// [`RevocationsUnavailable`](TokenErrorKind::RevocationsUnavailable) say nothing about the token.
    pub fn verify(&self, token: &str) -> Result<Claims, TokenError> {
        self.read(&self.signed(token)?, self.clock.now()).map(Read::into_claims)
    }

    /// Who a request with this token is from, if the token is good. The principal learns of its revocation later on.
    ///
    /// # Errors
    ///
    /// As for [`verify`](Self::verify).
    pub fn principal(&self, token: &str) -> Result<Principal, TokenError> {
        let now = self.clock.now();
        self.remembered(token.as_bytes(), now).unwrap_or_else(|| self.at_first_sight(token, now))
    }

    fn remembered(&self, token: &[u8], now: Timestamp) -> Option<Result<Principal, TokenError>> {
        let found = self.cache.find(token, now, self.keys.generation()?, &self.revocations)?;
        Some(self.stale(now).map_or(Ok(found), |kind| Err(kind.into())))
    }

    fn at_first_sight(&self, token: &str, now: Timestamp) -> Result<Principal, TokenError> {
        // Before the token is checked: what changes or is revoked during the check has to be asked for next time.
        let (keys, epoch) = (self.keys.generation(), self.revocations.epoch());
        let payload = self.signed(token)?;
        let claims = self.read(&payload, now)?;
        let good = self.good(&claims);
        let generation = claims.optional.generation;
        let (identity, extra) = claims.into_identity();
        let Some(keys) = keys.filter(|_| self.cache.capacity() > 0) else {
            return Ok(Principal::revocable(identity, extra, &self.revocations, generation));
        };
        let found = (token.as_bytes(), Finding::new(good, keys, epoch));
        let principal = Principal::found(identity, extra, &self.revocations, generation, found);
        self.cache.insert(&principal, now);
        Ok(principal)
    }

    /// Who a request with this token is from, after waiting for the keys where they have to be fetched first.
    ///
    /// With the keys of a [`KeyRing`](super::KeyRing), and with remote ones that are known already, it is ready at once.
    /// It resolves to the same errors as [`verify`](Self::verify).
    pub fn resolve(&self, token: &str) -> Verification {
        let found = self.principal(token);
        #[cfg(feature = "remote-jwks")]
        if let (Err(error), Some(keys)) = (&found, self.keys.remote()) {
            return self.resolve_later(token, *error, keys);
        }
        #[cfg(feature = "accounts")]
        if let (Err(error), Some(keys)) = (&found, self.keys.live())
            && error.kind() == UnknownKey
            && self.kid(token).is_some()
        {
            return self.resolve_renewed(token, keys);
        }
        Verification::done(found)
    }

    /// What [`resolve`](Self::resolve) comes to, unless keys might be fetched first. The token is read only if it is not
    /// remembered, and nothing comes of one that cannot be read.
    pub(crate) fn at_hand<'t>(
        &self,
        token: &[u8],
        read: impl FnOnce() -> Option<&'t str>,
    ) -> Option<Result<Principal, TokenError>> {
        let now = self.clock.now();
        let found = match self.remembered(token, now) {
            Some(found) => found,
            None => self.at_first_sight(read()?, now),
        };
        match &found {
            Err(error) if self.keys.may_be_fetched() && error.is_for_want_of_keys() => None,
            _ => Some(found),
        }
    }

    /// A token that names an unknown key is checked again once the keys have been looked up again.
    #[cfg(feature = "accounts")]
    fn resolve_renewed(&self, token: &str, keys: &super::LiveKeys) -> Verification {
        let (verifier, token, renewed) = (self.clone(), token.to_owned(), keys.renewed());
        Verification::waiting(async move {
            renewed.await?;
            verifier.principal(&token)
        })
    }

    /// A token of which only its key may be missing is checked again once the keys have been fetched.
    #[cfg(feature = "remote-jwks")]
    fn resolve_later(&self, token: &str, error: TokenError, keys: &super::RemoteKeys) -> Verification {
        let mut wanted = match keys.want(error.kind(), || self.kid(token)) {
            Ok(wanted) => wanted,
            Err(kind) => return Verification::done(Err(kind.into())),
        };
        let (verifier, token) = (self.clone(), token.to_owned());
        Verification::waiting(async move {
            loop {
                let fetched = wanted.fetched().await;
                match verifier.principal(&token) {
                    Ok(principal) => return Ok(principal),
                    Err(error) => wanted = fetched.judge(error.kind())?,
                }
            }
        })
    }

    #[cfg(any(feature = "accounts", feature = "remote-jwks"))]
    fn kid(&self, token: &str) -> Option<String> {
        let header = Compact::split(token, self.max_size).ok()?.header().ok()?;
        Header::read(&header).ok()?.kid().map(str::to_owned)
    }

    /// The user that a token is about, if it is good.
    #[must_use]
    pub fn verify_jwt(&self, token: &str) -> Option<JwtUser> {
        self.verify(token).ok().map(Claims::into_user)
    }

    pub(super) fn own_issuer(&self) -> &str {
        &self.issuer
    }

    pub(super) const fn longest_token(&self) -> usize {
        self.max_size
    }

    /// What one of the keys has signed.
    fn signed(&self, token: &str) -> Result<Vec<u8>, TokenError> {
        let token = Compact::split(token, self.max_size)?;
        let keys = self.keys.current()?;
        token.check(key_of(&token, &keys)?)?;
        token.payload()
    }

    fn read<'p>(&self, payload: &'p [u8], now: Timestamp) -> Result<Read<'p>, TokenError> {
        let claims = Read::from_json(payload)?;
        match self.objection(&claims, now) {
            Some(kind) => Err(kind.into()),
            None => Ok(claims),
        }
    }

    fn objection(&self, claims: &Read<'_>, now: Timestamp) -> Option<TokenErrorKind> {
        if claims.iss.as_str() != self.issuer {
            Some(WrongIssuer)
        } else if !claims.aud.any(|audience| self.audiences.iter().any(|own| own == audience)) {
            Some(WrongAudience)
        } else if now >= claims.exp + self.leeway {
            Some(Expired)
        } else if claims.nbf().is_some_and(|start| now + self.leeway < start) {
            Some(NotYetValid)
        } else if now + self.leeway < claims.iat {
            Some(IssuedInFuture)
        } else if claims.exp.since(claims.iat) > self.max_lifetime {
            Some(LivesTooLong)
        } else if self.revocations.covers(claims.sub.as_str(), claims.sid(), claims.optional.generation) {
            Some(Revoked)
        } else {
            self.stale(now)
        }
    }

    /// The objection to a token of which nothing else is known: that too little is known now.
    fn stale(&self, now: Timestamp) -> Option<TokenErrorKind> {
        self.revocations.refusal(now).map(|retry_after| RevocationsUnavailable { retry_after })
    }

    /// When the times of these claims are no objection.
    fn good(&self, claims: &Read<'_>) -> Range<Timestamp> {
        let start = claims.nbf().map_or(claims.iat, |start| start.max(claims.iat));
        start - self.leeway..claims.exp + self.leeway
    }

    /// The same verifier, without what it found when it was told something else.
    fn forgetting(self) -> Self {
        let capacity = self.cache.capacity();
        self.cache_capacity(capacity)
    }
}

/// The key that the header means, if there is nothing wrong with the header.
fn key_of<'k>(token: &Compact<'_>, keys: &'k CurrentKeys<'_>) -> Result<&'k VerifyingKey, TokenError> {
    // A header that is known by heart need not be read.
    if let Some(key) = keys.find_by_header(|key| token.has_header_of(key)) {
        return Ok(key);
    }
    let header = token.header()?;
    let header = Header::read(&header)?;
    if !header.is_access_token() {
        return Err(WrongType.into());
    }
    let key = keys.find(header.kid()).ok_or(UnknownKey)?;
    if header.names(key.algorithm()) { Ok(key) } else { Err(WrongAlgorithm.into()) }
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
