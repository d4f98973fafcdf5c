//! Opening and ending sessions.

use std::time::Duration;

use portcullis::{
    account::UserId,
    audit::EventKind,
    session::{Device, SessionId},
    store::Forgiven,
    throttle::Bucket,
};

use crate::{both, db::TestDb, fixture::*};

both! {
    a_session_comes_back_as_it_went_in,
    a_session_expires_to_the_millisecond,
    a_session_is_opened_only_for_a_user_as_they_were_checked,
    a_session_is_ended_once_and_only_by_its_user,
    ending_all_raises_the_generation_and_revokes_what_is_older,
    ending_the_others_keeps_one_and_tells_of_each,
    ending_all_of_nobody_does_nothing,
    long_expired_sessions_are_forgotten,
    however_many_have_expired_all_are_forgotten,
    one_session_too_many_ends_the_one_unused_for_longest,
    a_session_takes_the_place_of_one_that_is_alive,
    opening_a_session_forgives_the_attempts_that_led_to_it,
    a_list_of_sessions_comes_in_pieces_newest_first,
}

async fn a_session_comes_back_as_it_went_in(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    for address in ["192.0.2.1", "2001:db8::1"] {
        let mut new = new_session(ada);
        new.session.auth_time = NOW - Duration::from_millis(7);
        new.session.amr = vec!["pwd".to_owned(), "otp".to_owned(), "mfa".to_owned()];
        new.session.device =
            Device { address: Some(address.parse().unwrap()), user_agent: Some("Mozilla/5.0 ('quoted')".to_owned()) };
        assert!(db.store.open_session(&new, &event(EventKind::LoginSucceeded).user(ada)).await.unwrap().is_some());
        assert_eq!(db.store.session(new.session.id, NOW).await.unwrap(), Some(new.session));
    }
    let mut bare = new_session(ada);
    bare.session.amr = Vec::new();
    assert!(db.store.open_session(&bare, &event(EventKind::LoginSucceeded).user(ada)).await.unwrap().is_some());
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
        assert!(db.store.open_session(&new, &told).await.unwrap().is_none());
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
    assert!(db.store.open_session(&checked_before, &event(EventKind::LoginSucceeded)).await.unwrap().is_none());
    checked_before.generation = 2;
    assert!(db.store.open_session(&checked_before, &event(EventKind::LoginSucceeded)).await.unwrap().is_some());
}

async fn ending_the_others_keeps_one_and_tells_of_each(db: TestDb) {
    let (ada, eve) = (add_user(&db.store, "ada").await, add_user(&db.store, "eve").await);
    let kept = add_session(&db.store, ada).await;
    let mut others = vec![add_session(&db.store, ada).await, add_session(&db.store, ada).await];
    let elses = add_session(&db.store, eve).await;
    let told = event(EventKind::SessionEnded).user(ada).session(kept);

    let mut ended = db.store.end_other_sessions(ada, kept, LATER, &told).await.unwrap();
    ended.sort_by_key(|session| session.0);
    others.sort_by_key(|session| session.0);
    assert_eq!(ended, others);
    for alive in [kept, elses] {
        assert!(db.store.session(alive, NOW).await.unwrap().is_some());
    }
    assert_eq!(db.store.user(ada).await.unwrap().unwrap().user.generation, 1);
    assert_eq!(db.store.revocations(NOW).await.unwrap().len(), 2);
    let told_of = db.store.events_of(ada, 10).await.unwrap();
    let told_of = told_of.into_iter().filter(|event| event.kind == EventKind::SessionEnded);
    let mut told_of: Vec<_> = told_of.filter_map(|event| event.about).collect();
    told_of.sort();
    assert_eq!(told_of, others.iter().map(ToString::to_string).collect::<Vec<_>>());

    let again = event(EventKind::SessionEnded).user(ada).session(kept);
    assert_eq!(db.store.end_other_sessions(ada, kept, LATER, &again).await.unwrap(), []);
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

async fn however_many_have_expired_all_are_forgotten(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    // More than one statement removes, and one that must stay.
    for _ in 0..1100 {
        let mut new = new_session(ada);
        new.cap = 10_000;
        db.store.open_session(&new, &event(EventKind::LoginSucceeded)).await.unwrap().unwrap();
    }
    let mut kept = new_session(ada);
    (kept.cap, kept.session.idle_until) = (10_000, LATER + Duration::from_millis(1));
    db.store.open_session(&kept, &event(EventKind::LoginSucceeded)).await.unwrap().unwrap();
    db.store.forget_expired(LATER + Duration::from_hours(24)).await.unwrap();
    let left = db.store.sessions_of(ada, NOW, None, 10_000).await.unwrap();
    assert_eq!(left, [kept.session]);
    assert!(db.store.session_of_refresh_token(&kept.refresh).await.unwrap().is_some());
}

async fn one_session_too_many_ends_the_one_unused_for_longest(db: TestDb) {
    let (ada, eve) = (add_user(&db.store, "ada").await, add_user(&db.store, "eve").await);
    let elses = add_session(&db.store, eve).await;
    let mut opened = Vec::new();
    for seconds in [30, 10, 20] {
        let mut new = new_session(ada);
        new.session.last_seen_at = NOW + Duration::from_secs(seconds);
        db.store.open_session(&new, &event(EventKind::LoginSucceeded)).await.unwrap().unwrap();
        opened.push(new.session.id);
    }
    let mut new = new_session(ada);
    (new.cap, new.session.last_seen_at) = (2, NOW + Duration::from_secs(40));
    let told = event(EventKind::LoginSucceeded).user(ada);
    let mut ended = db.store.open_session(&new, &told).await.unwrap().unwrap().ended;
    ended.sort_by_key(|session| session.0);
    assert_eq!(ended, opened[1..]);
    let left: Vec<_> = db.store.sessions_of(ada, NOW, None, 9).await.unwrap().iter().map(|left| left.id).collect();
    assert_eq!(left, [new.session.id, opened[0]]);
    let revoked = db.store.revocations(NOW).await.unwrap();
    assert!(revoked.len() == 2 && ended.iter().all(|session| revoked.contains(&of_session(*session))));
    let told = db.store.events_of(ada, 10).await.unwrap();
    let evicted: Vec<_> = told.iter().filter(|event| event.kind == EventKind::SessionEvicted).collect();
    assert!(evicted.len() == 2 && evicted.iter().all(|event| event.session == told[0].session));
    let abouts: Vec<_> = evicted.iter().filter_map(|event| SessionId::parse(event.about.as_deref()?)).collect();
    assert!(abouts.iter().all(|session| ended.contains(session)), "{abouts:?}");
    assert!(db.store.session(elses, NOW).await.unwrap().is_some());
}

async fn a_session_takes_the_place_of_one_that_is_alive(db: TestDb) {
    let (ada, eve) = (add_user(&db.store, "ada").await, add_user(&db.store, "eve").await);
    let (old, elses) = (add_session(&db.store, ada).await, add_session(&db.store, eve).await);
    let replace = async |old| {
        let mut new = new_session(ada);
        new.replaces = Some(old);
        let opened = db.store.open_session(&new, &event(EventKind::Reauthenticated).user(ada)).await.unwrap();
        (new.session.id, opened.map(|opened| opened.ended))
    };
    let (new, ended) = replace(old).await;
    assert_eq!(ended, Some(vec![old]));
    assert_eq!(db.store.session(old, NOW).await.unwrap(), None);
    assert_eq!(db.store.revocations(NOW).await.unwrap(), [of_session(old)]);
    for gone in [old, elses, SessionId::new(NOW)] {
        let (refused, ended) = replace(gone).await;
        assert_eq!((db.store.session(refused, NOW).await.unwrap(), ended), (None, None));
    }
    assert!(db.store.session(new, NOW).await.unwrap().is_some());
    assert!(db.store.session(elses, NOW).await.unwrap().is_some());
}

async fn opening_a_session_forgives_the_attempts_that_led_to_it(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let address = "192.0.2.1".parse().unwrap();
    let (account, network) = (Bucket::account("ada", address), Bucket::network(address));
    let both = [account.clone(), network.clone()];
    for _ in 0..5 {
        assert_eq!(db.store.begin_attempt(&both, NOW).await.unwrap(), None);
    }
    assert!(db.store.begin_attempt(&both, NOW).await.unwrap().is_some());
    let mut new = new_session(ada);
    new.forgiven = Forgiven { cleared: vec![account.clone()], taken_back: vec![network.clone()] };
    new.generation = 9;
    assert!(db.store.open_session(&new, &event(EventKind::LoginSucceeded)).await.unwrap().is_none());
    assert!(db.store.begin_attempt(&both, NOW).await.unwrap().is_some(), "it was not opened");
    new.generation = 1;
    assert!(db.store.open_session(&new, &event(EventKind::LoginSucceeded)).await.unwrap().is_some());
    for _ in 0..5 {
        assert_eq!(db.store.begin_attempt(std::slice::from_ref(&account), NOW).await.unwrap(), None);
    }
    for _ in 4..network.limit.free {
        assert_eq!(db.store.begin_attempt(std::slice::from_ref(&network), NOW).await.unwrap(), None);
    }
    assert!(db.store.begin_attempt(std::slice::from_ref(&network), NOW).await.unwrap().is_some());
}

async fn a_list_of_sessions_comes_in_pieces_newest_first(db: TestDb) {
    let (ada, eve) = (add_user(&db.store, "ada").await, add_user(&db.store, "eve").await);
    add_session(&db.store, eve).await;
    let mut opened = Vec::new();
    for _ in 0..5 {
        opened.push(add_session(&db.store, ada).await);
    }
    let told = event(EventKind::LoggedOut).user(ada);
    assert!(db.store.end_session(ada, opened.remove(2), &of_session(opened[0]), &told).await.unwrap());
    opened.reverse();
    let piece = async |after, limit| -> Vec<SessionId> {
        let sessions = db.store.sessions_of(ada, NOW, after, limit).await.unwrap();
        sessions.iter().map(|session| session.id).collect()
    };
    assert_eq!(piece(None, 10).await, opened);
    assert_eq!(piece(None, 3).await, opened[..3]);
    assert_eq!(piece(Some(opened[2]), 3).await, opened[3..]);
    assert_eq!(piece(Some(opened[3]), 3).await, []);
    assert_eq!(db.store.sessions_of(ada, LATER, None, 10).await.unwrap(), [], "expired");
}
