//! Waiting for a revocation, without a runtime and without asking again and again.

use std::{
    collections::HashMap,
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use super::{RevocationSet, Target};

/// Resolves when a token has been revoked. Made by [`RevocationSet::revoked`].
///
/// It needs no runtime, and costs nothing while it waits. Dropping it is all it takes to stop waiting.
#[must_use = "a future does nothing until it is awaited"]
pub struct Revoked(Option<Watch>);

/// What is waited for.
struct Watch {
    set: RevocationSet,
    user: String,
    session: Option<String>,
    generation: Option<i64>,
    /// Its place among those who wait, once it has been polled.
    waiter: Option<Arc<Waiter>>,
}

/// Who waits for what.
#[derive(Default)]
pub(super) struct Watchers(Mutex<Index>);

#[derive(Default)]
struct Index {
    by_session: HashMap<String, Vec<Arc<Waiter>>>,
    by_user: HashMap<String, Vec<Arc<Waiter>>>,
}

#[derive(Default)]
struct Waiter(Mutex<Option<Waker>>);

impl Revoked {
    pub(super) fn new(set: RevocationSet, user: &str, session: Option<&str>, generation: Option<i64>) -> Self {
        let (user, session) = (user.to_owned(), session.map(str::to_owned));
        Self(Some(Watch { set, user, session, generation, waiter: None }))
    }

    /// For what cannot be revoked.
    pub(crate) fn never() -> Self {
        Self(None)
    }
}

impl Future for Revoked {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.0 {
            Some(watch) => watch.poll(cx),
            None => Poll::Pending,
        }
    }
}

impl Watch {
    fn poll(&mut self, cx: &Context<'_>) -> Poll<()> {
        let Self { set, user, session, generation, waiter } = self;
        let waiter = waiter.get_or_insert_with(|| set.0.watchers.index().add(user, session.as_deref()));
        lock(&waiter.0).replace(cx.waker().clone());
        // Only now: whoever revokes it after this look finds the waker.
        if set.covers(user, session.as_deref(), *generation) { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(waiter) = &self.waiter {
            self.set.0.watchers.index().remove(&self.user, self.session.as_deref(), waiter);
        }
    }
}

impl Watchers {
    /// Tells those whom a revocation may concern. It is in the set already.
    pub(super) fn tell(&self, target: &Target) {
        let concerned = {
            let index = self.index();
            let waiters = match target {
                Target::Session(sid) => index.by_session.get(sid),
                Target::User { id, .. } => index.by_user.get(id),
            };
            waiters.cloned().unwrap_or_default()
        };
        // Not under the lock of the index: whoever is woken may poll, or drop, at once.
        for waker in concerned.iter().filter_map(|waiter| lock(&waiter.0).take()) {
            waker.wake();
        }
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        lock(&self.0)
    }
}

impl Index {
    fn add(&mut self, user: &str, session: Option<&str>) -> Arc<Waiter> {
        let waiter = Arc::<Waiter>::default();
        self.by_user.entry(user.to_owned()).or_default().push(Arc::clone(&waiter));
        if let Some(sid) = session {
            self.by_session.entry(sid.to_owned()).or_default().push(Arc::clone(&waiter));
        }
        waiter
    }

    fn remove(&mut self, user: &str, session: Option<&str>, waiter: &Arc<Waiter>) {
        remove(&mut self.by_user, user, waiter);
        if let Some(sid) = session {
            remove(&mut self.by_session, sid, waiter);
        }
    }
}

fn remove(waiters: &mut HashMap<String, Vec<Arc<Waiter>>>, key: &str, waiter: &Arc<Waiter>) {
    if let Some(others) = waiters.get_mut(key) {
        others.retain(|other| !Arc::ptr_eq(other, waiter));
        if others.is_empty() {
            waiters.remove(key);
        }
    }
}

/// Nothing here panics while it holds a lock, and what is behind one is whole at every moment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Revoked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let watch = self.0.as_ref().map(|watch| (&watch.user, &watch.session));
        f.debug_tuple("Revoked").field(&watch).finish()
    }
}

impl fmt::Debug for Watchers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watchers").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        task::Wake,
    };

    use super::*;
    use crate::{clock::Timestamp, revocation::Revocation};

    #[derive(Default)]
    struct Bell(AtomicUsize);

    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn revoke(set: &RevocationSet, target: Target) {
        set.insert(Revocation { target, until: Timestamp::from_secs(900) });
    }

    fn session(sid: &str) -> Target {
        Target::Session(sid.to_owned())
    }

    fn user(minimum: i64) -> Target {
        Target::User { id: "u".to_owned(), minimum }
    }

    fn poll(future: &mut Revoked, bell: &Arc<Bell>) -> bool {
        Pin::new(future).poll(&mut Context::from_waker(&Waker::from(Arc::clone(bell)))).is_ready()
    }

    #[test]
    fn only_what_concerns_a_token_wakes_and_ends_the_wait() {
        let (set, bell) = (RevocationSet::default(), Arc::new(Bell::default()));
        let mut by_session = set.revoked("u", Some("s1"), Some(3));
        let mut by_user = set.revoked("u", Some("s2"), Some(3));
        assert!(!poll(&mut by_session, &bell) && !poll(&mut by_user, &bell));

        revoke(&set, session("s3"));
        assert_eq!(bell.0.load(Ordering::SeqCst), 0);
        revoke(&set, session("s1"));
        assert_eq!(bell.0.load(Ordering::SeqCst), 1);
        assert!(poll(&mut by_session, &bell) && !poll(&mut by_user, &bell));

        // It is woken, as it is the same user, and waits on, as its generation is good.
        revoke(&set, user(3));
        assert!(bell.0.load(Ordering::SeqCst) > 1 && !poll(&mut by_user, &bell));
        revoke(&set, user(4));
        assert!(poll(&mut by_user, &bell));
    }

    #[test]
    fn what_is_revoked_already_ends_the_wait_at_once() {
        let (set, bell) = (RevocationSet::default(), Arc::default());
        revoke(&set, session("s1"));
        assert!(poll(&mut set.revoked("u", Some("s1"), None), &bell));
        assert!(!poll(&mut set.revoked("u", None, None), &bell));
    }

    #[test]
    fn who_stops_waiting_leaves_nothing_behind() {
        let (set, bell) = (RevocationSet::default(), Arc::default());
        let mut waiting: Vec<_> = (0..3).map(|_| set.revoked("u", Some("s1"), None)).collect();
        for revoked in &mut waiting {
            assert!(!poll(revoked, &bell));
        }
        waiting.truncate(1);
        assert_eq!(set.0.watchers.index().by_user["u"].len(), 1);
        drop(waiting);
        let index = set.0.watchers.index();
        assert!(index.by_user.is_empty() && index.by_session.is_empty());
    }

    #[test]
    fn race_no_revocation_is_missed_while_someone_begins_to_wait() {
        for _ in 0..500 {
            let set = RevocationSet::default();
            let other = set.clone();
            let revoking = std::thread::spawn(move || revoke(&other, session("s1")));
            let bell = Arc::<Bell>::default();
            let mut revoked = set.revoked("u", Some("s1"), None);
            let before = poll(&mut revoked, &bell);
            revoking.join().unwrap();
            assert!(before || bell.0.load(Ordering::SeqCst) == 1);
            assert!(poll(&mut revoked, &bell));
        }
    }
}
