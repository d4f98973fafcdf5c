//! Following what others change: by looking now and then, when the database tells of it, and whenever somebody misses
//! something.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep, sleep_until, timeout},
};

use crate::{
    jwt::{Renewal, Renewing},
    store::Notice,
};

/// The longest pause between two looks.
const INTERVAL: Duration = Duration::from_millis(500);
/// The shortest, however many miss something.
const COOL_DOWN: Duration = Duration::from_millis(100);
/// How long a look may take before it counts as failed.
const PATIENCE: Duration = Duration::from_secs(2);

/// Something that has to be looked at to be current.
pub(super) trait Followed: Send + Sync + 'static {
    /// Makes it current; `false` if that failed.
    fn look(&self) -> impl Future<Output = bool> + Send;
}

/// How many looks have begun and ended, and how the last one did.
#[derive(Clone, Copy, Default)]
struct Looks {
    begun: u64,
    ended: u64,
    succeeded: bool,
}

/// Keeps it followed, and asks for a look at once. Looks end when the last of these is dropped.
pub(super) struct Follower<F> {
    wanted: Arc<Notify>,
    looks: watch::Receiver<Looks>,
    _followed: Arc<F>,
}

impl<F: Followed> Follower<F> {
    /// Begins to look. There is never more than one look under way.
    pub(super) fn start(followed: Arc<F>, notice: Notice) -> Self {
        let (sender, looks) = watch::channel(Looks::default());
        let wanted = Arc::new(Notify::new());
        tokio::spawn(follow(Arc::downgrade(&followed), Arc::clone(&wanted), notice, sender));
        Self { wanted, looks, _followed: followed }
    }
}

impl<F: Followed> Renewal for Follower<F> {
    fn renewed(&self) -> Renewing {
        let mut looks = self.looks.clone();
        // One that is under way may have passed what is missing before it was there.
        let before = looks.borrow().begun;
        self.wanted.notify_one();
        Box::pin(async move { looks.wait_for(|looks| looks.ended > before).await.is_ok_and(|looks| looks.succeeded) })
    }
}

async fn follow<F: Followed>(followed: Weak<F>, wanted: Arc<Notify>, mut notice: Notice, looks: watch::Sender<Looks>) {
    let mut last = Instant::now();
    loop {
        tokio::select! {
            // Anyone who sends tokens can want a look, but only a change brings a notice.
            () = wanted.notified() => sleep_until(last + COOL_DOWN).await,
            () = notice.given() => (),
            () = sleep(INTERVAL) => (),
        }
        let Some(followed) = followed.upgrade() else { break };
        last = Instant::now();
        looks.send_modify(|looks| looks.begun += 1);
        let succeeded = timeout(PATIENCE, followed.look()).await.unwrap_or(false);
        looks.send_modify(|looks| *looks = Looks { ended: looks.begun, succeeded, ..*looks });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use futures_util::future::join_all;
    use tokio::time::advance;

    use super::*;

    /// Something of which every look sees what it was when the look began, and takes a while.
    #[derive(Default)]
    struct Thing {
        looks: AtomicU64,
        real: AtomicU64,
        seen: AtomicU64,
    }

    impl Followed for Thing {
        async fn look(&self) -> bool {
            self.looks.fetch_add(1, Ordering::SeqCst);
            let real = self.real.load(Ordering::SeqCst);
            sleep(Duration::from_millis(20)).await;
            self.seen.store(real, Ordering::SeqCst);
            real < 1000
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_changes_is_seen_within_the_interval_where_nobody_asks() {
        let thing = Arc::new(Thing::default());
        let _follower = Follower::start(Arc::clone(&thing), Notice::never());
        for round in 1..20 {
            thing.real.store(round, Ordering::SeqCst);
            sleep(INTERVAL * 2).await;
            assert_eq!(thing.seen.load(Ordering::SeqCst), round);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn jwt_14_whoever_misses_something_waits_for_a_look_that_began_later() {
        let thing = Arc::new(Thing::default());
        let follower = Follower::start(Arc::clone(&thing), Notice::never());
        for round in 1..200 {
            let earlier = follower.renewed();
            // Wherever in a look or between two this falls.
            advance(Duration::from_millis(round % 130)).await;
            thing.real.store(round, Ordering::SeqCst);
            assert!(follower.renewed().await);
            assert_eq!(thing.seen.load(Ordering::SeqCst), round);
            assert!(earlier.await);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn jwt_14_however_many_miss_something_looks_are_few_and_all_are_answered() {
        let thing = Arc::new(Thing::default());
        let follower = Follower::start(Arc::clone(&thing), Notice::never());
        let start = Instant::now();
        let flood = (0_u64..10_000).map(|n| {
            let follower = &follower;
            async move {
                sleep(Duration::from_micros(n * 100)).await;
                assert!(follower.renewed().await);
            }
        });
        join_all(flood).await;
        assert!(start.elapsed() < Duration::from_millis(1500));
        assert!(thing.looks.load(Ordering::SeqCst) <= 13, "{:?}", thing.looks);
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_that_fails_is_told_and_the_next_one_may_succeed() {
        let thing = Arc::new(Thing::default());
        let follower = Follower::start(Arc::clone(&thing), Notice::never());
        thing.real.store(1000, Ordering::SeqCst);
        assert!(!follower.renewed().await);
        thing.real.store(1, Ordering::SeqCst);
        assert!(follower.renewed().await);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_looked_at_once_nobody_follows_and_nobody_waits_for_ever() {
        let thing = Arc::new(Thing::default());
        let follower = Follower::start(Arc::clone(&thing), Notice::never());
        assert!(follower.renewed().await);
        let waiting = follower.renewed();
        drop((follower, thing));
        assert!(!waiting.await);
    }
}
