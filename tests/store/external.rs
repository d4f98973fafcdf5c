//! Users for whom something else vouches.

use portcullis::{
    audit::EventKind,
    mail::MailKind,
    revocation::{Revocation, Target},
    store::{Conflict, NewExternalUser, Result, StoreError},
};

use crate::{both, db::TestDb, fixture::*};

both! {
    a_user_of_a_backend_is_found_by_what_it_calls_them,
    of_two_with_one_name_the_second_gets_no_account,
    of_32_in_a_race_one_makes_the_account_and_the_others_find_it,
    a_user_of_a_backend_is_asked_to_confirm_an_address_that_it_does_not_vouch_for,
    what_a_backend_called_a_deleted_user_is_free_again,
}

fn named(name: &str, backend: &str, subject: &str) -> NewExternalUser {
    let mut user = new_user(name);
    user.password = None;
    NewExternalUser { user, backend: backend.to_owned(), subject: subject.to_owned() }
}

async fn create(db: &TestDb, new: &NewExternalUser) -> Result<()> {
    let event = event(EventKind::UserRegistered).user(new.user.user.id).about(&new.backend);
    db.store.create_external_user(new, &event).await
}

async fn conflict_of(db: &TestDb, new: &NewExternalUser) -> Option<Conflict> {
    match create(db, new).await {
        Ok(()) => None,
        Err(StoreError::Conflict(taken)) => Some(taken),
        Err(other) => panic!("{other}"),
    }
}

async fn a_user_of_a_backend_is_found_by_what_it_calls_them(db: TestDb) {
    let ada = named("ada", "directory", "Uid=Ä 1");
    create(&db, &ada).await.unwrap();
    let found = db.store.external_user("directory", "Uid=Ä 1").await.unwrap().unwrap();
    assert_eq!((found.user, found.backend.as_deref()), (ada.user.user.clone(), Some("directory")));
    assert_eq!(found.password, None);
    assert_eq!(db.store.user(ada.user.user.id).await.unwrap().unwrap().backend.as_deref(), Some("directory"));
    for (backend, subject) in [("proxy", "Uid=Ä 1"), ("directory", "uid=ä 1"), ("directory", ""), ("", "Uid=Ä 1")] {
        assert!(db.store.external_user(backend, subject).await.unwrap().is_none(), "{backend} {subject}");
    }
    let other = add_user(&db.store, "bob").await;
    assert_eq!(db.store.user(other).await.unwrap().unwrap().backend, None);
}

async fn of_two_with_one_name_the_second_gets_no_account(db: TestDb) {
    add_user(&db.store, "ada").await;
    let mut bob = named("bob", "directory", "1");
    assert_eq!(conflict_of(&db, &named("ADA", "directory", "1")).await, Some(Conflict::Username));
    bob.user.user.email = new_user("ada").user.email;
    assert_eq!(conflict_of(&db, &bob).await, Some(Conflict::Email));
    assert_eq!((db.count("users").await, db.count("external_users").await), (1, 0));
    assert_eq!(conflict_of(&db, &named("bob", "directory", "1")).await, None);
    assert_eq!(conflict_of(&db, &named("bob", "directory", "1")).await, Some(Conflict::Id));
    assert_eq!(conflict_of(&db, &named("carl", "directory", "1")).await, Some(Conflict::Id));
    assert_eq!(conflict_of(&db, &named("bob", "proxy", "1")).await, Some(Conflict::Username));
    assert_eq!(conflict_of(&db, &named("carl", "proxy", "1")).await, None);
    assert_eq!((db.count("users").await, db.count("external_users").await), (3, 2));
}

async fn of_32_in_a_race_one_makes_the_account_and_the_others_find_it(db: TestDb) {
    let made = all_at_once(&db.store, |_, store| async move {
        let new = named("ada", "directory", "1");
        let event = event(EventKind::UserRegistered).user(new.user.user.id);
        store.create_external_user(&new, &event).await
    });
    let made = made.await;
    assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 1);
    let found_made = |made: &&Result<()>| matches!(made, Err(StoreError::Conflict(Conflict::Id)));
    assert_eq!(made.iter().filter(found_made).count(), 31, "{made:?}");
    assert_eq!((db.count("users").await, db.count("external_users").await, db.count("events").await), (1, 1, 1));
}

async fn a_user_of_a_backend_is_asked_to_confirm_an_address_that_it_does_not_vouch_for(db: TestDb) {
    let mut sure = named("ada", "directory", "1");
    sure.user.user.email_verified_at = Some(NOW);
    create(&db, &sure).await.unwrap();
    let mut waits = named("bob", "directory", "2");
    waits.user.pending = true;
    create(&db, &waits).await.unwrap();
    assert_eq!(db.count("outbox").await, 0);
    create(&db, &named("carl", "directory", "3")).await.unwrap();
    let mails = db.store.take_mail(10, LATER, LATER).await.unwrap();
    assert_eq!(mails.iter().map(|mail| mail.request.kind).collect::<Vec<_>>(), [MailKind::VerifyEmail]);
}

async fn what_a_backend_called_a_deleted_user_is_free_again(db: TestDb) {
    let ada = named("ada", "directory", "1");
    create(&db, &ada).await.unwrap();
    let id = ada.user.user.id;
    let revocation = Revocation { target: Target::User { id: id.to_string(), minimum: i64::MAX }, until: LATER };
    assert!(db.store.delete_user(id, &revocation, &event(EventKind::UserDeleted).user(id)).await.unwrap());
    assert_eq!(db.count("external_users").await, 0);
    assert_eq!(conflict_of(&db, &named("ada", "directory", "1")).await, Some(Conflict::Username), "no name twice");
    assert_eq!(conflict_of(&db, &named("ada2", "directory", "1")).await, None);
}
