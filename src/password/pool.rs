//! The threads that hash, and the queue before them.

use std::{
    io,
    num::NonZeroUsize,
    panic::{self, AssertUnwindSafe},
    sync::Arc,
    thread,
    time::Duration,
};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};
use tokio::sync::oneshot;

use super::{
    Argon2Params, HashError, Password, PasswordHash, Verdict,
    hasher::{Hasher, Meter},
};

/// How a [`HashPool`] is set up.
#[derive(Clone, Debug)]
pub struct HashPoolSettings {
    /// What a new hash costs. Default: `m=19456,t=2,p=1`.
    pub params: Argon2Params,
    /// How many threads hash, which is how many hashes are computed at once. Default: as many as there are cores.
    pub threads: NonZeroUsize,
    /// How many passwords may wait for each thread. Default: 64.
    pub queue_per_thread: NonZeroUsize,
    /// How long a thread with nothing to do keeps its memory. Default: 60 seconds.
    pub memory_kept_for: Duration,
}

impl Default for HashPoolSettings {
    fn default() -> Self {
        Self {
            params: Argon2Params::default(),
            threads: thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            queue_per_thread: const { NonZeroUsize::MIN.saturating_add(63) },
            memory_kept_for: Duration::from_mins(1),
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
        let HashPoolSettings { params, threads, queue_per_thread, memory_kept_for } = settings;
        let (jobs, queue) = bounded(queue_per_thread.saturating_mul(threads).get());
        let meter = Arc::<Meter>::default();
        for number in 0..threads.get() {
            let (queue, hasher) = (queue.clone(), Hasher::metered(params.clone(), Arc::clone(&meter)));
            thread::Builder::new()
                .name(format!("portcullis-hash-{number}"))
                .spawn(move || work(&queue, hasher, memory_kept_for))?;
        }
        Ok(Self(Arc::new(Shared { jobs, meter, queue_per_thread })))
    }

    /// Hashes a password with the pool's parameters and a random salt.
    ///
    /// # Errors
    ///
    /// [`HashError::Overloaded`] at once if the queue is full; otherwise as [`HashError`] says.
    pub async fn hash(&self, password: Password) -> Result<PasswordHash, HashError> {
        self.run(move |hasher| hasher.hash(&password)).await
    }

    /// Checks a password against a stored hash: any Argon2 PHC string that costs no more than
    /// [`Argon2Params`] may, whatever its parameters.
    ///
    /// `None` stands for a user who does not exist or has no password. It never matches, and it takes as long as a
    /// hash with the pool's parameters, so that time does not tell who exists.
    ///
    /// # Errors
    ///
    /// [`HashError::Overloaded`] at once if the queue is full; [`HashError::Unreadable`] and
    /// [`HashError::TooCostly`] if the stored hash cannot be used; otherwise as [`HashError`] says.
    pub async fn verify(&self, password: Password, stored: Option<PasswordHash>) -> Result<Verdict, HashError> {
        self.run(move |hasher| hasher.verify(&password, stored.as_ref())).await
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
            Err(TrySendError::Full(_)) => Err(HashError::Overloaded { retry_after: self.0.retry_after() }),
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
