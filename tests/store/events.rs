//! The trail.

use std::time::Duration;

use portcullis::{
    account::UserId,
    audit::{Event, EventKind},
    session::{Device, SessionId},
};

use crate::{both, db::TestDb, fixture::*};

both! { an_event_comes_back_as_it_went_in, the_newest_come_first_and_no_more_than_asked_for }

async fn an_event_comes_back_as_it_went_in(db: TestDb) {
    let user = UserId::new(NOW);
    let device = Device { address: Some("2001:db8::1".parse().unwrap()), user_agent: Some("curl/8".to_owned()) };
    let full = Event::new(EventKind::LoginFailed, NOW, &device).user(user).session(SessionId::new(NOW));
    let of_nobody = event(EventKind::LoginFailed);
    db.store.record(&full).await.unwrap();
    db.store.record(&of_nobody).await.unwrap();
    assert_eq!(db.store.events_of(user, 10).await.unwrap(), [full]);
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
