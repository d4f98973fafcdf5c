//! Those who are told of every row of the trail.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock, Weak},
};

use super::Event;

/// Whoever is told of every row of the trail that this process writes.
pub trait Observe: Send + Sync {
    /// A row was written, and what it tells of is done. It is called where requests are served: it must not wait.
    fn written(&self, event: &Event);
}

/// Those whom a store tells. Cloning gives another handle on the same ones.
#[derive(Clone, Default)]
pub struct Observers(Arc<RwLock<Vec<Weak<dyn Observe>>>>);

impl Observers {
    /// Adds one, who is told for as long as someone holds it.
    pub fn add(&self, observer: Weak<dyn Observe>) {
        let mut observers = self.0.write().unwrap_or_else(PoisonError::into_inner);
        observers.retain(|known| known.strong_count() > 0);
        observers.push(observer);
    }

    /// Tells all of them of these rows, in this order.
    pub fn tell(&self, events: &[Event]) {
        if events.is_empty() {
            return;
        }
        let observers = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let living: Vec<_> = observers.iter().filter_map(Weak::upgrade).collect();
        drop(observers);
        for event in events {
            for observer in &living {
                observer.written(event);
            }
        }
    }
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observers").finish_non_exhaustive()
    }
}
