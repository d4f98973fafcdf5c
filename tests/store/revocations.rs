//! What is in force, and until when.

use std::{sync::Arc, time::Duration};

use portcullis::{
    account::UserId,
    audit::EventKind,
    revocation::{Change, Cursor, Revocation, Target},
    store::Store,
};
use sqlx::{Connection, PgConnection};

use crate::{both, db::TestDb, fixture::*};

both! {
    a_revocation_is_in_force_until_its_moment_and_then_forgotten,
    a_revocation_is_only_ever_tightened,
    a_revocation_that_is_tightened_gets_a_new_number,
    forgetting_leaves_the_numbers_as_they_are,
    many_are_read_and_forgotten_piece_by_piece,
    race_se_4_whoever_reads_on_misses_no_revocation,
}

async fn a_revocation_is_in_force_until_its_moment_and_then_forgotten(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let session = add_session(&db.store, ada).await;
    let told = event(EventKind::LoggedOut).user(ada);
    assert!(db.store.end_session(ada, session, &of_session(session), &told).await.unwrap());

    let last = LATER - Duration::from_millis(1);
    assert_eq!(db.store.revocations(last).await.unwrap(), [of_session(session)]);
    assert_eq!(db.store.revocations(LATER).await.unwrap(), []);
    db.store.forget_expired(last).await.unwrap();
    assert_eq!(db.store.revocations(NOW).await.unwrap(), [of_session(session)]);
    db.store.forget_expired(LATER).await.unwrap();
    assert_eq!(db.store.revocations(NOW).await.unwrap(), [], "forgotten, not just hidden");
}

async fn a_revocation_is_only_ever_tightened(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let target = |minimum| Target::User { id: ada.to_string(), minimum };
    let end_all_until = async |until| {
        let told = event(EventKind::LoggedOutEverywhere).user(ada);
        db.store.end_all_sessions(ada, until, &told).await.unwrap()
    };
    let later = LATER + Duration::from_mins(1);
    end_all_until(later).await;
    end_all_until(LATER).await;
    assert_eq!(db.store.revocations(NOW).await.unwrap(), [Revocation { target: target(3), until: later }]);

    let lower = Revocation { target: target(1), until: LATER };
    let told = event(EventKind::UserDeleted).user(ada);
    assert!(db.store.delete_user(ada, &lower, &told).await.unwrap());
    assert_eq!(db.store.revocations(NOW).await.unwrap(), [Revocation { target: target(3), until: later }]);
    assert!(!db.store.delete_user(UserId::new(NOW), &lower, &told).await.unwrap());
}

async fn a_revocation_that_is_tightened_gets_a_new_number(db: TestDb) {
    let (ada, bob) = (add_user(&db.store, "ada").await, add_user(&db.store, "bob").await);
    end_all(&db, ada).await;
    end_all(&db, bob).await;
    let seen = db.store.last_revocation().await.unwrap();
    assert_eq!(seen.change, 2);
    assert_eq!(db.store.revocations_after(seen.change, 10).await.unwrap(), []);

    end_all(&db, ada).await;
    let again = Change { number: 3, revocation: of_user(ada, 3) };
    assert_eq!(db.store.revocations_after(seen.change, 10).await.unwrap(), std::slice::from_ref(&again));
    let bobs = Change { number: 2, revocation: of_user(bob, 2) };
    assert_eq!(db.store.revocations_after(0, 10).await.unwrap(), [bobs, again], "the old number is gone");
    let end = db.store.last_revocation().await.unwrap();
    assert_eq!(end, Cursor { change: 3, ..seen });
    assert_eq!(db.another().await.last_revocation().await.unwrap(), end);
}

async fn forgetting_leaves_the_numbers_as_they_are(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    end_all(&db, ada).await;
    db.store.forget_expired(LATER).await.unwrap();
    let end = db.store.last_revocation().await.unwrap();
    assert_eq!((end.change, db.store.revocations_after(0, 10).await.unwrap()), (1, vec![]));
    end_all(&db, ada).await;
    assert_eq!(db.store.revocations_after(end.change, 10).await.unwrap()[0].number, 2);
}

async fn many_are_read_and_forgotten_piece_by_piece(db: TestDb) {
    const MANY: i64 = 3_210;
    let ada = add_user(&db.store, "ada").await;
    db.expired_revocations(MANY).await;
    end_all(&db, ada).await;
    let (mut number, mut read) = (0, 0);
    loop {
        let page = db.store.revocations_after(number, 500).await.unwrap();
        let Some(last) = page.last() else { break };
        assert!(page.len() <= 500 && page.is_sorted_by_key(|change| change.number));
        (number, read) = (last.number, read + page.len());
    }
    assert_eq!((number, i64::try_from(read).unwrap()), (MANY + 1, MANY + 1));
    db.store.forget_expired(NOW).await.unwrap();
    assert_eq!(db.store.revocations_after(0, 10).await.unwrap().len(), 1);
}

/// Readers follow writers of whom each ends a session of their own; every reader meets every session.
async fn race_se_4_whoever_reads_on_misses_no_revocation(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let mut sessions = Vec::new();
    for _ in 0..64 {
        sessions.push(add_session(&db.store, ada).await);
    }
    let readers: Vec<_> = (0..4).map(|_| tokio::spawn(read_along(Arc::clone(&db.store), 64))).collect();
    let (store, to_end) = (Arc::clone(&db.store), Arc::new(sessions.clone()));
    let ended = all_at_once(&store, |caller, store| {
        let to_end = Arc::clone(&to_end);
        async move {
            let mut all = true;
            for session in to_end[caller * 2..].iter().take(2) {
                let told = event(EventKind::LoggedOut).user(ada);
                all &= store.end_session(ada, *session, &of_session(*session), &told).await.unwrap();
            }
            all
        }
    });
    assert!(ended.await.into_iter().all(|all| all));
    let mut expected: Vec<_> = sessions.iter().map(ToString::to_string).collect();
    expected.sort();
    for reader in readers {
        let mut read = reader.await.unwrap();
        read.sort();
        assert_eq!(read, expected);
    }
}

/// The sessions that somebody meets who asks again and again for what is new, up to the last number there will be.
async fn read_along(store: Arc<dyn Store>, last: i64) -> Vec<String> {
    let (mut number, mut read) = (0, Vec::new());
    while number < last {
        for change in store.revocations_after(number, 10).await.unwrap() {
            number = change.number;
            let Target::Session(sid) = change.revocation.target else { panic!("{change:?}") };
            read.push(sid);
        }
    }
    read
}

async fn end_all(db: &TestDb, user: UserId) {
    let told = event(EventKind::LoggedOutEverywhere).user(user);
    db.store.end_all_sessions(user, LATER, &told).await.unwrap().unwrap();
}

/// A transaction takes its number first and is visible last; another one comes after it and is quicker.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn se_4_a_revocation_that_is_committed_late_is_not_missed() {
    let db = TestDb::postgres().await;
    let ada = add_user(&db.store, "ada").await;
    let session = add_session(&db.store, ada).await;
    let mut rival = PgConnection::connect(db.url()).await.unwrap();
    let mut slow = rival.begin().await.unwrap();
    let number: i64 =
        sqlx::query_scalar("UPDATE revocation_journal SET last_change = last_change + 1 RETURNING last_change")
            .fetch_one(&mut *slow)
            .await
            .unwrap();
    sqlx::query("INSERT INTO revocations (kind, subject, until, change) VALUES ('session', 'slow', $1, $2)")
        .bind(LATER.as_millis())
        .bind(number)
        .execute(&mut *slow)
        .await
        .unwrap();

    let store = Arc::clone(&db.store);
    let quick = tokio::spawn(async move {
        let told = event(EventKind::LoggedOut).user(ada);
        store.end_session(ada, session, &of_session(session), &told).await
    });
    let mut observer = PgConnection::connect(db.url()).await.unwrap();
    let someone_waits = "SELECT EXISTS (SELECT 1 FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock')";
    while !quick.is_finished() && !sqlx::query_scalar::<_, bool>(someone_waits).fetch_one(&mut observer).await.unwrap()
    {
    }
    let seen = db.store.last_revocation().await.unwrap();
    assert_eq!((seen.change, db.store.revocations_after(0, 10).await.unwrap()), (0, vec![]));
    slow.commit().await.unwrap();
    assert!(quick.await.unwrap().unwrap());

    let missed = db.store.revocations_after(seen.change, 10).await.unwrap();
    let found: Vec<_> = missed.into_iter().map(|change| (change.number, change.revocation.target)).collect();
    let (slow, quick) = (Target::Session("slow".into()), Target::Session(session.to_string()));
    assert_eq!(found, [(1, slow), (2, quick)]);
}
