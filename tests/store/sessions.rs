//! Opening and ending sessions.

use std::time::Duration;

use portcullis::{
    account::UserId,
    audit::EventKind,
    session::{Device, SessionId},
};

use crate::{both, db::TestDb, fixture::*};

both! {
    a_session_comes_back_as_it_went_in,
    a_session_expires_to_the_millisecond,
    a_session_is_opened_only_for_a_user_as_they_were_checked,
    a_session_is_ended_once_and_only_by_its_user,
    ending_all_raises_the_generation_and_revokes_what_is_older,
    ending_all_of_nobody_does_nothing,
    long_expired_sessions_are_forgotten,
}

async fn a_session_comes_back_as_it_went_in(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    for address in ["192.0.2.1", "2001:db8::1"] {
        let mut new = new_session(ada);
        new.session.auth_time = NOW - Duration::from_millis(7);
        new.session.amr = vec!["pwd".to_owned(), "otp".to_owned(), "mfa".to_owned()];
        new.session.device =
            Device { address: Some(address.parse().unwrap()), user_agent: Some("Mozilla/5.0 ('quoted')".to_owned()) };
        assert!(db.store.open_session(&new, &event(EventKind::LoginSucceeded).user(ada)).await.unwrap());
        assert_eq!(db.store.session(new.session.id, NOW).await.unwrap(), Some(new.session));
    }
    let mut bare = new_session(ada);
    bare.session.amr = Vec::new();
    assert!(db.store.open_session(&bare, &event(EventKind::LoginSucceeded).user(ada)).await.unwrap());
    assert_eq!(db.store.session(bare.session.id, NOW).await.unwrap(), Some(bare.session));
}

async fn a_session_expires_to_the_millisecond(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let session = add_session(&db.store, ada).await;
    assert!(db.store.session(session, LATER - Duration::from_millis(1)).await.unwrap().is_some());
    assert_eq!(db.store.session(session, LATER).await.unwrap(), None);
    assert_eq!(db.store.session(SessionId::new(NOW), NOW).await.unwrap(), None);
}

async fn a_session_is_opened_only_for_a_user_as_they_were_checked(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let mut disabled = new_user("eve");
    disabled.user.disabled_at = Some(NOW);
    db.store.create_user(&disabled, &event(EventKind::UserRegistered)).await.unwrap();

    let mut of_older_generation = new_session(ada);
    of_older_generation.generation = 0;
    let mut of_older_password = new_session(ada);
    of_older_password.password_version = 0;
    let of_nobody = new_session(UserId::new(NOW));
    for new in [of_older_generation, of_older_password, of_nobody, new_session(disabled.user.id)] {
        let told = event(EventKind::LoginSucceeded).user(new.session.user);
        assert!(!db.store.open_session(&new, &told).await.unwrap());
        assert_eq!(db.store.session(new.session.id, NOW).await.unwrap(), None);
        assert!(!trail(&db.store, new.session.user).await.contains(&EventKind::LoginSucceeded));
    }
}

async fn a_session_is_ended_once_and_only_by_its_user(db: TestDb) {
    let (ada, eve) = (add_user(&db.store, "ada").await, add_user(&db.store, "eve").await);
    let session = add_session(&db.store, ada).await;
    let told = event(EventKind::LoggedOut).user(ada).session(session);

    assert!(!db.store.end_session(eve, session, &of_session(session), &told).await.unwrap());
    assert!(db.store.session(session, NOW).await.unwrap().is_some());
    assert_eq!(db.store.revocations(NOW).await.unwrap(), []);

    assert!(db.store.end_session(ada, session, &of_session(session), &told).await.unwrap());
    assert_eq!(db.store.session(session, NOW).await.unwrap(), None);
    assert_eq!(db.store.revocations(NOW).await.unwrap(), [of_session(session)]);

    let again = event(EventKind::LoggedOut).user(ada).session(session);
    assert!(!db.store.end_session(ada, session, &of_session(session), &again).await.unwrap());
    let expected = [EventKind::UserRegistered, EventKind::LoginSucceeded, EventKind::LoggedOut];
    assert_eq!(trail(&db.store, ada).await, expected);
}

async fn ending_all_raises_the_generation_and_revokes_what_is_older(db: TestDb) {
    let (ada, eve) = (add_user(&db.store, "ada").await, add_user(&db.store, "eve").await);
    let sessions = [add_session(&db.store, ada).await, add_session(&db.store, ada).await];
    let elses = add_session(&db.store, eve).await;
    let told = event(EventKind::LoggedOutEverywhere).user(ada);

    assert_eq!(db.store.end_all_sessions(ada, LATER, &told).await.unwrap(), Some(2));
    for session in sessions {
        assert_eq!(db.store.session(session, NOW).await.unwrap(), None);
    }
    assert!(db.store.session(elses, NOW).await.unwrap().is_some());
    assert_eq!(db.store.user(ada).await.unwrap().unwrap().user.generation, 2);
    assert_eq!(db.store.revocations(NOW).await.unwrap(), [of_user(ada, 2)]);

    let mut checked_before = new_session(ada);
    assert!(!db.store.open_session(&checked_before, &event(EventKind::LoginSucceeded)).await.unwrap());
    checked_before.generation = 2;
    assert!(db.store.open_session(&checked_before, &event(EventKind::LoginSucceeded)).await.unwrap());
}

async fn ending_all_of_nobody_does_nothing(db: TestDb) {
    let nobody = UserId::new(NOW);
    let told = event(EventKind::LoggedOutEverywhere).user(nobody);
    assert_eq!(db.store.end_all_sessions(nobody, LATER, &told).await.unwrap(), None);
    assert_eq!(db.store.revocations(NOW).await.unwrap(), []);
    assert_eq!(trail(&db.store, nobody).await, []);
}

async fn long_expired_sessions_are_forgotten(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let (gone, kept) = (add_session(&db.store, ada).await, add_session(&db.store, ada).await);
    let day = Duration::from_hours(24);
    let end = async |session| {
        let told = event(EventKind::LoggedOut).user(ada).session(session);
        db.store.end_session(ada, session, &of_session(session), &told).await.unwrap()
    };
    db.store.forget_expired(LATER + day - Duration::from_millis(1)).await.unwrap();
    assert!(end(kept).await, "expired, but not for a day");
    db.store.forget_expired(LATER + day).await.unwrap();
    assert!(!end(gone).await, "forgotten");
}
