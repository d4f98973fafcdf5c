//! The worker that empties the outbox.

use std::{
    fmt,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Mutex, Notify},
    task::JoinSet,
    time::timeout,
};

use super::{
    Letter, MailRequest, Resolve, SendError, TakenMail, Templates, Transport, backoff::next_attempt, compose::Composer,
};
use crate::{
    account::UserId,
    audit::{Event, EventKind},
    clock::SharedClock,
    config::Config,
    store::{Store, StoreError},
};

/// How many mails are under way at once, each to another mailbox.
const AT_ONCE: u32 = 16;

/// How long a mail that was taken stays with its taker unless they say that they still have it. After a crash it waits
/// this long.
const LEASE: Duration = Duration::from_secs(20);

/// How often a taker says so.
const RENEWAL: Duration = Duration::from_secs(8);

/// However long a transport takes, a mail is not with it for longer.
const PATIENCE: Duration = Duration::from_mins(10);

/// Empties the outbox: takes what is due, has it resolved, puts it into words and hands it to a transport.
///
/// A mail is sent at least once, and those to one mailbox leave in the order in which they were asked for: one that
/// has to wait lets no later one past. Any number of rooms, in any number of processes, may work on one outbox; each
/// mail is with one of them. What fails is tried again, after 5 s at first and 10 min at most; after 72 h, or when it
/// is refused for good, it is given up, which the log, the trail and the figures tell.
///
/// Accounts have one of their own and work it in the background. Cloning gives another handle on the same room.
#[derive(Clone)]
pub struct MailRoom(Arc<Inner>);

struct Inner {
    store: Arc<dyn Store>,
    clock: SharedClock,
    transport: Arc<dyn Transport>,
    composer: Composer,
    wake: Arc<Notify>,
    at_work: Mutex<()>,
    closed: AtomicBool,
    sent: AtomicU64,
    put_off: AtomicU64,
    given_up: AtomicU64,
}

/// What a room has done since it was opened: figures for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MailFigures {
    /// Mails that a transport took.
    pub sent: u64,
    /// Attempts that failed and will be made again.
    pub put_off: u64,
    /// Mails that were given up.
    pub given_up: u64,
}

impl MailRoom {
    /// A room that sends what is in this store's outbox by this transport.
    #[must_use]
    pub fn new(
        config: &Config,
        templates: Templates,
        store: Arc<dyn Store>,
        clock: SharedClock,
        transport: Arc<dyn Transport>,
    ) -> Self {
        Self(Arc::new(Inner {
            store,
            clock,
            transport,
            composer: Composer::new(config.clone(), templates),
            wake: Arc::default(),
            at_work: Mutex::default(),
            closed: AtomicBool::new(false),
            sent: AtomicU64::new(0),
            put_off: AtomicU64::new(0),
            given_up: AtomicU64::new(0),
        }))
    }

    /// What it has done so far.
    #[must_use]
    pub fn figures(&self) -> MailFigures {
        let read = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
        MailFigures { sent: read(&self.0.sent), put_off: read(&self.0.put_off), given_up: read(&self.0.given_up) }
    }

    /// Tells the worker that there is something in the outbox.
    pub fn wake(&self) {
        self.0.wake.notify_one();
    }

    pub(crate) fn woken(&self) -> Arc<Notify> {
        Arc::clone(&self.0.wake)
    }

    /// Sends everything that is due, and returns when nothing more is. Two callers take turns.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the outbox cannot be read. What fails with single mails is remembered with them.
    pub async fn deliver(&self, resolver: Arc<dyn Resolve>) -> Result<(), StoreError> {
        let _turn = self.0.at_work.lock().await;
        while !self.0.closed.load(Ordering::Acquire) {
            let now = self.0.clock.now();
            let taken = self.0.store.take_mail(AT_ONCE, now, now + LEASE).await?;
            if taken.is_empty() {
                break;
            }
            let mut under_way = JoinSet::new();
            for mail in taken {
                let (room, resolver) = (self.clone(), Arc::clone(&resolver));
                under_way.spawn(async move { room.handle(resolver.as_ref(), &mail).await });
            }
            while let Some(handled) = under_way.join_next().await {
                match handled {
                    Ok(Ok(())) => (),
                    Ok(Err(error)) => tracing::error!(%error, "what became of a mail could not be written down"),
                    Err(error) => tracing::error!(%error, "a mail was dropped halfway; it will be tried again"),
                }
            }
        }
        Ok(())
    }

    /// Takes no more mails, and returns when those under way have left or failed.
    pub async fn close(&self) {
        self.0.closed.store(true, Ordering::Release);
        drop(self.0.at_work.lock().await);
    }

    async fn handle(&self, resolver: &dyn Resolve, mail: &TakenMail) -> Result<(), StoreError> {
        let mut user = mail.request.user;
        let sent = self.keep(mail, self.attempt(resolver, mail, &mut user)).await;
        match sent.unwrap_or_else(|| Err(SendError::Temporary("it took too long".to_owned()))) {
            Ok(()) => {
                self.0.store.finish_mail(mail.request.id, mail.attempt).await?;
                Ok(())
            }
            Err(error) => self.after_failure(mail, user, &error).await,
        }
    }

    /// Does this work, and says from time to time that the mail is still here. `None` if the work does not end.
    async fn keep<T>(&self, mail: &TakenMail, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        for _ in 0..PATIENCE.as_secs() / RENEWAL.as_secs() {
            if let Ok(done) = timeout(RENEWAL, work.as_mut()).await {
                return Some(done);
            }
            let until = self.0.clock.now() + LEASE;
            if let Err(error) = self.0.store.put_off_mail(mail.request.id, mail.attempt, until).await {
                tracing::warn!(mail = %mail.request.id, %error, "a mail under way may be sent twice");
            }
        }
        None
    }

    async fn attempt(
        &self,
        resolver: &dyn Resolve,
        mail: &TakenMail,
        user: &mut Option<UserId>,
    ) -> Result<(), SendError> {
        let letter = resolver.resolve(&mail.request).await.map_err(|error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            SendError::Temporary(format!("it is not known what to say: {error} {cause}"))
        })?;
        let Some(letter) = letter else { return Ok(()) };
        *user = letter.user.or(*user);
        let message = self.compose(mail, letter)?;
        self.0.transport.send(&message).await?;
        self.0.sent.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn compose(&self, mail: &TakenMail, letter: Letter) -> Result<super::Message, SendError> {
        let composed = self.0.composer.compose(mail, letter, self.0.clock.now());
        // Kept for a mended template.
        composed.map_err(|error| SendError::Temporary(error.to_string()))
    }

    async fn after_failure(&self, mail: &TakenMail, user: Option<UserId>, error: &SendError) -> Result<(), StoreError> {
        let MailRequest { id, kind, at, ref device, .. } = mail.request;
        let (kind, now) = (kind.as_str(), self.0.clock.now());
        let next = match error {
            SendError::Permanent(_) => None,
            SendError::Temporary(_) => next_attempt(mail.attempt, at, now),
        };
        if let Some(next) = next {
            tracing::warn!(mail = %id, kind, attempt = mail.attempt, %error, "a mail could not be sent yet");
            self.0.put_off.fetch_add(1, Ordering::Relaxed);
            self.0.store.put_off_mail(id, mail.attempt, next).await?;
            return Ok(());
        }
        let event = Event { user, ..Event::new(EventKind::MailGivenUp, now, device).about(kind) };
        if self.0.store.give_up_mail(id, mail.attempt, &event).await? {
            let after = humantime::format_duration(Duration::from_secs(now.since(at).as_secs())).to_string();
            tracing::error!(mail = %id, kind, attempt = mail.attempt, after, %error, "a mail was given up");
            self.0.given_up.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

impl fmt::Debug for MailRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailRoom").field("figures", &self.figures()).finish_non_exhaustive()
    }
}
