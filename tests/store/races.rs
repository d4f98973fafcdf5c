//! What happens when 32 callers want the same thing at the same moment: one of them gets it.

use std::time::Duration;

use portcullis::{
    Scopes,
    access::{Role, RoleName},
    audit::EventKind,
    secret::PlainToken,
    store::{Conflict, NewRoles, Rotated, Rotation, StoreError},
    throttle::{Bucket, Limit},
};

use crate::{both, db::TestDb, fixture::*, keys::key};

both! {
    db_1_one_of_many_registrations_of_a_name_wins,
    db_1_one_of_many_registrations_of_an_address_wins,
    db_1_one_of_many_password_changes_wins,
    db_1_no_session_of_the_old_password_outlives_its_change,
    db_1_no_session_of_the_old_generation_outlives_ending_all,
    db_1_a_name_being_retired_is_not_given_away,
    db_1_a_session_ends_once,
    db_1_a_user_is_deleted_once,
    db_1_a_burst_of_attempts_gets_exactly_the_free_ones,
    db_1_buckets_in_any_order_never_deadlock,
    db_1_one_of_many_offered_keys_wins,
    jwt_14_one_of_many_keys_that_would_wait_does,
    jwt_14_keys_that_sign_at_once_come_one_after_the_other,
    jwt_14_of_two_keys_retired_at_once_one_is_left_to_sign,
    db_1_every_generation_is_answered_once,
    rf_2_of_many_exchanges_at_once_one_makes_the_next_token,
    of_many_logins_at_once_no_more_than_the_cap_stay,
    changes_of_roles_at_once_leave_no_token_with_older_scopes,
    db_1_forgetting_disturbs_nobody,
    a_caller_that_goes_away_leaves_nothing_half_done,
}

async fn db_1_one_of_many_registrations_of_a_name_wins(db: TestDb) {
    let answers = all_at_once(&db.store, |caller, store| async move {
        let mut new = new_user("ada");
        new.user.email = portcullis::account::Email::parse(&format!("ada{caller}@example.com")).unwrap();
        store.create_user(&new, &event(EventKind::UserRegistered).user(new.user.id)).await
    })
    .await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    let losers = answers.iter().filter(|answer| matches!(answer, Err(StoreError::Conflict(Conflict::Username))));
    assert_eq!(losers.count(), 31, "{answers:?}");
}

async fn db_1_one_of_many_registrations_of_an_address_wins(db: TestDb) {
    let answers = all_at_once(&db.store, |caller, store| async move {
        let mut new = new_user(&format!("ada{caller}"));
        new.user.email = portcullis::account::Email::parse("ada@example.com").unwrap();
        store.create_user(&new, &event(EventKind::UserRegistered).user(new.user.id)).await
    })
    .await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    let losers = answers.iter().filter(|answer| matches!(answer, Err(StoreError::Conflict(Conflict::Email))));
    assert_eq!(losers.count(), 31, "{answers:?}");
}

async fn db_1_one_of_many_password_changes_wins(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let answers = all_at_once(&db.store, |caller, store| async move {
        let told = event(EventKind::PasswordChanged).user(ada);
        let new = hash(&format!("hash-of-{caller}"));
        store.change_password(ada, 1, &new, None, LATER, &told).await.unwrap().map(|_| new)
    })
    .await;
    let winners: Vec<_> = answers.into_iter().flatten().collect();
    assert_eq!(winners.len(), 1);
    let record = db.store.user(ada).await.unwrap().unwrap();
    assert_eq!((record.password.as_ref(), record.password_version), (winners.first(), 2));
    assert_eq!(trail(&db.store, ada).await, [EventKind::UserRegistered, EventKind::PasswordChanged]);
}

async fn db_1_no_session_of_the_old_password_outlives_its_change(db: TestDb) {
    for round in 0..8 {
        let ada = add_user(&db.store, &format!("ada{round}")).await;
        let opened = all_at_once(&db.store, |caller, store| async move {
            if caller == 16 {
                let told = event(EventKind::PasswordChanged).user(ada);
                let ended = store.change_password(ada, 1, &hash("hash-2"), None, LATER, &told).await.unwrap();
                assert!(ended.is_some());
                return None;
            }
            let new = new_session(ada);
            let told = event(EventKind::LoginSucceeded).user(ada);
            store.open_session(&new, &told).await.unwrap().map(|_| new.session.id)
        })
        .await;
        for session in opened.into_iter().flatten() {
            assert_eq!(db.store.session(session, NOW).await.unwrap(), None);
            assert!(db.store.revocations(NOW).await.unwrap().contains(&of_session(session)));
        }
    }
}

async fn db_1_no_session_of_the_old_generation_outlives_ending_all(db: TestDb) {
    for round in 0..8 {
        let ada = add_user(&db.store, &format!("ada{round}")).await;
        let opened = all_at_once(&db.store, |caller, store| async move {
            if caller == 16 {
                let told = event(EventKind::LoggedOutEverywhere).user(ada);
                assert_eq!(store.end_all_sessions(ada, LATER, &told).await.unwrap(), Some(2));
                return None;
            }
            let new = new_session(ada);
            let told = event(EventKind::LoginSucceeded).user(ada);
            store.open_session(&new, &told).await.unwrap().map(|_| new.session.id)
        })
        .await;
        for session in opened.into_iter().flatten() {
            assert_eq!(db.store.session(session, NOW).await.unwrap(), None);
        }
    }
}

async fn db_1_a_name_being_retired_is_not_given_away(db: TestDb) {
    for round in 0..8 {
        let name = format!("ada{round}");
        let ada = add_user(&db.store, &name).await;
        let taken = all_at_once(&db.store, |caller, store| {
            let name = name.clone();
            async move {
                if caller == 16 {
                    let told = event(EventKind::UserDeleted).user(ada);
                    return store.delete_user(ada, &of_user(ada, 2), &told).await.unwrap();
                }
                let registered = store.create_user(&new_user(&name), &event(EventKind::UserRegistered)).await;
                matches!(registered, Err(StoreError::Conflict(Conflict::Username)))
            }
        })
        .await;
        assert!(taken.into_iter().all(|taken| taken));
    }
}

async fn db_1_a_session_ends_once(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let session = add_session(&db.store, ada).await;
    let answers = all_at_once(&db.store, |_, store| async move {
        let told = event(EventKind::LoggedOut).user(ada).session(session);
        store.end_session(ada, session, &of_session(session), &told).await.unwrap()
    })
    .await;
    assert_eq!(answers.into_iter().filter(|ended| *ended).count(), 1);
}

async fn db_1_a_user_is_deleted_once(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let answers = all_at_once(&db.store, |caller, store| async move {
        // Whoever comes between with a login finds a user or none, never half of one.
        if caller % 2 == 0 {
            store.open_session(&new_session(ada), &event(EventKind::LoginSucceeded).user(ada)).await.unwrap();
            return false;
        }
        let told = event(EventKind::UserDeleted).user(ada);
        store.delete_user(ada, &of_user(ada, 2), &told).await.unwrap()
    })
    .await;
    assert_eq!(answers.into_iter().filter(|deleted| *deleted).count(), 1);
}

async fn db_1_a_burst_of_attempts_gets_exactly_the_free_ones(db: TestDb) {
    let answers = all_at_once(&db.store, |caller, store| async move {
        let address = "192.0.2.1".parse().unwrap();
        let mut buckets = vec![Bucket::account("ada", address), Bucket::network(address)];
        if caller % 2 == 0 {
            buckets.reverse();
        }
        store.begin_attempt(&buckets, NOW).await.unwrap()
    })
    .await;
    let passed = answers.iter().filter(|wait| wait.is_none()).count();
    assert_eq!(passed, usize::try_from(Limit::ACCOUNT_FROM_NETWORK.free).unwrap());
    assert!(answers.into_iter().flatten().all(|wait| wait == Duration::from_secs(1)));
}

async fn db_1_buckets_in_any_order_never_deadlock(db: TestDb) {
    let limit = Limit { free: 1000, ..Limit::NETWORK };
    let answers = all_at_once(&db.store, |caller, store| async move {
        let mut buckets: Vec<_> = (0..8).map(|n| Bucket { key: format!("bucket-{n}"), limit }).collect();
        buckets.rotate_left(caller % 8);
        for _ in 0..4 {
            assert_eq!(store.begin_attempt(&buckets, NOW).await.unwrap(), None);
            match caller % 3 {
                0 => store.take_back_attempt(&buckets).await.unwrap(),
                1 => store.clear_attempts(&buckets).await.unwrap(),
                _ => store.forget_expired(NOW).await.unwrap(),
            }
        }
    })
    .await;
    assert_eq!(answers.len(), 32);
}

async fn db_1_one_of_many_offered_keys_wins(db: TestDb) {
    let answers = all_at_once(&db.store, |caller, store| async move {
        let offered = key(&format!("kid-{caller}"), 0, 0);
        let data_key = store.data_key(&offered.sealed, NOW).await.unwrap();
        store.first_signing_key(&offered).await.unwrap();
        (data_key, store.signing_keys().await.unwrap())
    })
    .await;
    let (data_key, signing_keys) = answers.first().unwrap();
    assert_eq!(signing_keys.len(), 1);
    assert!(answers.iter().all(|answer| answer.0 == *data_key && answer.1 == *signing_keys));
}

async fn jwt_14_one_of_many_keys_that_would_wait_does(db: TestDb) {
    db.store.first_signing_key(&key("first", 0, 0)).await.unwrap();
    let answers = all_at_once(&db.store, |caller, store| async move {
        let offered = key(&format!("kid-{caller}"), 1, 361);
        store.add_signing_key(&offered, NOW, &event(EventKind::SigningKeyRotated)).await.unwrap()
    })
    .await;
    assert_eq!(answers.into_iter().filter(|added| *added).count(), 1);
    assert_eq!(db.store.signing_keys().await.unwrap().len(), 2);
}

async fn jwt_14_keys_that_sign_at_once_come_one_after_the_other(db: TestDb) {
    db.store.first_signing_key(&key("first", 0, 0)).await.unwrap();
    let before = db.store.signing_keys_version().await.unwrap();
    let answers = all_at_once(&db.store, |caller, store| async move {
        let offered = key(&format!("kid-{caller}"), 1, 1);
        store.add_signing_key(&offered, NOW, &event(EventKind::SigningKeyRotated)).await.unwrap()
    })
    .await;
    assert!(answers.into_iter().all(|added| added));
    assert_eq!(db.store.signing_keys().await.unwrap().len(), 33);
    assert_eq!(db.store.signing_keys_version().await.unwrap(), before + 32);
}

async fn jwt_14_of_two_keys_retired_at_once_one_is_left_to_sign(db: TestDb) {
    db.store.first_signing_key(&key("first", 0, 0)).await.unwrap();
    assert!(db.store.add_signing_key(&key("second", 1, 361), NOW, &event(EventKind::SigningKeyRotated)).await.unwrap());
    // By half of the clocks the second key signs already.
    let answers = all_at_once(&db.store, |caller, store| async move {
        let (kid, now) = if caller % 2 == 0 { ("second", 360) } else { ("first", 361) };
        let told = event(EventKind::SigningKeyRetired);
        store.retire_signing_key(kid, NOW + Duration::from_secs(now), &told).await.unwrap()
    })
    .await;
    assert_eq!(answers.into_iter().filter(|retired| *retired).count(), 1);
}

async fn db_1_every_generation_is_answered_once(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let answers = all_at_once(&db.store, |_, store| async move {
        let told = event(EventKind::LoggedOutEverywhere).user(ada);
        store.end_all_sessions(ada, LATER, &told).await.unwrap().unwrap()
    })
    .await;
    let mut generations = answers;
    generations.sort_unstable();
    assert_eq!(generations, (2..=33).collect::<Vec<i64>>());
    assert_eq!(db.store.revocations(NOW).await.unwrap(), [of_user(ada, 33)]);
}

async fn db_1_forgetting_disturbs_nobody(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    for _ in 0..20 {
        add_session(&db.store, ada).await;
    }
    let long_after = LATER + Duration::from_hours(48);
    all_at_once(&db.store, |caller, store| async move {
        match caller {
            0 => {
                let told = event(EventKind::PasswordChanged).user(ada);
                store.change_password(ada, 1, &hash("hash-2"), None, LATER, &told).await.unwrap();
            }
            1..16 => store.forget_expired(long_after).await.unwrap(),
            _ => drop(store.revocations(long_after).await.unwrap()),
        }
    })
    .await;
}

async fn a_caller_that_goes_away_leaves_nothing_half_done(db: TestDb) {
    for step in 0..200 {
        let mut new = new_user(&format!("ada{step}"));
        new.user.roles = vec!["admin".to_owned()];
        let told = event(EventKind::UserRegistered).user(new.user.id);
        let registration = db.store.create_user(&new, &told);
        tokio::select! {
            biased;
            _ = registration => {}
            () = tokio::time::sleep(Duration::from_micros(step * 20)) => {}
        }
        // Either all of it is there or none; a commit that was under way may still arrive, so the rows are compared
        // as one reader sees them, once the store has taken another write.
        add_user(&db.store, &format!("eve{step}")).await;
        let found = db.store.user(new.user.id).await.unwrap();
        assert!(found.is_none_or(|found| found.user.roles == ["admin"]));
    }
    db.store.ping().await.unwrap();
}

async fn rf_2_of_many_exchanges_at_once_one_makes_the_next_token(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let new = new_session(ada);
    db.store.open_session(&new, &event(EventKind::LoginSucceeded)).await.unwrap().unwrap();
    let next = PlainToken::generate().unwrap().hash();
    let session = new.session.id;
    let answers = all_at_once(&db.store, |_, store| async move {
        let rotation = Rotation {
            user: ada,
            session,
            presented: new.refresh,
            next,
            now: NOW,
            spent_since: NOW,
            idle_until: LATER,
            scope: None,
            limit: None,
            revoke_until: LATER,
        };
        store.rotate_refresh_token(&rotation, &event(EventKind::RefreshReused)).await.unwrap()
    })
    .await;
    assert!(answers.iter().all(|answer| matches!(answer, Rotated::Next(_))), "{answers:?}");
    assert_eq!(db.store.session_of_refresh_token(&next).await.unwrap(), Some((ada, session)));
    assert_eq!(db.store.revocations(NOW).await.unwrap(), []);
}

async fn of_many_logins_at_once_no_more_than_the_cap_stay(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    all_at_once(&db.store, |_, store| async move {
        let mut new = new_session(ada);
        new.cap = 5;
        store.open_session(&new, &event(EventKind::LoginSucceeded)).await.unwrap().unwrap();
    })
    .await;
    assert_eq!(db.store.sessions_of(ada, NOW, None, 100).await.unwrap().len(), 5);
}

async fn changes_of_roles_at_once_leave_no_token_with_older_scopes(db: TestDb) {
    let reader = RoleName::parse("reader").unwrap();
    let role = |scope: &str| Role { name: RoleName::parse("reader").unwrap(), scopes: Scopes::parse(scope) };
    db.store.set_role(&role("of-0"), LATER, &event(EventKind::RoleChanged)).await.unwrap();
    let ada = add_user(&db.store, "ada").await;
    let answers = all_at_once(&db.store, |caller, store| {
        let (role, reader) = (role(&format!("of-{caller}")), reader.clone());
        async move {
            match caller % 4 {
                0 => drop(store.set_role(&role, LATER, &event(EventKind::RoleChanged)).await.unwrap()),
                1 => {
                    let roles = if caller % 8 == 1 { vec![reader] } else { Vec::new() };
                    let new = NewRoles { user: ada, roles, sessions_max: None };
                    store.set_user_roles(&new, LATER, &event(EventKind::UserRolesChanged)).await.unwrap().unwrap();
                }
                _ => {
                    let mut new = new_session(ada);
                    new.generation = store.user(ada).await.unwrap().unwrap().user.generation;
                    let opened = store.open_session(&new, &event(EventKind::LoginSucceeded)).await.unwrap();
                    return opened.map(|opened| (opened.user.generation, opened.scopes));
                }
            }
            None
        }
    })
    .await;
    let now = db.store.user(ada).await.unwrap().unwrap().user;
    let mut new = new_session(ada);
    new.generation = now.generation;
    let in_force = db.store.open_session(&new, &event(EventKind::LoginSucceeded)).await.unwrap().unwrap().scopes;
    for (generation, scopes) in answers.into_iter().flatten() {
        // Whoever has the generation of now has the scopes of now; all others are revoked by it.
        assert!(generation < now.generation || scopes == in_force, "{scopes} is not {in_force}");
    }
}
