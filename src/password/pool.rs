//! The threads that hash, and the queue before them.

use std::{
    io,
    num::NonZeroUsize,
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};
use tokio::sync::oneshot;

use super::{
    Argon2Params, HashError, OwnWords, Password, PasswordHash, Peppers, Rating, Verdict,
    hasher::{Hasher, Meter},
};

/// How a [`HashPool`] is set up.
#[derive(Clone, Debug)]
pub struct HashPoolSettings {
    /// What a new hash costs. Default: `m=19456,t=2,p=1`.
    pub params: Argon2Params,
    /// The secrets that go into hashes beside the password. Default: none.
    pub peppers: Peppers,
    /// How many threads hash, which is how many hashes are computed at once. Default: as many as there are cores.
    pub threads: NonZeroUsize,
    /// How many passwords may wait for each thread. Default: 64.
    pub queue_per_thread: NonZeroUsize,
    /// How long a thread with nothing to do keeps its memory. Default: 60 seconds.
    pub memory_kept_for: Duration,
    /// How far hashing gives way to whatever else wants a core, from 0, not at all, to 19: what `nice` adds. Default: 15,
    /// so that requests that need no hash are answered soon while logins take all cores. Minded on Linux alone, where
    /// each thread has a priority of its own.
    pub niceness: u8,
}

impl Default for HashPoolSettings {
    fn default() -> Self {
        Self {
            params: Argon2Params::default(),
            peppers: Peppers::default(),
            threads: thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            queue_per_thread: const { NonZeroUsize::MIN.saturating_add(63) },
            memory_kept_for: Duration::from_mins(1),
            niceness: 15,
        }
    }
}

/// Hashes passwords on threads of its own, without ever blocking the caller. Cloning gives another handle.
///
/// A pool takes as much memory as one hash does per thread (19 MiB by default), less once it has been idle for a
/// minute. A stored hash that asks for more gets it for as long as it takes, up to 256 MiB. Whoever stops waiting is
/// skipped: an abandoned request costs no hash. The threads end when the last handle is dropped.
#[derive(Clone, Debug)]
pub struct HashPool(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    jobs: Sender<Job>,
    meter: Arc<Meter>,
    refusals: AtomicU64,
    queue_per_thread: NonZeroUsize,
}

type Job = Box<dyn FnOnce(&mut Hasher) + Send>;

impl HashPool {
    /// Starts the threads.
    ///
    /// # Errors
    ///
    /// The system's error if it refuses a thread.
    pub fn start(settings: HashPoolSettings) -> io::Result<Self> {
        let HashPoolSettings { params, peppers, threads, queue_per_thread, memory_kept_for, niceness } = settings;
        let (jobs, queue) = bounded(queue_per_thread.saturating_mul(threads).get());
        let meter = Arc::<Meter>::default();
        for number in 0..threads.get() {
            let hasher = Hasher::metered(params.clone(), peppers.clone(), Arc::clone(&meter));
            let queue = queue.clone();
            thread::Builder::new().name(format!("portcullis-hash-{number}")).spawn(move || {
                give_way(niceness);
                work(&queue, hasher, memory_kept_for);
            })?;
        }
        Ok(Self(Arc::new(Shared { jobs, meter, refusals: AtomicU64::new(0), queue_per_thread })))
    }

    /// Hashes a password with the pool's parameters and a random salt.
    ///
    /// # Errors
    ///
    /// [`HashError::Overloaded`] at once if the queue is full; otherwise as [`HashError`] says.
    pub async fn hash(&self, password: Password) -> Result<PasswordHash, HashError> {
        self.run(move |hasher| hasher.hash(&password)).await
    }

    /// Checks a password against a stored hash: any that [`PasswordHash::parse`] takes.
    ///
    /// `None` stands for a user who does not exist or has no password. It never matches, and it takes as long as a
    /// hash with the pool's parameters, so that time does not tell who exists. A hash with other parameters or by another
    /// algorithm takes the time it takes: until its owner logs in and it is made anew, time can tell that it is there.
    ///
    /// # Errors
    ///
    /// [`HashError::Overloaded`] at once if the queue is full; [`HashError::Unreadable`], [`HashError::TooCostly`] and
    /// [`HashError::UnknownPepper`] if the stored hash cannot be used; otherwise as [`HashError`] says.
    pub async fn verify(&self, password: Password, stored: Option<PasswordHash>) -> Result<Verdict, HashError> {
        self.run(move |hasher| hasher.verify(&password, stored.as_ref())).await
    }

    /// Rates how easily a password is guessed by someone who knows these words of its user. It is work for the pool, as
    /// it can take as long as a hash.
    ///
    /// # Errors
    ///
    /// [`HashError::Overloaded`] at once if the queue is full.
    pub async fn rate(&self, password: Password, words: OwnWords) -> Result<Rating, HashError> {
        self.run(move |hasher| Ok(hasher.rate(&password, &words))).await
    }

    /// How many passwords have been rated since the pool was started.
    #[must_use]
    pub fn ratings_computed(&self) -> u64 {
        self.0.meter.ratings()
    }

    /// How many hashes have been computed since the pool was started, those for nobody included.
    #[must_use]
    pub fn hashes_computed(&self) -> u64 {
        self.0.meter.hashes()
    }

    /// How many passwords wait for a thread.
    #[must_use]
    pub fn queue_len(&self) -> usize {
        self.0.jobs.len()
    }

    /// How many may wait at once.
    #[must_use]
    pub fn queue_limit(&self) -> usize {
        self.0.jobs.capacity().unwrap_or(usize::MAX)
    }

    /// How many were turned away since the pool was started, because the queue was full.
    #[must_use]
    pub fn refusals(&self) -> u64 {
        self.0.refusals.load(Relaxed)
    }

    async fn run<T: Send + 'static>(
        &self,
        task: impl FnOnce(&mut Hasher) -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(move |hasher: &mut Hasher| {
            if !reply.is_closed() {
                let outcome = panic::catch_unwind(AssertUnwindSafe(|| task(hasher)));
                // Nobody listens if the caller left meanwhile.
                let _ = reply.send(outcome.unwrap_or(Err(HashError::Abandoned)));
            }
        });
        match self.0.jobs.try_send(job) {
            Ok(()) => answer.await.unwrap_or(Err(HashError::Abandoned)),
            Err(TrySendError::Full(_)) => {
                self.0.refusals.fetch_add(1, Relaxed);
                Err(HashError::Overloaded { retry_after: self.0.retry_after() })
            }
            Err(TrySendError::Disconnected(_)) => Err(HashError::Abandoned),
        }
    }
}

impl Shared {
    /// How long the threads need for a full queue, in whole seconds.
    fn retry_after(&self) -> Duration {
        let waiting = u32::try_from(self.queue_per_thread.get()).unwrap_or(u32::MAX);
        Duration::from_secs(self.meter.latest().saturating_mul(waiting).as_secs().saturating_add(1))
    }
}

/// Lowers the priority of the thread that calls it. One that may not be lowered hashes as well.
fn give_way(niceness: u8) {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(niceness.into()) {
        tracing::warn!(%error, "hashing does not give way to other work");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = niceness;
}

/// One thread: takes jobs until the last handle is gone.
fn work(queue: &Receiver<Job>, mut hasher: Hasher, memory_kept_for: Duration) {
    loop {
        match queue.recv_timeout(memory_kept_for) {
            Ok(job) => job(&mut hasher),
            Err(RecvTimeoutError::Timeout) => hasher.release_memory(),
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use tokio::task;

    use super::*;
    use crate::password::Strength;

    /// One thread, held up by a first job until the answered sender is used or dropped.
    async fn held_up(queue: usize) -> (HashPool, mpsc::Sender<()>) {
        let pool = HashPool::start(HashPoolSettings {
            params: Argon2Params::insecure_for_tests(8, 1, 1).unwrap(),
            threads: NonZeroUsize::MIN,
            queue_per_thread: NonZeroUsize::new(queue).unwrap(),
            ..HashPoolSettings::default()
        })
        .unwrap();
        let (release, released) = mpsc::channel();
        let (started, has_started) = oneshot::channel();
        let blocked = pool.clone();
        task::spawn(async move {
            let _ = blocked
                .run(move |_| {
                    started.send(()).unwrap();
                    let _ = released.recv();
                    Ok(())
                })
                .await;
        });
        has_started.await.unwrap();
        (pool, release)
    }

    fn spawn_verify(pool: &HashPool) -> task::JoinHandle<Result<Verdict, HashError>> {
        let pool = pool.clone();
        task::spawn(async move { pool.verify(Password::parse("password").unwrap(), None).await })
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn hashing_gives_way_and_nothing_else_does() {
        let niceness = || {
            let told = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
            // The 19th of its fields, of which the second is a name in brackets.
            told.rsplit_once(')').unwrap().1.split_whitespace().nth(16).unwrap().parse::<i32>().unwrap()
        };
        let own = niceness();
        for (asked, expected) in [(0, own), (5, (own + 5).min(19)), (15, (own + 15).min(19))] {
            let pool = HashPool::start(HashPoolSettings { niceness: asked, ..HashPoolSettings::default() }).unwrap();
            assert_eq!(pool.run(move |_| Ok(niceness())).await.unwrap(), expected);
            assert_eq!(niceness(), own);
        }
    }

    #[tokio::test]
    async fn pw_9_the_runtime_goes_on_while_hashes_are_pending() {
        let (pool, release) = held_up(8).await;
        let pending: Vec<_> = (0..8).map(|_| spawn_verify(&pool)).collect();
        // This runtime has one thread: had any of the eight blocked it, it would never count this far.
        for _ in 0..1000 {
            task::yield_now().await;
        }
        assert_eq!(pool.queue_len(), 8);
        assert!(pending.iter().all(|verify| !verify.is_finished()));
        release.send(()).unwrap();
        for verify in pending {
            assert_eq!(verify.await.unwrap().unwrap(), Verdict::NoMatch);
        }
        assert_eq!((pool.hashes_computed(), pool.queue_len()), (8, 0));
    }

    #[tokio::test]
    async fn pw_9_a_full_queue_refuses_at_once() {
        let (pool, release) = held_up(2).await;
        let pending = [spawn_verify(&pool), spawn_verify(&pool)];
        task::yield_now().await;
        assert_eq!(pool.queue_len(), 2);
        let refused = pool.verify(Password::parse("password").unwrap(), None).await;
        assert!(matches!(refused, Err(HashError::Overloaded { retry_after }) if retry_after.as_secs() >= 1));
        assert_eq!((pool.refusals(), pool.queue_limit()), (1, 2));
        drop(release);
        for verify in pending {
            assert!(verify.await.unwrap().is_ok());
        }
        assert_eq!(pool.hashes_computed(), 2);
    }

    #[tokio::test]
    async fn pw_9_rating_is_work_for_the_pool_and_no_hash() {
        let (pool, release) = held_up(1).await;
        let rating = {
            let pool = pool.clone();
            let password = Password::parse("correct horse battery staple").unwrap();
            task::spawn(async move { pool.rate(password, OwnWords::default()).await })
        };
        task::yield_now().await;
        assert_eq!((pool.queue_len(), pool.ratings_computed()), (1, 0));
        let refused = pool.rate(Password::parse("another").unwrap(), OwnWords::default()).await;
        assert!(matches!(refused, Err(HashError::Overloaded { .. })));
        drop(release);
        assert_eq!(rating.await.unwrap().unwrap().strength, Strength::Strong);
        assert_eq!((pool.ratings_computed(), pool.hashes_computed()), (1, 0));
    }

    #[tokio::test]
    async fn pw_9_a_caller_who_left_costs_no_hash() {
        let (pool, release) = held_up(8).await;
        let gone: Vec<_> = (0..3).map(|_| spawn_verify(&pool)).collect();
        let still_here = spawn_verify(&pool);
        task::yield_now().await;
        assert_eq!(pool.queue_len(), 4);
        for verify in gone {
            verify.abort();
            assert!(verify.await.unwrap_err().is_cancelled());
        }
        drop(release);
        assert!(still_here.await.unwrap().is_ok());
        assert_eq!(pool.hashes_computed(), 1);
    }

    #[tokio::test]
    async fn pw_9_a_panic_costs_one_answer_and_no_thread() {
        let (pool, release) = held_up(8).await;
        drop(release);
        let panicked = pool.run::<()>(|_| panic!("on purpose")).await;
        assert!(matches!(panicked, Err(HashError::Abandoned)));
        assert!(spawn_verify(&pool).await.unwrap().is_ok());
    }

    #[tokio::test]
    async fn pw_9_the_threads_end_with_the_last_handle() {
        let pool = HashPool::start(HashPoolSettings::default()).unwrap();
        let threads = Arc::downgrade(&pool.0.meter);
        let other_handle = pool.clone();
        drop(pool);
        assert!(threads.strong_count() > 1);
        drop(other_handle);
        // Each thread holds the meter until it ends; one that never did would hang this test.
        while threads.strong_count() > 0 {
            thread::yield_now();
        }
    }
}
