//! What is particular to a server.

use std::sync::Arc;

use portcullis::{
    audit::{Event, EventKind},
    passkey::{Ceremony, Challenge},
    secret::PlainToken,
    store::{Conflict, StoreError},
};
use sqlx::{Connection, PgConnection};
use tokio::task::JoinHandle;

use crate::{db::TestDb, fixture::*};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn lost_connections_fail_as_unavailable_and_are_replaced() {
    let db = TestDb::postgres().await;
    // Fills the pool, so that every connection of it is one that will be lost.
    all_at_once(&db.store, |caller, store| async move { add_user(&store, &format!("ada-{caller}")).await }).await;
    let mut administrator = PgConnection::connect(db.url()).await.unwrap();
    sqlx::query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    .execute(&mut administrator)
    .await
    .unwrap();

    let mut failures = 0;
    while let Err(error) = db.store.create_user(&new_user("eve"), &registration()).await {
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
        failures += 1;
        assert!(failures <= 16, "no connection is tried twice");
    }
    add_user(&db.store, "mallory").await;
}

fn registration() -> Event {
    event(EventKind::UserRegistered)
}

#[tokio::test]
async fn the_server_ends_what_takes_too_long() {
    let db = TestDb::postgres().await;
    let mut rival = PgConnection::connect(db.url()).await.unwrap();
    let ada = add_user(&db.store, "ada").await;
    let mut tx = rival.begin().await.unwrap();
    sqlx::query("SELECT id FROM users FOR UPDATE").execute(&mut *tx).await.unwrap();
    let told = event(EventKind::ProfileChanged).user(ada);
    let renamed = db.store.rename_user(ada, "Countess", &told).await;
    assert!(matches!(renamed, Err(StoreError::Unavailable(_))), "{renamed:?}");
    tx.rollback().await.unwrap();
    assert!(db.store.rename_user(ada, "Countess", &told).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn db_1_a_name_is_not_given_away_by_who_waited_for_its_retirement() {
    let db = TestDb::postgres().await;
    add_user(&db.store, "ada").await;
    let mut rival = PgConnection::connect(db.url()).await.unwrap();
    let mut deletion = rival.begin().await.unwrap();
    for statement in ["DELETE FROM users", "INSERT INTO retired_usernames VALUES ('ada', 0)"] {
        sqlx::query(statement).execute(&mut *deletion).await.unwrap();
    }
    let store = Arc::clone(&db.store);
    let waiting = tokio::spawn(async move { store.create_user(&new_user("ada"), &registration()).await });
    until_it_waits(&db, &waiting).await;
    deletion.commit().await.unwrap();
    assert!(matches!(waiting.await.unwrap(), Err(StoreError::Conflict(Conflict::Username))));
}

/// Waits until this task, or anyone else, waits for a lock in this database, or the task is done.
async fn until_it_waits<T>(db: &TestDb, task: &JoinHandle<T>) {
    let mut observer = PgConnection::connect(db.url()).await.unwrap();
    let someone_waits = "SELECT EXISTS (SELECT 1 FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock')";
    while !task.is_finished() && !sqlx::query_scalar::<_, bool>(someone_waits).fetch_one(&mut observer).await.unwrap() {
    }
}

/// Races in a database whose own default is this level. A statement that waited for another's change would fail at a
/// higher level than READ COMMITTED.
async fn is_raced_at_read_committed(level: &str) {
    let mut db = TestDb::postgres().await;
    let name = db.url().split('?').next().unwrap().rsplit('/').next().unwrap().to_owned();
    db.execute(format!("ALTER DATABASE {name} SET default_transaction_isolation = '{level}'")).await;
    db = db.reopened().await;
    let ada = add_user(&db.store, "ada").await;
    let flow = PlainToken::generate().unwrap().hash();
    let state = "state".into();
    let challenge = Challenge { ceremony: Ceremony::Login, user: None, session: None, state, expires_at: LATER };

    // A single statement, behind a change of the same row.
    db.store.put_challenge(&flow, &challenge, None).await.unwrap();
    let mut rival = PgConnection::connect(db.url()).await.unwrap();
    let mut change = rival.begin().await.unwrap();
    sqlx::query("UPDATE passkey_challenges SET state = 'changed'").execute(&mut *change).await.unwrap();
    let store = Arc::clone(&db.store);
    let waiting = tokio::spawn(async move { store.take_challenge(&flow, NOW).await });
    until_it_waits(&db, &waiting).await;
    change.commit().await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap().unwrap().state, "changed");

    // Many at once, and transactions of several.
    for _ in 0..10 {
        db.store.put_challenge(&flow, &challenge, None).await.unwrap();
        let taken =
            all_at_once(&db.store, |_, store| async move { store.take_challenge(&flow, NOW).await.unwrap().is_some() });
        assert_eq!(taken.await.into_iter().filter(|taken| *taken).count(), 1);
        all_at_once(&db.store, |_, store| async move {
            let told = event(EventKind::LoggedOut).user(ada);
            store.end_all_sessions(ada, LATER, &told).await.unwrap()
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn db_1_a_race_is_one_at_read_committed_where_the_default_is_repeatable_read() {
    is_raced_at_read_committed("repeatable read").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn db_1_a_race_is_one_at_read_committed_where_the_default_is_serializable() {
    is_raced_at_read_committed("serializable").await;
}
