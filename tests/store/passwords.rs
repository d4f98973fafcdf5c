//! Changing and rehashing passwords.

use portcullis::{account::UserId, audit::EventKind};

use crate::{both, db::TestDb, fixture::*};

both! {
    a_rehash_replaces_the_hash_and_not_the_version,
    a_change_raises_the_version_once,
    a_change_ends_and_revokes_every_session_but_the_kept_one,
    a_change_without_a_session_to_keep_ends_them_all,
    a_change_of_a_stale_version_changes_nothing,
}

async fn password(db: &TestDb, user: UserId) -> (String, i64) {
    let record = db.store.user(user).await.unwrap().unwrap();
    (record.password.unwrap().as_str().to_owned(), record.password_version)
}

async fn a_rehash_replaces_the_hash_and_not_the_version(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let told = event(EventKind::PasswordRehashed).user(ada);
    assert!(db.store.rehash_password(ada, 1, &hash("hash-1b"), &told).await.unwrap());
    assert_eq!(password(&db, ada).await, ("hash-1b".to_owned(), 1));

    assert!(!db.store.rehash_password(ada, 2, &hash("other"), &told).await.unwrap());
    assert!(!db.store.rehash_password(UserId::new(NOW), 1, &hash("other"), &told).await.unwrap());
    assert_eq!(password(&db, ada).await, ("hash-1b".to_owned(), 1));
    assert_eq!(trail(&db.store, ada).await, [EventKind::UserRegistered, EventKind::PasswordRehashed]);
}

async fn a_change_raises_the_version_once(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let told = event(EventKind::PasswordChanged).user(ada);
    let ended = db.store.change_password(ada, 1, &hash("hash-2"), None, LATER, &told).await.unwrap();
    assert_eq!(ended, Some(Vec::new()));
    assert_eq!(password(&db, ada).await, ("hash-2".to_owned(), 2));
    assert_eq!(trail(&db.store, ada).await, [EventKind::UserRegistered, EventKind::PasswordChanged]);
}

async fn a_change_ends_and_revokes_every_session_but_the_kept_one(db: TestDb) {
    let (ada, eve) = (add_user(&db.store, "ada").await, add_user(&db.store, "eve").await);
    let (kept, other) = (add_session(&db.store, ada).await, add_session(&db.store, ada).await);
    let elses = add_session(&db.store, eve).await;
    let told = event(EventKind::PasswordChanged).user(ada);

    let ended = db.store.change_password(ada, 1, &hash("hash-2"), Some(kept), LATER, &told).await.unwrap();
    assert_eq!(ended, Some(vec![other]));
    assert_eq!(db.store.revocations(NOW).await.unwrap(), [of_session(other)]);
    assert_eq!(db.store.session(other, NOW).await.unwrap(), None);
    assert!(db.store.session(kept, NOW).await.unwrap().is_some());
    assert!(db.store.session(elses, NOW).await.unwrap().is_some());
}

async fn a_change_without_a_session_to_keep_ends_them_all(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let mut sessions = vec![add_session(&db.store, ada).await, add_session(&db.store, ada).await];
    let told = event(EventKind::PasswordChanged).user(ada);
    let ended = db.store.change_password(ada, 1, &hash("hash-2"), None, LATER, &told).await.unwrap();
    let mut ended = ended.unwrap();
    ended.sort_by_key(|session| session.0);
    sessions.sort_by_key(|session| session.0);
    assert_eq!(ended, sessions);
    assert_eq!(db.store.revocations(NOW).await.unwrap().len(), 2);
}

async fn a_change_of_a_stale_version_changes_nothing(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let session = add_session(&db.store, ada).await;
    let told = event(EventKind::PasswordChanged).user(ada);
    let nobody = UserId::new(NOW);
    for (user, version) in [(ada, 0), (ada, 2), (nobody, 1)] {
        let ended = db.store.change_password(user, version, &hash("x"), None, LATER, &told).await.unwrap();
        assert_eq!(ended, None);
    }
    assert_eq!(password(&db, ada).await, ("hash-1".to_owned(), 1));
    assert!(db.store.session(session, NOW).await.unwrap().is_some());
    assert_eq!(db.store.revocations(NOW).await.unwrap(), []);
    assert_eq!(trail(&db.store, ada).await, [EventKind::UserRegistered, EventKind::LoginSucceeded]);
}
