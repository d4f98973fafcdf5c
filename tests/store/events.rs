//! The trail.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use portcullis::{
    account::UserId,
    audit::{Event, EventKind, Observe},
    clock::Timestamp,
    session::{Device, SessionId},
    store::EventQuery,
};

use crate::{both, db::TestDb, fixture::*};

both! {
    an_event_comes_back_as_it_went_in,
    lo_1_the_factors_are_those_of_the_session_unless_others_are_named,
    the_newest_come_first_and_no_more_than_asked_for,
    lo_1_no_row_is_changed_or_removed_before_its_time,
    lo_1_what_is_too_old_is_forgotten_and_nothing_else,
    whoever_observes_is_told_once_it_is_done_and_not_before,
}

async fn an_event_comes_back_as_it_went_in(db: TestDb) {
    let (user, admin) = (UserId::new(NOW), UserId::new(NOW));
    let device = Device { address: Some("2001:db8::1".parse().unwrap()), user_agent: Some("curl/8".to_owned()) };
    let full = Event::new(EventKind::LoginFailed, NOW, &device).user(user).session(SessionId::new(NOW));
    let full = full.actor(admin).about("wrong password").amr(["pwd", "otp"]);
    let of_nobody = event(EventKind::LoginFailed);
    db.store.record(&full).await.unwrap();
    db.store.record(&of_nobody).await.unwrap();
    assert_eq!(db.store.events_of(user, 10).await.unwrap(), [full]);
}

async fn lo_1_the_factors_are_those_of_the_session_unless_others_are_named(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let session = add_session(&db.store, ada).await;
    let done = event(EventKind::ProfileChanged).user(ada).session(session);
    let failed = event(EventKind::SecondFactorFailed).user(ada).session(session).amr(["otp"]);
    let gone = event(EventKind::UserDeleted).user(ada).session(session);
    db.store.record(&done).await.unwrap();
    db.store.record(&failed).await.unwrap();
    // Its session goes with it.
    assert!(db.store.delete_user(ada, &of_user(ada, i64::MAX), &gone).await.unwrap());
    let amr: Vec<_> = db.store.events_of(ada, 3).await.unwrap().into_iter().map(|event| event.amr).collect();
    assert_eq!(amr, [vec!["pwd"], vec!["otp"], vec!["pwd"]]);
}

async fn the_newest_come_first_and_no_more_than_asked_for(db: TestDb) {
    let user = UserId::new(NOW);
    let mut events: Vec<Event> = (0..5)
        .map(|n| Event::new(EventKind::LoginFailed, NOW + Duration::from_millis(n), &Device::default()).user(user))
        .collect();
    for event in &events {
        db.store.record(event).await.unwrap();
    }
    db.store.record(&event(EventKind::LoginFailed).user(UserId::new(NOW))).await.unwrap();
    events.reverse();
    assert_eq!(db.store.events_of(user, 3).await.unwrap(), events[..3]);
    assert_eq!(db.store.events_of(user, u32::MAX).await.unwrap(), events);
    assert_eq!(db.store.events_of(user, 0).await.unwrap(), []);
}

async fn lo_1_no_row_is_changed_or_removed_before_its_time(db: TestDb) {
    let failed = event(EventKind::LoginFailed).user(UserId::new(NOW));
    db.store.record(&failed).await.unwrap();
    let mut statements = vec!["UPDATE events SET kind = 'logged_out'", "DELETE FROM events"];
    if !db.url().starts_with("sqlite:") {
        statements.push("TRUNCATE events");
    }
    for statement in statements {
        let refused = db.try_execute(statement).await.unwrap_err().to_string();
        assert!(refused.contains("the trail is append-only"), "{statement}: {refused}");
    }
    assert_eq!(db.store.events_of(failed.user.unwrap(), 10).await.unwrap(), [failed]);
}

async fn lo_1_what_is_too_old_is_forgotten_and_nothing_else(db: TestDb) {
    let at = |seconds: i64| Timestamp::from_secs(1_750_000_000 + seconds);
    // More than one batch.
    for second in 0..1200 {
        db.store.record(&Event::new(EventKind::LoginFailed, at(second), &Device::default())).await.unwrap();
    }
    db.store.forget_events(at(1100)).await.unwrap();
    // An earlier moment takes nothing back.
    db.store.forget_events(at(7)).await.unwrap();
    let asked = EventQuery { user: None, kind: None, after: None, limit: u32::MAX };
    let left: Vec<_> = db.store.events(&asked).await.unwrap().into_iter().map(|event| event.at).collect();
    assert_eq!(left, (1100..1200).rev().map(at).collect::<Vec<_>>());
}

/// Notes what it is told.
#[derive(Default)]
struct Notes(Mutex<Vec<EventKind>>);

impl Observe for Notes {
    fn written(&self, event: &Event) {
        self.0.lock().unwrap().push(event.kind);
    }
}

async fn whoever_observes_is_told_once_it_is_done_and_not_before(db: TestDb) {
    let notes = Arc::<Notes>::default();
    let observer: std::sync::Weak<Notes> = Arc::downgrade(&notes);
    db.store.observe(observer);
    let ada = add_user(&db.store, "ada").await;
    let taken = db.store.create_user(&new_user("ada"), &event(EventKind::UserRegistered)).await;
    assert!(taken.is_err());
    let mut new = new_session(ada);
    new.cap = 1;
    let first = new.session.id;
    assert!(db.store.open_session(&new, &event(EventKind::LoginSucceeded).user(ada)).await.unwrap().is_some());
    let second = portcullis::store::NewSession { cap: 1, ..new_session(ada) };
    let told = event(EventKind::LoginSucceeded).user(ada).session(second.session.id);
    assert_eq!(db.store.open_session(&second, &told).await.unwrap().unwrap().ended, [first]);
    let imported =
        [(new_user("bob"), event(EventKind::UserImported)), (new_user("ada"), event(EventKind::UserImported))];
    db.store.import_users(&imported, false).await.unwrap();
    db.store.import_users(&imported, true).await.unwrap();
    let expected = [
        EventKind::UserRegistered,
        EventKind::LoginSucceeded,
        EventKind::SessionEvicted,
        EventKind::LoginSucceeded,
        EventKind::UserImported,
    ];
    assert_eq!(*notes.0.lock().unwrap(), expected);
    drop(notes);
    // Nobody listens any more.
    add_user(&db.store, "eve").await;
}
