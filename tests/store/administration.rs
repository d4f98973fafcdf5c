//! What administrators do, in the store: passwords of others, memberships, and who is left.

use std::sync::Arc;

use portcullis::{
    access::{Levels, Membership, RoleName},
    account::UserId,
    audit::EventKind,
    store::{EventQuery, NewMembership, NewRoles, NewUserPassword, Store, StoreError, UserQuery},
};

use crate::{both, db::TestDb, fixture::*};

both! {
    a_password_that_is_set_by_another_ends_everything_else,
    memberships_make_older_tokens_stale,
    of_two_administrators_a_race_leaves_one,
    users_are_found_by_any_part_of_their_names,
    the_trail_comes_in_pieces,
}

fn membership(id: &str, level: &str) -> Membership {
    Membership::parse("list", id, level, &Levels::default()).unwrap()
}

async fn a_password_that_is_set_by_another_ends_everything_else(db: TestDb) {
    let (ada, eve) = (add_user(&db.store, "ada").await, add_user(&db.store, "eve").await);
    let (hers, others) = (add_session(&db.store, ada).await, add_session(&db.store, eve).await);
    let told = event(EventKind::PasswordResetByAdmin).user(ada).actor(eve);
    let stale = NewUserPassword { user: ada, generation: 9, hash: hash("hash-2") };
    assert_eq!(db.store.force_password(&stale, LATER, &told).await.unwrap(), None);
    let new = NewUserPassword { generation: 1, ..stale };
    assert_eq!(db.store.force_password(&new, LATER, &told).await.unwrap(), Some(2));
    let record = db.store.user(ada).await.unwrap().unwrap();
    assert_eq!((record.password.unwrap().as_str(), record.password_version), ("hash-2", 2));
    assert!(record.must_change_password && !record.second_factors.any());
    assert_eq!(db.store.session(hers, NOW).await.unwrap(), None);
    assert!(db.store.session(others, NOW).await.unwrap().is_some());
    assert_eq!(db.store.revocations(NOW).await.unwrap(), [of_user(ada, 2)]);
    let newest = db.store.events_of(ada, 1).await.unwrap().remove(0);
    assert_eq!((newest.kind, newest.actor), (EventKind::PasswordResetByAdmin, Some(eve)));
}

async fn memberships_make_older_tokens_stale(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let set = async |membership| {
        let new = NewMembership { user: ada, membership };
        db.store.set_membership(&new, LATER, &event(EventKind::MembershipChanged).user(ada)).await.unwrap()
    };
    assert_eq!(set(membership("2", "member")).await, Some(2));
    assert_eq!(set(membership("1", "public")).await, Some(3));
    assert_eq!(set(membership("2", "manager")).await, Some(4));
    let all = [membership("1", "public"), membership("2", "manager")];
    assert_eq!(db.store.memberships_of(ada).await.unwrap(), all);
    assert_eq!(db.store.revocations(NOW).await.unwrap(), [of_user(ada, 4)]);

    let told = event(EventKind::MembershipEnded).user(ada);
    let end = async |user, id| db.store.end_membership(user, "list", id, LATER, &told).await.unwrap();
    assert_eq!(end(ada, "3").await, None);
    assert_eq!(end(UserId::new(NOW), "2").await, None);
    assert_eq!(db.store.user(ada).await.unwrap().unwrap().user.generation, 4, "nothing has changed");
    assert_eq!(end(ada, "2").await, Some(5));
    assert_eq!(db.store.memberships_of(ada).await.unwrap(), all[..1]);
    let nobody = NewMembership { user: UserId::new(NOW), membership: membership("1", "public") };
    assert_eq!(db.store.set_membership(&nobody, LATER, &event(EventKind::MembershipChanged)).await.unwrap(), None);
}

async fn admin(store: &Arc<dyn Store>, name: &str) -> UserId {
    let mut new = new_user(name);
    new.user.roles = vec!["admin".to_owned()];
    store.create_user(&new, &event(EventKind::UserRegistered)).await.unwrap();
    new.user.id
}

async fn of_two_administrators_a_race_leaves_one(db: TestDb) {
    let admins = [admin(&db.store, "ada").await, admin(&db.store, "eve").await];
    let outcomes = all_at_once(&db.store, move |caller, store| async move {
        let user = admins[caller % 2];
        match caller / 2 % 3 {
            0 => store.disable_user(user, LATER, &event(EventKind::UserDisabled)).await.map(drop),
            1 => store.delete_user(user, &of_user(user, i64::MAX), &event(EventKind::UserDeleted)).await.map(drop),
            _ => {
                let new = NewRoles { user, roles: Vec::<RoleName>::new(), sessions_max: None };
                store.set_user_roles(&new, LATER, &event(EventKind::UserRolesChanged)).await.map(drop)
            }
        }
    });
    let outcomes = outcomes.await;
    let refused = outcomes.iter().filter(|outcome| matches!(outcome, Err(StoreError::LastAdmin))).count();
    assert!(refused > 0 && outcomes.iter().filter(|outcome| outcome.is_err()).count() == refused, "{outcomes:?}");
    let mut left = 0;
    for id in admins {
        let user = db.store.user(id).await.unwrap().map(|record| record.user);
        left += i32::from(user.is_some_and(|user| user.disabled_at.is_none() && user.roles == ["admin"]));
    }
    assert_eq!(left, 1);
}

async fn users_are_found_by_any_part_of_their_names(db: TestDb) {
    for name in ["ada", "a_b", "axb", "carl"] {
        add_user(&db.store, name).await;
    }
    let find = async |text: &str| {
        let query = UserQuery { text: text.to_owned(), after: None, limit: 10 };
        let found = db.store.find_users(&query).await.unwrap();
        found.iter().map(|record| record.user.username.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(find("").await, ["carl", "axb", "a_b", "ada"]);
    assert_eq!(find("A_B").await, ["a_b"]);
    assert_eq!(find("carl@example").await, ["carl"]);
    for none in ["%", "\\", "'", "a%b"] {
        assert!(find(none).await.is_empty(), "{none}");
    }
}

async fn the_trail_comes_in_pieces(db: TestDb) {
    let (ada, eve) = (add_user(&db.store, "ada").await, add_user(&db.store, "eve").await);
    for user in [ada, eve, ada] {
        db.store.record(&event(EventKind::LoginFailed).user(user).about("password")).await.unwrap();
    }
    let page = async |query: EventQuery| db.store.events(&query).await.unwrap();
    let all = EventQuery { limit: 10, ..EventQuery::default() };
    let every = page(all).await;
    assert_eq!(every.iter().map(|event| event.user).collect::<Vec<_>>(), [ada, eve, ada, eve, ada].map(Some));
    assert_eq!(every[0].about.as_deref(), Some("password"));
    let failed = EventQuery { kind: Some(EventKind::LoginFailed), ..all };
    assert_eq!(page(failed).await, every[..3]);
    assert_eq!(page(EventQuery { after: Some(every[0].id), limit: 1, ..failed }).await, every[1..2]);
    let hers = EventQuery { user: Some(ada), ..all };
    assert_eq!(page(hers).await.len(), 3);
    assert_eq!(page(EventQuery { kind: failed.kind, after: Some(every[0].id), ..hers }).await, every[2..3]);
}
