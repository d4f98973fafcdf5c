//! What is particular to a file.

use std::{fs, sync::Arc};

use portcullis::{
    account::Username,
    audit::EventKind,
    store::{SqliteStore, Store, StoreError},
};

use crate::{db::TestDb, fixture::*};

#[cfg(unix)]
#[tokio::test]
async fn the_file_and_what_lies_beside_it_belong_to_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(folder.path().join("portcullis.db")).await.unwrap());
    add_user(&store, "ada").await;
    let files: Vec<_> = fs::read_dir(folder.path()).unwrap().map(Result::unwrap).collect();
    assert!(files.len() >= 2, "the file and its log");
    for file in files {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
    }
}

#[tokio::test]
async fn what_was_stored_is_there_when_the_file_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("portcullis.db");
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&path).await.unwrap());
    let ada = add_user(&store, "ada").await;
    drop(store);
    let store = SqliteStore::open(&path).await.unwrap();
    assert_eq!(store.user_by_username(&Username::parse("ada").unwrap()).await.unwrap().unwrap().user.id, ada);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_may_race_to_open_the_same_fresh_file() {
    for _ in 0..10 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("portcullis.db");
        let opening: Vec<_> = (0..8).map(|_| tokio::spawn(SqliteStore::open(path.clone()))).collect();
        for store in opening {
            store.await.unwrap().unwrap().ping().await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn db_1_two_processes_that_race_on_one_file_never_see_it_busy() {
    let db = TestDb::sqlite().await;
    let stores = [Arc::clone(&db.store), db.another().await, db.another().await];
    all_at_once(&db.store, |caller, _| {
        let store = Arc::clone(&stores[caller % stores.len()]);
        async move {
            for n in 0..10 {
                let ada = add_user(&store, &format!("ada-{caller}-{n}")).await;
                let session = add_session(&store, ada).await;
                let told = event(EventKind::LoggedOut).user(ada);
                assert!(store.end_session(ada, session, &of_session(session), &told).await.unwrap());
            }
        }
    })
    .await;
    assert_eq!(db.store.revocations(NOW).await.unwrap().len(), 320);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letter.txt");
    let letter = "Dear Ada, ".repeat(1000);
    fs::write(&path, &letter).unwrap();
    assert!(matches!(SqliteStore::open(&path).await, Err(StoreError::Broken(_))));
    assert_eq!(fs::read_to_string(&path).unwrap(), letter);
}

#[tokio::test]
async fn a_folder_that_is_not_there_makes_the_store_unavailable() {
    let folder = tempfile::tempdir().unwrap();
    let opened = SqliteStore::open(folder.path().join("nowhere/portcullis.db")).await;
    assert!(matches!(opened, Err(StoreError::Unavailable(_))));
}

#[tokio::test]
async fn odd_names_are_only_names() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["file:x?mode=memory", "a b%20c.db", ":memory:"] {
        let store = SqliteStore::open(folder.path().join(name)).await.unwrap();
        store.ping().await.unwrap();
        assert!(folder.path().join(name).is_file(), "{name}");
    }
}
