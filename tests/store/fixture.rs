//! Users, sessions and events to store.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use portcullis::{
    account::{Email, User, UserId, Username},
    audit::{Event, EventKind},
    clock::Timestamp,
    password::PasswordHash,
    revocation::{Revocation, Target},
    secret::PlainToken,
    session::{Device, Session, SessionId},
    store::{Forgiven, NewSession, NewUser, Result, Store},
};
use tokio::sync::Barrier;

/// When the tests take place. Not a whole second, so that lost milliseconds show.
pub const NOW: Timestamp = Timestamp::from_millis(1_750_000_000_123);

/// When the last token issued in a test has expired.
pub const LATER: Timestamp = Timestamp::from_millis(1_750_000_900_123);

/// An event a millisecond after the one before, so that a trail has an order.
pub fn event(kind: EventKind) -> Event {
    static EVENTS: AtomicU64 = AtomicU64::new(0);
    let at = NOW + Duration::from_millis(EVENTS.fetch_add(1, Ordering::Relaxed));
    Event::new(kind, at, &Device::default())
}

pub fn hash(text: &str) -> PasswordHash {
    PasswordHash::from_stored(text.to_owned())
}

/// A user by this name, not stored yet, whose password's hash is `hash-1`.
pub fn new_user(name: &str) -> NewUser {
    let user = User {
        id: UserId::new(NOW),
        username: Username::parse(name).unwrap(),
        email: Email::parse(&format!("{name}@example.com")).unwrap(),
        email_verified_at: None,
        name: String::new(),
        roles: Vec::new(),
        generation: 1,
        disabled_at: None,
        created_at: NOW,
    };
    NewUser { user, password: Some(hash("hash-1")), must_change_password: false }
}

/// A session of this user, not opened yet, by whoever checked their first password.
pub fn new_session(user: UserId) -> NewSession {
    let session = Session {
        id: SessionId::new(NOW),
        user,
        created_at: NOW,
        last_seen_at: NOW,
        idle_until: LATER,
        expires_at: LATER,
        auth_time: NOW,
        amr: vec!["pwd".to_owned()],
        device: Device::default(),
    };
    NewSession {
        session,
        generation: 1,
        password_version: 1,
        refresh: PlainToken::generate().unwrap().hash(),
        replaces: None,
        flow: None,
        passkey: None,
        cap: 100,
        revoke_until: LATER,
        forgiven: Forgiven::default(),
    }
}

pub fn of_session(id: SessionId) -> Revocation {
    Revocation { target: Target::Session(id.to_string()), until: LATER }
}

pub fn of_user(id: UserId, minimum: i64) -> Revocation {
    Revocation { target: Target::User { id: id.to_string(), minimum }, until: LATER }
}

pub async fn add_user(store: &Arc<dyn Store>, name: &str) -> UserId {
    let new = new_user(name);
    store.create_user(&new, &event(EventKind::UserRegistered).user(new.user.id)).await.unwrap();
    new.user.id
}

pub async fn add_session(store: &Arc<dyn Store>, user: UserId) -> SessionId {
    let new = new_session(user);
    assert!(store.open_session(&new, &event(EventKind::LoginSucceeded).user(user)).await.unwrap().is_some());
    new.session.id
}

/// The kinds of this user's rows of the trail, oldest first.
pub async fn trail(store: &Arc<dyn Store>, user: UserId) -> Vec<EventKind> {
    let mut events = store.events_of(user, 100).await.unwrap();
    events.reverse();
    events.into_iter().map(|event| event.kind).collect()
}

/// What a store has revoked.
pub trait InForce {
    /// The revocations that a token which lives at `now` could meet.
    fn revocations(&self, now: Timestamp) -> impl Future<Output = Result<Vec<Revocation>>>;
}

impl InForce for Arc<dyn Store> {
    async fn revocations(&self, now: Timestamp) -> Result<Vec<Revocation>> {
        let all = self.revocations_after(0, u32::MAX).await?;
        Ok(all.into_iter().map(|change| change.revocation).filter(|revocation| revocation.until > now).collect())
    }
}

/// Lets 32 callers do the same at the same moment and answers what came of it.
pub async fn all_at_once<T, F>(store: &Arc<dyn Store>, act: impl Fn(usize, Arc<dyn Store>) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    const CALLERS: usize = 32;
    let start = Arc::new(Barrier::new(CALLERS));
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let (start, act) = (Arc::clone(&start), act(caller, Arc::clone(store)));
            tokio::spawn(async move {
                start.wait().await;
                act.await
            })
        })
        .collect();
    let mut answers = Vec::new();
    for caller in callers {
        answers.push(caller.await.unwrap());
    }
    answers
}
