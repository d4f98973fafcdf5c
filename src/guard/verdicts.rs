//! How often guards have decided what: figures for metrics.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
};

use papaya::HashMap;

use crate::principal::CredentialKind;

/// How many threads count apart from each other. Were they to share a counter, each request would wait for it.
const STRIPES: usize = 16;

/// The name under which refusals stand whose reason is not a constant of the program: it may name someone, and there is no
/// end of those.
const OTHER: &str = "other";

/// What guards have decided, counted. Cloning gives another handle on the same counts.
///
/// Every guard has its own, [`AuthLayer::verdicts`](super::AuthLayer::verdicts), unless it is told
/// [which ones](super::AuthLayerBuilder::verdicts) to count in. Counting costs a request next to nothing.
///
/// ```
/// # use portcullis::{guard::AuthLayer, jwt::{JwtVerifier, KeyRing}};
/// # use http::{Request, Response};
/// # use std::convert::Infallible;
/// # use tower::{Layer, ServiceExt, service_fn};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let verifier = JwtVerifier::new(KeyRing::hs256([7; 32])?).issuer("https://id.example").audience("notes");
/// let guard = AuthLayer::new(verifier);
/// let service = guard.layer(service_fn(async |_| Ok::<_, Infallible>(Response::new(String::new()))));
/// service.oneshot(Request::get("/notes").body(String::new())?).await?;
///
/// let seen = &guard.verdicts().counts()[0];
/// assert_eq!((seen.verdict, seen.reason.as_str(), seen.count), ("unauthenticated", "no_credential", 1));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Verdicts(Arc<Counts>);

/// How often one thing was decided for one reason.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Verdict {
    /// `public` for a route that asks for nobody, `anonymous` for a stranger on a route that takes anyone, `admitted`; else
    /// the [code](super::RejectionKind::code) of the refusal.
    pub verdict: &'static str,
    /// Of whom was admitted, the kind of credential: `access_token`, `api_key`, `session_cookie`. Of a refusal, what exactly
    /// was wrong, with `_` for spaces: only what is a constant in the program, so that there are few; others stand under
    /// `other`. Otherwise empty.
    pub reason: String,
    /// How often.
    pub count: u64,
}

#[derive(Default)]
struct Counts {
    passed: [Stripe; STRIPES],
    refused: HashMap<(&'static str, &'static str), AtomicU64>,
}

/// Counters of their own for some threads, on cache lines of their own.
#[derive(Default)]
#[repr(align(128))]
struct Stripe([AtomicU64; Passed::ALL.len()]);

/// Why a request was let through.
#[derive(Clone, Copy)]
pub(super) enum Passed {
    Public,
    Anonymous,
    AccessToken,
    ApiKey,
    SessionCookie,
}

impl Passed {
    const ALL: [Self; 5] = [Self::Public, Self::Anonymous, Self::AccessToken, Self::ApiKey, Self::SessionCookie];

    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Public => ("public", ""),
            Self::Anonymous => ("anonymous", ""),
            Self::AccessToken => ("admitted", "access_token"),
            Self::ApiKey => ("admitted", "api_key"),
            Self::SessionCookie => ("admitted", "session_cookie"),
        }
    }
}

impl From<CredentialKind> for Passed {
    fn from(kind: CredentialKind) -> Self {
        match kind {
            CredentialKind::AccessToken => Self::AccessToken,
            CredentialKind::ApiKey => Self::ApiKey,
            CredentialKind::SessionCookie => Self::SessionCookie,
        }
    }
}

impl Verdicts {
    /// Everything that was decided at least once, sorted by verdict and reason.
    #[must_use]
    pub fn counts(&self) -> Vec<Verdict> {
        let passed = Passed::ALL.into_iter().map(|way| (way.names(), self.passes(way)));
        let refused = self.0.refused.pin();
        let refused = refused.iter().map(|(names, count)| (*names, count.load(Relaxed)));
        let counted = passed.chain(refused).filter(|(_, count)| *count > 0);
        let mut counts: Vec<_> = counted
            .map(|((verdict, reason), count)| Verdict { verdict, reason: reason.replace(' ', "_"), count })
            .collect();
        counts.sort();
        counts
    }

    fn passes(&self, way: Passed) -> u64 {
        let counters = self.0.passed.iter().filter_map(|stripe| stripe.0.get(way as usize));
        counters.map(|counter| counter.load(Relaxed)).sum()
    }

    pub(super) fn count_pass(&self, way: Passed) {
        thread_local! {
            static STRIPE: usize = {
                static THREADS: AtomicUsize = AtomicUsize::new(0);
                THREADS.fetch_add(1, Relaxed) % STRIPES
            };
        }
        // A thread that is ending has none any more.
        let stripe = STRIPE.try_with(|stripe| *stripe).unwrap_or_default();
        let counter = self.0.passed.get(stripe).and_then(|stripe| stripe.0.get(way as usize));
        counter.map(|counter| counter.fetch_add(1, Relaxed));
    }

    pub(super) fn count_refusal(&self, code: &'static str, reason: Option<&'static str>) {
        let names = (code, reason.unwrap_or(OTHER));
        self.0.refused.pin().get_or_insert_with(names, AtomicU64::default).fetch_add(1, Relaxed);
    }
}

impl fmt::Debug for Verdicts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.counts()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn what_many_threads_count_in_a_race_adds_up() {
        let verdicts = Verdicts::default();
        thread::scope(|scope| {
            for _ in 0..2 * STRIPES {
                scope.spawn(|| {
                    for _ in 0..100 {
                        verdicts.count_pass(Passed::ApiKey);
                        verdicts.count_refusal("invalid_token", Some("expired"));
                    }
                });
            }
        });
        let counted = |verdict, reason: &str| Verdict { verdict, reason: reason.into(), count: 3200 };
        assert_eq!(verdicts.counts(), [counted("admitted", "api_key"), counted("invalid_token", "expired")]);
    }

    #[test]
    fn refusals_without_a_constant_reason_stand_together() {
        let verdicts = Verdicts::default();
        for _ in 0..2 {
            verdicts.count_refusal("invalid_token", None);
        }
        let others = Verdict { verdict: "invalid_token", reason: OTHER.into(), count: 2 };
        assert_eq!(verdicts.counts(), [others]);
    }
}
