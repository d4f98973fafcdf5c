//! Exchanging refresh tokens.

use std::{sync::Arc, time::Duration};

use portcullis::{
    Scopes,
    account::UserId,
    audit::EventKind,
    clock::Timestamp,
    secret::{PlainToken, TokenHash},
    session::SessionId,
    store::{Renewed, Rotated, Rotation, Store},
    throttle::{Bucket, Limit},
};

use crate::{both, db::TestDb, fixture::*};

both! {
    a_token_leads_to_its_session_and_an_unknown_one_to_none,
    rf_1_each_exchange_leaves_one_token_more_and_the_session_in_use,
    rf_3_a_token_comes_back_in_its_grace_while_the_next_one_is_unused,
    rf_1_a_token_that_comes_back_late_ends_the_session,
    rf_1_an_older_token_ends_the_session_within_the_grace_too,
    rf_4_more_scope_than_the_user_has_changes_nothing,
    exchanges_without_end_have_to_wait_and_lose_nothing,
    rf_5_nothing_is_exchanged_for_a_session_that_is_over_or_a_user_who_may_not,
    se_3_use_keeps_a_session_alive_but_not_beyond_its_end,
}

const GRACE: Duration = Duration::from_secs(30);

fn token() -> TokenHash {
    PlainToken::generate().unwrap().hash()
}

async fn add(store: &Arc<dyn Store>, user: UserId) -> (SessionId, TokenHash) {
    let new = new_session(user);
    store.open_session(&new, &event(EventKind::LoginSucceeded).user(user)).await.unwrap().unwrap();
    (new.session.id, new.refresh)
}

/// An exchange at `now`, on an idle limit of a minute.
fn exchange(user: UserId, session: SessionId, presented: TokenHash, next: TokenHash, now: Timestamp) -> Rotation {
    Rotation {
        user,
        session,
        presented,
        next,
        now,
        spent_since: now - GRACE,
        idle_until: now + Duration::from_mins(1),
        scope: None,
        limit: None,
        revoke_until: LATER,
    }
}

async fn rotate(store: &Arc<dyn Store>, rotation: &Rotation) -> Rotated {
    let told = event(EventKind::RefreshReused).user(rotation.user).session(rotation.session);
    store.rotate_refresh_token(rotation, &told).await.unwrap()
}

#[track_caller]
fn next(rotated: Rotated) -> Renewed {
    match rotated {
        Rotated::Next(renewed) => *renewed,
        other => panic!("{other:?}"),
    }
}

async fn a_token_leads_to_its_session_and_an_unknown_one_to_none(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let (session, first) = add(&db.store, ada).await;
    assert_eq!(db.store.session_of_refresh_token(&first).await.unwrap(), Some((ada, session)));
    assert_eq!(db.store.session_of_refresh_token(&token()).await.unwrap(), None);
}

async fn rf_1_each_exchange_leaves_one_token_more_and_the_session_in_use(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let (session, mut last) = add(&db.store, ada).await;
    for step in 1..=3 {
        let (now, following) = (NOW + Duration::from_secs(step), token());
        let renewed = next(rotate(&db.store, &exchange(ada, session, last, following, now)).await);
        assert_eq!((renewed.user.id, renewed.session.id, renewed.session.last_seen_at), (ada, session, now));
        assert_eq!(db.store.session_of_refresh_token(&following).await.unwrap(), Some((ada, session)));
        last = following;
    }
    assert_eq!(trail(&db.store, ada).await, [EventKind::UserRegistered, EventKind::LoginSucceeded]);
}

async fn rf_3_a_token_comes_back_in_its_grace_while_the_next_one_is_unused(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let (session, first) = add(&db.store, ada).await;
    let (second, third) = (token(), token());
    for wait in [Duration::ZERO, Duration::from_secs(1), GRACE] {
        next(rotate(&db.store, &exchange(ada, session, first, second, NOW + wait)).await);
    }
    next(rotate(&db.store, &exchange(ada, session, second, third, NOW + GRACE)).await);
    let again = rotate(&db.store, &exchange(ada, session, first, second, NOW + GRACE)).await;
    assert!(matches!(again, Rotated::Reused), "{again:?}");
}

async fn rf_1_a_token_that_comes_back_late_ends_the_session(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let (session, first) = add(&db.store, ada).await;
    let second = token();
    next(rotate(&db.store, &exchange(ada, session, first, second, NOW)).await);
    let late = NOW + GRACE + Duration::from_millis(1);
    assert!(matches!(rotate(&db.store, &exchange(ada, session, first, second, late)).await, Rotated::Reused));
    assert_eq!(db.store.session(session, late).await.unwrap(), None);
    assert_eq!(db.store.revocations(NOW).await.unwrap(), [of_session(session)]);
    for dead in [first, second] {
        let answer = rotate(&db.store, &exchange(ada, session, dead, token(), late)).await;
        assert!(matches!(answer, Rotated::Refused), "{answer:?}");
    }
    let expected = [EventKind::UserRegistered, EventKind::LoginSucceeded, EventKind::RefreshReused];
    assert_eq!(trail(&db.store, ada).await, expected, "once");
}

async fn rf_1_an_older_token_ends_the_session_within_the_grace_too(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let (session, first) = add(&db.store, ada).await;
    let (second, third) = (token(), token());
    next(rotate(&db.store, &exchange(ada, session, first, second, NOW)).await);
    next(rotate(&db.store, &exchange(ada, session, second, third, NOW)).await);
    assert!(matches!(rotate(&db.store, &exchange(ada, session, first, second, NOW)).await, Rotated::Reused));
}

async fn rf_4_more_scope_than_the_user_has_changes_nothing(db: TestDb) {
    let mut new = new_user("ada");
    new.user.roles = vec!["admin".to_owned()];
    db.store.create_user(&new, &event(EventKind::UserRegistered)).await.unwrap();
    let ada = new.user.id;
    let (session, first) = add(&db.store, ada).await;
    let asking = |scope: &str| {
        let scope = Some(Scopes::parse(scope));
        Rotation { scope, ..exchange(ada, session, first, token(), NOW + Duration::from_secs(1)) }
    };
    assert!(matches!(rotate(&db.store, &asking("users:read notes:read")).await, Rotated::ScopeExceeded));
    let untouched = db.store.session(session, NOW).await.unwrap().unwrap();
    assert_eq!(untouched.last_seen_at, NOW);
    let renewed = next(rotate(&db.store, &asking("users:read")).await);
    assert_eq!(renewed.scopes.to_string(), "users:read");
}

async fn exchanges_without_end_have_to_wait_and_lose_nothing(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let (session, first) = add(&db.store, ada).await;
    let limit = Some(Bucket { limit: Limit { free: 1, ..Limit::REFRESH }, ..Bucket::refresh(session) });
    let limited =
        |presented, next, now| Rotation { limit: limit.clone(), ..exchange(ada, session, presented, next, now) };
    let (second, third) = (token(), token());
    for _ in 0..3 {
        next(rotate(&db.store, &limited(first, second, NOW)).await);
    }
    let wait = rotate(&db.store, &limited(second, third, NOW)).await;
    assert!(matches!(wait, Rotated::TooOften(wait) if wait == Duration::from_secs(1)), "{wait:?}");
    next(rotate(&db.store, &limited(second, third, NOW + Duration::from_secs(1))).await);
}

async fn rf_5_nothing_is_exchanged_for_a_session_that_is_over_or_a_user_who_may_not(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let refused = async |session, first, now| {
        let answer = rotate(&db.store, &exchange(ada, session, first, token(), now)).await;
        assert!(matches!(answer, Rotated::Refused), "{answer:?}");
    };
    let (expired, of_expired) = add(&db.store, ada).await;
    refused(expired, of_expired, LATER).await;

    let (ended, of_ended) = add(&db.store, ada).await;
    let told = event(EventKind::LoggedOut).user(ada).session(ended);
    assert!(db.store.end_session(ada, ended, &of_session(ended), &told).await.unwrap());
    refused(ended, of_ended, NOW).await;

    let (of_old_password, of_that) = add(&db.store, ada).await;
    let told = event(EventKind::PasswordChanged).user(ada);
    db.store.change_password(ada, 1, &hash("hash-2"), None, LATER, &told).await.unwrap().unwrap();
    refused(of_old_password, of_that, NOW).await;

    let mut new = new_session(ada);
    new.password_version = 2;
    db.store.open_session(&new, &event(EventKind::LoginSucceeded)).await.unwrap().unwrap();
    db.store.disable_user(ada, LATER, &event(EventKind::UserDisabled).user(ada)).await.unwrap().unwrap();
    refused(new.session.id, new.refresh, NOW).await;
    assert!(db.store.enable_user(ada, &event(EventKind::UserEnabled).user(ada)).await.unwrap());
    refused(new.session.id, new.refresh, NOW).await;

    let told = event(EventKind::UserDeleted).user(ada);
    assert!(db.store.delete_user(ada, &of_user(ada, i64::MAX), &told).await.unwrap());
    assert_eq!(db.store.session_of_refresh_token(&new.refresh).await.unwrap(), None);
    refused(new.session.id, new.refresh, NOW).await;
}

async fn se_3_use_keeps_a_session_alive_but_not_beyond_its_end(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let mut new = new_session(ada);
    new.session.idle_until = NOW + Duration::from_mins(1);
    db.store.open_session(&new, &event(EventKind::LoginSucceeded)).await.unwrap().unwrap();
    let (session, idle) = (new.session.id, Duration::from_mins(1));
    let saw = async |now: Timestamp| {
        db.store.saw_session(session, now, now + idle).await.unwrap();
        db.store.session(session, now).await.unwrap().map(|session| (session.last_seen_at, session.idle_until))
    };
    let soon = NOW + Duration::from_secs(59);
    assert_eq!(saw(soon).await, Some((soon, soon + idle)));
    assert_eq!(saw(NOW).await, Some((NOW, soon + idle)), "a clock that is behind shortens nothing");
    assert_eq!(saw(soon + idle).await, None, "too late");

    let (resting, _) = add(&db.store, ada).await;
    db.store.saw_session(resting, NOW, NOW + idle).await.unwrap();
    assert_eq!(db.store.session(resting, NOW).await.unwrap().unwrap().idle_until, LATER, "it may rest to its end");
    let last = LATER - Duration::from_millis(1);
    db.store.saw_session(resting, last, last + idle).await.unwrap();
    assert_eq!(db.store.session(resting, last).await.unwrap().unwrap().idle_until, LATER);
}
