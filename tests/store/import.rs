//! Users by the file.

use portcullis::{
    account::{Email, User, UserId},
    audit::{Event, EventKind},
    store::{Conflict, NewUser},
};

use crate::{both, db::TestDb, fixture::*};

both! {
    of_a_batch_everyone_is_made_whole_or_not_at_all,
    a_batch_of_any_size_in_which_nothing_is_taken_is_made_whole,
    a_batch_that_is_not_kept_only_answers,
    a_flag_to_change_the_password_stays_until_one_is_set,
    users_come_out_in_pages_and_none_twice,
}

fn with_event(new: NewUser) -> (NewUser, Event) {
    let told = event(EventKind::UserImported).user(new.user.id);
    (new, told)
}

fn at(name: &str, email: &str) -> NewUser {
    let mut new = new_user(name);
    new.user.email = Email::parse(email).unwrap();
    new.user.roles = vec!["admin".to_owned()];
    new
}

async fn of_a_batch_everyone_is_made_whole_or_not_at_all(db: TestDb) {
    let there = add_user(&db.store, "ada").await;
    let gone = add_user(&db.store, "gone").await;
    assert!(db.store.delete_user(gone, &of_user(gone, 2), &event(EventKind::UserDeleted)).await.unwrap());
    let mut same_id = at("same", "same@example.com");
    same_id.user.id = there;
    let batch = [
        at("first", "first@example.com"),
        at("ADA", "other@example.com"),
        at("other", "ADA@example.com"),
        at("gone", "gone@example.com"),
        same_id,
        at("FIRST", "again@example.com"),
        at("again", "first@example.com"),
        at("last", "last@example.com"),
    ]
    .map(with_event);
    let conflicts = db.store.import_users(&batch, true).await.unwrap();
    let (name, email, id) = (Some(Conflict::Username), Some(Conflict::Email), Some(Conflict::Id));
    assert_eq!(conflicts, [None, name, email, name, id, name, email, None]);
    for ((new, _), conflict) in batch.iter().zip(conflicts).filter(|((new, _), _)| new.user.id != there) {
        let made = db.store.user(new.user.id).await.unwrap().map(|record| record.user);
        assert_eq!(made, conflict.is_none().then(|| new.user.clone()));
        let expected = if conflict.is_none() { vec![EventKind::UserImported] } else { Vec::new() };
        assert_eq!(trail(&db.store, new.user.id).await, expected);
    }
    assert_eq!(db.store.user(there).await.unwrap().unwrap().user.username.as_str(), "ada");
    assert_eq!(trail(&db.store, there).await, [EventKind::UserRegistered]);
}

/// More than are made at once, and then one who is in the way of the last of them.
async fn a_batch_of_any_size_in_which_nothing_is_taken_is_made_whole(db: TestDb) {
    let mut batch: Vec<_> =
        (0..1100).map(|n| with_event(at(&format!("user{n}"), &format!("{n}@example.com")))).collect();
    batch[7].0.user.roles = vec!["editor".to_owned(), "admin".to_owned(), "admin".to_owned()];
    batch[8].0 = NewUser { password: None, must_change_password: true, pending: true, ..batch[8].0.clone() };
    batch[8].0.user.disabled_at = Some(LATER);
    batch[9].1.amr = vec!["pwd".to_owned(), "otp".to_owned()];
    let taken = add_user(&db.store, "taken").await;
    batch[1099].0.user.username = db.store.user(taken).await.unwrap().unwrap().user.username;

    let conflicts = db.store.import_users(&batch, true).await.unwrap();
    assert_eq!(conflicts.len(), 1100);
    assert!(conflicts[..1099].iter().all(Option::is_none));
    assert_eq!(conflicts[1099], Some(Conflict::Username));
    for n in [0, 7, 8, 9, 499, 500, 999, 1000, 1098] {
        let (new, told) = &batch[n];
        let made = db.store.user(new.user.id).await.unwrap().unwrap();
        let mut roles = new.user.roles.clone();
        roles.sort();
        roles.dedup();
        assert_eq!(made.user, User { roles, ..new.user.clone() });
        let flags = (made.password.is_some(), made.must_change_password, made.pending);
        assert_eq!(flags, (new.password.is_some(), new.must_change_password, new.pending));
        assert_eq!(db.store.events_of(new.user.id, 10).await.unwrap(), std::slice::from_ref(told));
    }
    assert!(db.store.user(batch[1099].0.user.id).await.unwrap().is_none());
    assert_eq!(db.store.import_users(&[], true).await.unwrap(), []);
}

async fn a_batch_that_is_not_kept_only_answers(db: TestDb) {
    add_user(&db.store, "ada").await;
    let batch = [at("ada", "x@example.com"), at("new", "new@example.com")].map(with_event);
    for _ in 0..2 {
        let conflicts = db.store.import_users(&batch, false).await.unwrap();
        assert_eq!(conflicts, [Some(Conflict::Username), None]);
    }
    assert!(db.store.user(batch[1].0.user.id).await.unwrap().is_none());
    assert_eq!(trail(&db.store, batch[1].0.user.id).await, []);
    assert_eq!(db.store.import_users(&batch, true).await.unwrap(), [Some(Conflict::Username), None]);
}

async fn a_flag_to_change_the_password_stays_until_one_is_set(db: TestDb) {
    let mut new = new_user("ada");
    new.must_change_password = true;
    let ada = new.user.id;
    db.store.create_user(&new, &event(EventKind::UserRegistered)).await.unwrap();
    let must = async || db.store.user(ada).await.unwrap().unwrap().must_change_password;
    assert!(must().await);
    assert!(db.store.rehash_password(ada, 1, &hash("hash-1b"), &event(EventKind::PasswordRehashed)).await.unwrap());
    assert!(must().await, "the same password made anew is still the same password");
    let told = event(EventKind::PasswordChanged);
    assert!(db.store.change_password(ada, 1, &hash("hash-2"), None, LATER, &told).await.unwrap().is_some());
    assert!(!must().await);
}

async fn users_come_out_in_pages_and_none_twice(db: TestDb) {
    let mut made: Vec<UserId> = Vec::new();
    for n in 0..7 {
        made.push(add_user(&db.store, &format!("user{n}")).await);
    }
    made.sort();
    let (mut found, mut last) = (Vec::new(), None);
    loop {
        let page = db.store.export_users(last, 3).await.unwrap();
        let Some(record) = page.last() else { break };
        last = Some(record.user.id);
        assert!(page.len() <= 3);
        found.extend(page.into_iter().map(|record| record.user.id));
    }
    assert_eq!(found, made);
}
