//! Following the stream of an issuer elsewhere (feature `remote-jwks`).

mod backoff;
mod error;
mod events;
mod link;

use std::{error::Error, fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use tokio::runtime::Handle;

use self::link::Link;
use super::{OnStale, RevocationSet};
use crate::{
    clock::{SharedClock, SystemClock},
    jwt::remote::{HttpsClient, RemoteConfigError, Schemes},
};

/// A token on its way, or why there is none.
type Bearer = Pin<Box<dyn Future<Output = Result<String, Box<dyn Error + Send + Sync>>> + Send>>;

/// Follows what an issuer elsewhere revokes, for a guard that shares no database with it.
///
/// ```no_run
/// use portcullis::{guard::AuthLayer, jwt::{JwtVerifier, RemoteKeys}, revocation::RevocationFeed};
///
/// # async fn build() -> Result<(), Box<dyn std::error::Error>> {
/// let revoked = RevocationFeed::follow("https://id.example/auth/revocations")
///     .bearer(|| tokio::fs::read_to_string("/run/secrets/revocations-token"))
///     .build()?;
/// let keys = RemoteKeys::jwks("https://id.example/.well-known/jwks.json").build()?;
/// let verifier = JwtVerifier::new(keys).issuer("https://id.example").audience("notes").revocations(revoked);
/// let guard = AuthLayer::new(verifier);
/// # Ok(())
/// # }
/// ```
///
/// The stream tells all that is revoked first, and then what is as it happens: the guard refuses a token within
/// milliseconds of its revocation. When the stream breaks off it is taken up where it was, at first after 100 ms, then
/// less and less often, down to every two seconds. It ends when the last handle on the set is dropped.
///
/// # When it is lost
///
/// The issuer says every two to three seconds that everything has been told. When it has not for [10
/// seconds](Self::stale_after), what has been revoked lately is not known, and by default every token of this issuer is
/// answered with 503 and `Retry-After` until the stream is back, as it is until the stream has told everything for the
/// first time. [`OnStale::Allow`] lets tokens pass instead that were not revoked before. Either is written to the log
/// once, and each token is [counted](RevocationSet::judged_while_stale).
///
/// What the issuer says counts from the moment at which it says so by its own clock, which may be off by up to five
/// seconds: what lay in a network for a minute confirms nothing.
///
/// # What it takes
///
/// An event may have 256 KiB, and the set two million [entries](Self::max_revocations), at some 110 bytes each. Where
/// there are more, those at hand stay in force, and the set becomes stale.
#[must_use = "nothing is followed until it is built"]
pub struct RevocationFeed {
    url: String,
    bearer: Arc<dyn Fn() -> Bearer + Send + Sync>,
    stale_after: Duration,
    on_stale: OnStale,
    max_revocations: usize,
    schemes: Schemes,
    roots: Vec<String>,
    clock: SharedClock,
}

/// A feed in the making, which still has to be told how to prove who it is.
#[derive(Clone, Debug)]
#[must_use = "nothing is followed until it is built"]
pub struct NeedsBearer(String);

impl NeedsBearer {
    /// Asks this for a token each time the stream is opened: an access token with the scope `revocations:read`. The
    /// issuer ends the stream when the token expires, and a new one is asked for.
    ///
    /// White space around the token is left out. The text of an error is written to the log, so it must not tell the
    /// token.
    pub fn bearer<F, E>(self, token: impl Fn() -> F + Send + Sync + 'static) -> RevocationFeed
    where
        F: Future<Output = Result<String, E>> + Send + 'static,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let bearer = move || -> Bearer {
            let token = token();
            Box::pin(async move { token.await.map_err(Into::into) })
        };
        RevocationFeed {
            url: self.0,
            bearer: Arc::new(bearer),
            stale_after: Duration::from_secs(10),
            on_stale: OnStale::Refuse,
            max_revocations: 2_000_000,
            schemes: Schemes::Https,
            roots: Vec::new(),
            clock: SystemClock::shared(),
        }
    }
}

impl RevocationFeed {
    /// The stream at this URL, which has to be https: `/auth/revocations` of the issuer.
    pub fn follow(url: impl Into<String>) -> NeedsBearer {
        NeedsBearer(url.into())
    }

    /// How long the issuer may say nothing before the set counts as stale: 10 seconds by default.
    ///
    /// A stream that has gone quiet is given up after 6 seconds, so a shorter time than that makes every quiet one an
    /// outage.
    pub fn stale_after(mut self, bound: Duration) -> Self {
        self.stale_after = bound;
        self
    }

    /// What becomes of tokens while the set is stale. By default they are refused.
    pub fn on_stale(mut self, on_stale: OnStale) -> Self {
        self.on_stale = on_stale;
        self
    }

    /// How many revocations are held at most: two million by default.
    pub fn max_revocations(mut self, count: usize) -> Self {
        self.max_revocations = count;
        self
    }

    /// Trusts servers with certificates from these authorities as well, in PEM. By default those are trusted that
    /// Mozilla trusts, whatever the machine itself trusts.
    pub fn trust(mut self, pem: impl Into<String>) -> Self {
        self.roots.push(pem.into());
        self
    }

    /// Takes a plain `http` address too, for tests and for networks that nobody else is in: whoever can read what is
    /// sent on the way learns the token.
    pub fn insecure_http(mut self) -> Self {
        self.schemes = Schemes::HttpToo;
        self
    }

    /// Takes the time from this clock. By default it is the machine's. The verifier has to have the same.
    pub fn clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self
    }

    /// The set, and starts to follow at once.
    ///
    /// This has to be called within a tokio runtime, with I/O and time enabled.
    ///
    /// # Errors
    ///
    /// [`RemoteConfigError`] if the address or the certificates are no good, or there is no runtime. That the stream
    /// cannot be had is no error here: see [`RevocationSet::is_current`].
    pub fn build(self) -> Result<RevocationSet, RemoteConfigError> {
        let runtime = Handle::try_current().map_err(|_| RemoteConfigError::NoRuntime)?;
        let url = self.schemes.url(&self.url)?;
        let client = HttpsClient::new(&self.roots, self.schemes)?;
        let set = RevocationSet::fed(self.stale_after, self.on_stale);
        let link = Link {
            url,
            client,
            bearer: self.bearer,
            clock: self.clock,
            max_revocations: self.max_revocations,
            set: set.downgrade(),
        };
        runtime.spawn(link.follow());
        Ok(set)
    }
}

impl fmt::Debug for RevocationFeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RevocationFeed")
            .field("url", &self.url)
            .field("stale_after", &self.stale_after)
            .field("on_stale", &self.on_stale)
            .finish_non_exhaustive()
    }
}
