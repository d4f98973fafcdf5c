//! Setting remote keys up.

use std::{fmt, ops::RangeInclusive, sync::Arc, time::Duration};

use tokio::runtime::Handle;

use super::{
    Fetch, RemoteConfigError, RemoteKeys,
    https::HttpsClient,
    load::{Loader, Place},
    shared::{Shared, Timing},
    url::Schemes,
};
use crate::clock::{SharedClock, SystemClock};

/// Builds [`RemoteKeys`]. Made by [`RemoteKeys::jwks`] and [`RemoteKeys::discover`].
#[must_use = "a builder does nothing until it is built"]
pub struct RemoteKeysBuilder {
    address: Address,
    schemes: Schemes,
    timeout: Duration,
    max_bytes: usize,
    max_keys: usize,
    timing: Timing,
    roots: Vec<String>,
    fetcher: Option<Arc<dyn Fetch>>,
    clock: SharedClock,
}

#[derive(Debug)]
pub(super) enum Address {
    Keys(String),
    Issuer(String),
}

impl RemoteKeysBuilder {
    pub(super) fn new(address: Address) -> Self {
        Self {
            address,
            schemes: Schemes::Https,
            timeout: Duration::from_secs(5),
            max_bytes: 256 * 1024,
            max_keys: 100,
            timing: Timing::default(),
            roots: Vec::new(),
            fetcher: None,
            clock: SystemClock::shared(),
        }
    }

    /// How long a fetch may take, discovery included, and so how long a request waits for one: 5 seconds by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The longest document that is read, in bytes: 256 KiB by default.
    pub fn max_bytes(mut self, max_bytes: usize) -> Self {
        self.max_bytes = max_bytes;
        self
    }

    /// How many keys a set may have, usable or not: 100 by default. A set with more is refused as a whole.
    pub fn max_keys(mut self, max_keys: usize) -> Self {
        self.max_keys = max_keys;
        self
    }

    /// How long after a fetch that an unknown key id caused no other unknown id causes one: 30 seconds by default.
    pub fn cool_down(mut self, cool_down: Duration) -> Self {
        self.timing.cool_down = cool_down;
        self
    }

    /// The shortest and the longest time that keys are used before they are fetched again, whatever `Cache-Control` says:
    /// from a minute to an hour by default, and never less than a second.
    ///
    /// The longest is also how long a key may still be believed after its issuer has withdrawn it.
    pub fn refresh_every(mut self, span: RangeInclusive<Duration>) -> Self {
        let (shortest, longest) = span.into_inner();
        self.timing.shortest = shortest.max(Duration::from_secs(1));
        self.timing.longest = longest.max(self.timing.shortest);
        self
    }

    /// How long keys may be used while they cannot be fetched again: a day by default, and at least as long as they are
    /// used anyway. After that every token is answered with 503 until they can.
    pub fn keep_for(mut self, span: Duration) -> Self {
        self.timing.keep_for = span;
        self
    }

    /// Trusts servers with certificates from these authorities as well, in PEM. By default those are trusted that
    /// Mozilla trusts, whatever the machine itself trusts.
    pub fn trust(mut self, pem: impl Into<String>) -> Self {
        self.roots.push(pem.into());
        self
    }

    /// Fetches in another way than over HTTPS from this process. What [`trust`](Self::trust) says is then not used.
    pub fn fetch(mut self, fetcher: impl Fetch) -> Self {
        self.fetcher = Some(Arc::new(fetcher));
        self
    }

    /// Takes plain `http` addresses too, for tests and for networks that nobody else is in.
    ///
    /// Whoever can change what is sent on the way can put keys of their own in place of the issuer's, and is then
    /// everybody.
    pub fn insecure_http(mut self) -> Self {
        self.schemes = Schemes::HttpToo;
        self
    }

    /// Takes the time from this clock. By default it is the machine's.
    pub fn clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self
    }

    /// The keys, and starts to fetch them at once.
    ///
    /// This has to be called within a tokio runtime, with I/O and time enabled. Fetches run there, wherever the keys are
    /// used.
    ///
    /// # Errors
    ///
    /// [`RemoteConfigError`] if the address or the certificates are no good, or there is no runtime. That the keys cannot
    /// be fetched is no error here: see [`RemoteKeys::refresh`].
    pub fn build(self) -> Result<RemoteKeys, RemoteConfigError> {
        let runtime = Handle::try_current().map_err(|_| RemoteConfigError::NoRuntime)?;
        let place = match self.address {
            Address::Keys(url) => Place::Keys(self.schemes.url(&url)?),
            Address::Issuer(issuer) => Place::Issuer { metadata: self.schemes.metadata(&issuer)?, issuer },
        };
        let fetcher = match self.fetcher {
            Some(fetcher) => fetcher,
            None => Arc::new(HttpsClient::new(&self.roots, self.schemes)?),
        };
        let (max_bytes, max_keys) = (self.max_bytes, self.max_keys);
        let loader = Loader { place, schemes: self.schemes, fetcher, max_bytes, max_keys };
        Ok(RemoteKeys::new(Shared::start(loader, self.timing, self.timeout, self.clock, runtime)))
    }
}

impl fmt::Debug for RemoteKeysBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteKeysBuilder").field("address", &self.address).finish_non_exhaustive()
    }
}
