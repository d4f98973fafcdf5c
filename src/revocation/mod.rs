//! What has been revoked, held in memory so that the guard need not ask a database.
//!
//! An entry ends one session (by its `sid`) or makes every older token of one user stale (by the token's `gen`). It
//! has to live only as long as a token it concerns could: after that the token has expired by itself. So the set
//! stays small, and a verifier must refuse tokens that live longer than entries are kept.
//!
//! # When a revocation takes effect
//!
//! | where | when | how it learns of it |
//! |---|---|---|
//! | the process that revokes | on the next request | it puts the entry in before it answers |
//! | another process on the same PostgreSQL | within milliseconds | the database tells it |
//! | the same where that is lost or switched off, or on the same SQLite file | within a second | it asks twice a second |
//! | a guard in another program | milliseconds after the process it follows | `RevocationFeed` follows a stream of events |
//!
//! Where a feed is lost the set is stale after a stated time, by default 10 seconds, and [`OnStale`] says what becomes
//! of tokens: a guard that follows a stream refuses them with 503, and accounts that lose their database let those pass
//! that nobody is known to have revoked, as nobody can revoke anything in a database that is down. Both can be set
//! otherwise. What is known to be revoked stays so. A set that nobody feeds is never stale.
//!
//! So a revocation never goes unnoticed for longer than the bound, unless that was chosen. For a stream it can be ten
//! seconds more, if both a network holds events back and the clocks differ, by five seconds at most.

#[cfg(feature = "accounts")]
mod changes;
mod currency;
#[cfg(feature = "accounts")]
mod cursor;
#[cfg(feature = "remote-jwks")]
mod feed;
#[cfg(feature = "accounts")]
mod journal;
mod watch;
#[cfg(any(all(feature = "accounts", feature = "axum"), feature = "remote-jwks"))]
pub(crate) mod wire;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use papaya::HashMap;

#[cfg(feature = "remote-jwks")]
pub use self::feed::{NeedsBearer, RevocationFeed};
#[cfg(feature = "accounts")]
pub(crate) use self::journal::Journal;
#[cfg(feature = "accounts")]
pub use self::{
    changes::{Changes, News},
    cursor::{Change, Cursor, NotACursor},
};
use self::{currency::Currency, watch::Watchers};
pub use self::{currency::OnStale, watch::Revoked};
use crate::clock::Timestamp;

/// One revocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// What is revoked.
    pub target: Target,
    /// When the last token it could concern has expired.
    pub until: Timestamp,
}

/// What a [`Revocation`] is aimed at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Every token of this session.
    Session(String),
    /// Every token of this user whose `gen` is below `minimum`, or missing.
    User {
        /// The user's id: the token's `sub`.
        id: String,
        /// The lowest `gen` that is still good.
        minimum: i64,
    },
}

/// The revocations in force. Cloning gives another handle on the same set.
///
/// ```
/// use portcullis::{clock::Timestamp, revocation::{Revocation, RevocationSet, Target}};
///
/// let revoked = RevocationSet::default();
/// revoked.insert(Revocation {
///     target: Target::Session("s1".into()),
///     until: Timestamp::from_secs(900),
/// });
/// assert!(revoked.covers("u1", Some("s1"), Some(1)));
/// assert!(!revoked.covers("u1", Some("s2"), Some(1)));
/// ```
#[derive(Clone, Debug, Default)]
pub struct RevocationSet(Arc<Entries>);

#[derive(Debug, Default)]
struct Entries {
    sessions: HashMap<String, Timestamp>,
    users: HashMap<String, UserEntry>,
    watchers: Watchers,
    epoch: AtomicU64,
    currency: Currency,
}

#[derive(Clone, Copy, Debug)]
struct UserEntry {
    minimum: i64,
    until: Timestamp,
}

impl RevocationSet {
    /// A set that something elsewhere feeds, and that has to be [confirmed](Self::confirm) again and again: what has
    /// not been for as long as `bound` is stale. It is stale until it is confirmed for the first time.
    ///
    /// The sets that this crate feeds are made by what feeds them; this is for feeds of one's own.
    /// [`default`](Self::default) makes a set that is never stale.
    ///
    /// ```
    /// use std::time::Duration;
    /// use portcullis::{clock::Timestamp, revocation::{OnStale, RevocationSet}};
    ///
    /// let revoked = RevocationSet::fed(Duration::from_secs(10), OnStale::Refuse);
    /// assert!(!revoked.is_current(Timestamp::from_secs(100)));
    /// revoked.confirm(Timestamp::from_secs(100));
    /// assert!(revoked.is_current(Timestamp::from_secs(109)));
    /// assert!(!revoked.is_current(Timestamp::from_secs(110)));
    /// assert_eq!(revoked.confirmed_at(), Some(Timestamp::from_secs(100)));
    /// ```
    #[must_use]
    pub fn fed(bound: Duration, on_stale: OnStale) -> Self {
        Self(Arc::new(Entries { currency: Currency::fed(bound, on_stale), ..Entries::default() }))
    }

    /// States that everything that was revoked before this moment has been put in.
    pub fn confirm(&self, at: Timestamp) {
        self.0.currency.confirm(at);
    }

    /// Whether it has been confirmed recently enough. Whoever reports that a service is ready may ask.
    #[must_use]
    pub fn is_current(&self, now: Timestamp) -> bool {
        self.0.currency.holds(now)
    }

    /// When it was last [confirmed](Self::confirm): a figure for metrics. Nothing if it never was, or need not be.
    #[must_use]
    pub fn confirmed_at(&self) -> Option<Timestamp> {
        self.0.currency.confirmed_at()
    }

    /// How many tokens were judged while the set was stale, and passed or were refused as [`OnStale`] says: a figure
    /// for metrics.
    #[must_use]
    pub fn judged_while_stale(&self) -> u64 {
        self.0.currency.judged_while_stale()
    }

    /// How long to wait with a token that is not [covered](Self::covers), as the set is too stale to tell; nothing if
    /// the token may pass.
    pub(crate) fn refusal(&self, now: Timestamp) -> Option<Duration> {
        self.0.currency.refusal(now)
    }

    /// Puts a revocation in force at once. One that is already there is only ever tightened.
    pub fn insert(&self, revocation: Revocation) {
        let Revocation { target, until } = revocation;
        match target.clone() {
            Target::Session(sid) => {
                self.0.sessions.pin().update_or_insert(sid, |old| until.max(*old), until);
            }
            Target::User { id, minimum } => {
                let tightened =
                    |old: &UserEntry| UserEntry { minimum: minimum.max(old.minimum), until: until.max(old.until) };
                self.0.users.pin().update_or_insert(id, tightened, UserEntry { minimum, until });
            }
        }
        // Only now: whoever sees the new epoch, or is told, finds the entry.
        self.0.epoch.fetch_add(1, Ordering::Release);
        self.0.watchers.tell(&target);
    }

    /// A number that is another one after every [`insert`](Self::insert).
    ///
    /// What was not [covered](Self::covers) while it had one value is not covered as long as it has that value. Whoever
    /// remembers both need not ask again. The number has to be read before the question is asked.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.0.epoch.load(Ordering::Acquire)
    }

    /// Whether a token of this user, session and generation has been revoked.
    ///
    /// Lock-free: this is on the path of every guarded request.
    #[must_use]
    pub fn covers(&self, user: &str, session: Option<&str>, generation: Option<i64>) -> bool {
        let ended = session.is_some_and(|sid| self.0.sessions.pin().contains_key(sid));
        let stale =
            || self.0.users.pin().get(user).is_some_and(|entry| generation.is_none_or(|held| held < entry.minimum));
        ended || stale()
    }

    /// Waits until a token of this user, session and generation is revoked; not at all if it is already.
    ///
    /// This is for what outlives the request that began it, such as a WebSocket or a stream.
    /// [`Principal::revoked`](crate::Principal::revoked) asks for the token that the request came with.
    pub fn revoked(&self, user: &str, session: Option<&str>, generation: Option<i64>) -> Revoked {
        Revoked::new(self.clone(), user, session, generation)
    }

    /// Forgets the entries that no living token can meet any more.
    pub fn forget_expired(&self, now: Timestamp) {
        self.0.sessions.pin().retain(|_, until| *until > now);
        self.0.users.pin().retain(|_, entry| entry.until > now);
    }

    /// The same set, without holding on to it.
    #[cfg(feature = "remote-jwks")]
    fn downgrade(&self) -> WeakSet {
        WeakSet(Arc::downgrade(&self.0))
    }

    /// How many revocations are in force.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.sessions.len() + self.0.users.len()
    }

    /// Whether nothing is revoked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A set that goes away when nobody else needs it any more.
#[cfg(feature = "remote-jwks")]
#[derive(Clone)]
struct WeakSet(std::sync::Weak<Entries>);

#[cfg(feature = "remote-jwks")]
impl WeakSet {
    fn upgrade(&self) -> Option<RevocationSet> {
        self.0.upgrade().map(RevocationSet)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(minimum: i64, until: i64) -> Revocation {
        Revocation { target: Target::User { id: "u".into(), minimum }, until: Timestamp::from_secs(until) }
    }

    #[test]
    fn a_user_entry_covers_older_and_unnumbered_tokens_only() {
        let set = RevocationSet::default();
        set.insert(user(3, 100));
        assert!(set.covers("u", None, Some(2)));
        assert!(set.covers("u", None, None));
        assert!(!set.covers("u", None, Some(3)));
        assert!(!set.covers("v", None, Some(0)));
    }

    #[test]
    fn the_epoch_moves_with_every_revocation_and_with_nothing_else() {
        let set = RevocationSet::default();
        let start = set.epoch();
        set.insert(user(3, 100));
        let moved = set.epoch();
        assert_ne!(moved, start);
        set.insert(user(3, 100));
        assert_ne!(set.epoch(), moved);
        let moved = set.epoch();
        set.forget_expired(Timestamp::from_secs(200));
        assert!(!set.covers("u", None, None));
        assert_eq!(set.epoch(), moved);
    }

    #[test]
    fn an_entry_is_never_loosened() {
        let set = RevocationSet::default();
        set.insert(user(3, 100));
        set.insert(user(1, 50));
        assert!(set.covers("u", None, Some(2)));
        set.forget_expired(Timestamp::from_secs(60));
        assert!(set.covers("u", None, Some(2)));
        set.forget_expired(Timestamp::from_secs(100));
        assert!(set.is_empty());
    }
}
