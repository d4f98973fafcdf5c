//! Making, finding, renaming and deleting users.

use std::time::Duration;

use portcullis::{
    account::{Email, UserId, Username},
    audit::EventKind,
    store::{Conflict, StoreError},
};

use crate::{both, db::TestDb, fixture::*};

both! {
    a_user_comes_back_as_they_went_in,
    a_user_without_password_and_roles_comes_back,
    a_conflict_names_what_is_taken,
    a_refused_user_leaves_nothing,
    a_deleted_users_name_is_never_given_again_but_their_address_is,
    deleting_takes_everything_but_the_trail,
    renaming_is_an_event_only_where_there_is_a_user,
    the_database_answers,
}

async fn a_user_comes_back_as_they_went_in(db: TestDb) {
    let mut new = new_user("Ada.Lovelace");
    new.user.email = Email::parse("Ada@BÜCHER.example").unwrap();
    new.user.email_verified_at = Some(NOW + Duration::from_millis(1));
    new.user.disabled_at = Some(NOW + Duration::from_millis(2));
    new.user.name = "Ada \u{1F98B} d'Lovelace".into();
    new.user.roles = vec!["admin".to_owned(), "notes-7-owner".to_owned(), "two words".to_owned()];
    new.user.generation = 41;
    db.store.create_user(&new, &event(EventKind::UserRegistered)).await.unwrap();

    let by_id = db.store.user(new.user.id).await.unwrap().unwrap();
    assert_eq!(by_id.user, new.user);
    assert_eq!(by_id.password, Some(hash("hash-1")));
    assert_eq!(by_id.password_version, 1);
    let username = Username::parse("ADA.lovelace").unwrap();
    assert_eq!(db.store.user_by_username(&username).await.unwrap().unwrap().user, new.user);
    let email = Email::parse("ada@xn--bcher-kva.example").unwrap();
    assert_eq!(db.store.user_by_email(&email).await.unwrap().unwrap().user, new.user);
}

async fn a_user_without_password_and_roles_comes_back(db: TestDb) {
    let mut new = new_user("ada");
    new.password = None;
    db.store.create_user(&new, &event(EventKind::UserRegistered)).await.unwrap();
    let found = db.store.user(new.user.id).await.unwrap().unwrap();
    assert_eq!((found.user, found.password), (new.user, None));
    assert!(db.store.user(UserId::new(NOW)).await.unwrap().is_none());
    assert!(db.store.user_by_username(&Username::parse("eve").unwrap()).await.unwrap().is_none());
    assert!(db.store.user_by_email(&Email::parse("eve@example.com").unwrap()).await.unwrap().is_none());
}

async fn conflict_of(db: &TestDb, username: &str, email: &str) -> Option<Conflict> {
    let mut new = new_user(username);
    new.user.email = Email::parse(email).unwrap();
    match db.store.create_user(&new, &event(EventKind::UserRegistered)).await {
        Ok(()) => None,
        Err(StoreError::Conflict(taken)) => Some(taken),
        Err(other) => panic!("{other}"),
    }
}

async fn a_conflict_names_what_is_taken(db: TestDb) {
    add_user(&db.store, "ada").await;
    assert_eq!(conflict_of(&db, "ADA", "new@example.com").await, Some(Conflict::Username));
    assert_eq!(conflict_of(&db, "new", "ADA@example.com").await, Some(Conflict::Email));
    assert_eq!(conflict_of(&db, "ada", "ada@example.com").await, Some(Conflict::Username));
    assert_eq!(conflict_of(&db, "new", "new@example.com").await, None);
}

async fn a_refused_user_leaves_nothing(db: TestDb) {
    add_user(&db.store, "ada").await;
    let mut refused = new_user("eve");
    refused.user.email = Email::parse("ada@example.com").unwrap();
    refused.user.roles = vec!["admin".to_owned()];
    let told = event(EventKind::UserRegistered).user(refused.user.id);
    db.store.create_user(&refused, &told).await.unwrap_err();
    assert!(db.store.user(refused.user.id).await.unwrap().is_none());
    assert_eq!(trail(&db.store, refused.user.id).await, []);
    assert_eq!(conflict_of(&db, "eve", "eve@example.com").await, None);
}

async fn a_deleted_users_name_is_never_given_again_but_their_address_is(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    assert!(db.store.delete_user(ada, &of_user(ada, 2), &event(EventKind::UserDeleted)).await.unwrap());
    assert_eq!(conflict_of(&db, "Ada", "new@example.com").await, Some(Conflict::Username));
    assert_eq!(conflict_of(&db, "new", "ada@example.com").await, None);
}

async fn deleting_takes_everything_but_the_trail(db: TestDb) {
    add_admin(&db, "root").await;
    let ada = add_admin(&db, "ada").await;
    let session = add_session(&db.store, ada).await;
    let told = event(EventKind::UserDeleted).user(ada);

    assert!(db.store.delete_user(ada, &of_user(ada, 2), &told).await.unwrap());
    assert!(db.store.user(ada).await.unwrap().is_none());
    assert_eq!(db.store.session(session, NOW).await.unwrap(), None);
    assert_eq!(db.store.revocations(NOW).await.unwrap(), [of_user(ada, 2)]);
    let expected = [EventKind::UserRegistered, EventKind::LoginSucceeded, EventKind::UserDeleted];
    assert_eq!(trail(&db.store, ada).await, expected);

    assert!(!db.store.delete_user(ada, &of_user(ada, 9), &told).await.unwrap());
    assert_eq!(db.store.revocations(NOW).await.unwrap(), [of_user(ada, 2)]);
}

async fn add_admin(db: &TestDb, name: &str) -> UserId {
    let mut new = new_user(name);
    new.user.roles = vec!["admin".to_owned()];
    db.store.create_user(&new, &event(EventKind::UserRegistered).user(new.user.id)).await.unwrap();
    new.user.id
}

async fn renaming_is_an_event_only_where_there_is_a_user(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let told = event(EventKind::ProfileChanged).user(ada);
    assert!(db.store.rename_user(ada, "Countess", &told).await.unwrap());
    assert_eq!(db.store.user(ada).await.unwrap().unwrap().user.name, "Countess");
    assert_eq!(trail(&db.store, ada).await, [EventKind::UserRegistered, EventKind::ProfileChanged]);

    let nobody = UserId::new(NOW);
    assert!(!db.store.rename_user(nobody, "X", &event(EventKind::ProfileChanged).user(nobody)).await.unwrap());
    assert_eq!(trail(&db.store, nobody).await, []);
}

async fn the_database_answers(db: TestDb) {
    db.store.ping().await.unwrap();
}
