//! What is particular to a server.

use std::sync::Arc;

use portcullis::{
    audit::{Event, EventKind},
    store::{Conflict, StoreError},
};
use sqlx::{Connection, PgConnection};

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
    let mut observer = PgConnection::connect(db.url()).await.unwrap();
    let someone_waits = "SELECT EXISTS (SELECT 1 FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock')";
    while !waiting.is_finished()
        && !sqlx::query_scalar::<_, bool>(someone_waits).fetch_one(&mut observer).await.unwrap()
    {}
    deletion.commit().await.unwrap();
    assert!(matches!(waiting.await.unwrap(), Err(StoreError::Conflict(Conflict::Username))));
}
