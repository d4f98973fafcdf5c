//! What a program does when something happens, on a thread of its own.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use super::{Event, Observe};
use crate::store::Store;

/// What is called for every row of the trail.
pub type Hook = Box<dyn Fn(&Event) + Send>;

/// How many rows may wait for the hooks.
const WAITING_MAX: usize = 16 * 1024;

/// The hooks of a program, and what waits for them.
pub(crate) struct Hooks {
    waiting: SyncSender<Event>,
    missed: AtomicU64,
}

impl Hooks {
    /// Starts the thread and has it told of what this store writes. Where there are no hooks there is nothing to start.
    pub(crate) fn observing(store: &dyn Store, hooks: Vec<Hook>) -> io::Result<Option<Arc<Self>>> {
        if hooks.is_empty() {
            return Ok(None);
        }
        let hooks = Self::start(hooks)?;
        let observer: Weak<Self> = Arc::downgrade(&hooks);
        store.observe(observer);
        Ok(Some(hooks))
    }

    /// Starts the thread, which ends when the last handle is dropped and nothing waits any more.
    fn start(hooks: Vec<Hook>) -> io::Result<Arc<Self>> {
        let (waiting, events) = sync_channel(WAITING_MAX);
        thread::Builder::new().name("portcullis-events".to_owned()).spawn(move || run(&events, &hooks))?;
        Ok(Arc::new(Self { waiting, missed: AtomicU64::new(0) }))
    }

    /// How many rows no hook was told of, because too many waited.
    pub(crate) fn missed(&self) -> u64 {
        self.missed.load(Ordering::Relaxed)
    }
}

impl Observe for Hooks {
    fn written(&self, event: &Event) {
        if self.waiting.try_send(event.clone()).is_err() && self.missed.fetch_add(1, Ordering::Relaxed) == 0 {
            tracing::error!("the hooks are too slow: they miss events, which the trail has");
        }
    }
}

fn run(events: &Receiver<Event>, hooks: &[Hook]) {
    for event in events {
        for hook in hooks {
            if catch_unwind(AssertUnwindSafe(|| hook(&event))).is_err() {
                tracing::error!(event = %event.id, kind = event.kind.as_str(), "a hook panicked");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::{audit::EventKind, clock::Timestamp, session::Device};

    fn event(kind: EventKind) -> Event {
        Event::new(kind, Timestamp::from_secs(0), &Device::default())
    }

    #[test]
    fn every_hook_is_told_in_order_and_a_panic_is_its_own() {
        let (told, heard) = mpsc::channel();
        let hooks: Vec<Hook> = vec![
            Box::new(|event| assert_ne!(event.kind, EventKind::LoginFailed, "on purpose")),
            Box::new(move |event| told.send(event.kind).unwrap()),
        ];
        let hooks = Hooks::start(hooks).unwrap();
        let kinds = [EventKind::LoginFailed, EventKind::LoginSucceeded, EventKind::LoggedOut];
        for kind in kinds {
            hooks.written(&event(kind));
        }
        drop(hooks);
        assert_eq!(heard.iter().collect::<Vec<_>>(), kinds);
    }

    #[test]
    fn a_slow_hook_holds_nobody_up_and_what_it_misses_is_counted() {
        let (release, released) = mpsc::channel::<()>();
        let hooks = Hooks::start(vec![Box::new(move |_| _ = released.recv())]).unwrap();
        // One may be in the hook's hands.
        for _ in 0..WAITING_MAX + 11 {
            hooks.written(&event(EventKind::LoginFailed));
        }
        assert!((10..=11).contains(&hooks.missed()), "{}", hooks.missed());
        drop(release);
    }
}
