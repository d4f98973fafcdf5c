//! Roles, and the tokens that a change of them makes stale.

use std::{sync::Arc, time::Duration};

use portcullis::{
    Scopes,
    access::{Role, RoleName},
    account::UserId,
    audit::EventKind,
    store::{NewRoles, Store},
};

use crate::{both, db::TestDb, fixture::*};

both! {
    admin_is_there_from_the_start_and_others_come_and_go,
    changing_a_role_concerns_everyone_who_has_it_and_no_one_else,
    se_4_a_role_of_many_is_taken_back_from_all_of_them,
    other_roles_for_a_user_are_theirs_at_the_next_login,
    a_role_that_is_gone_is_left_out_and_nobody_gets_nothing,
    sessions_of_a_new_administrator_are_cut_short,
}

fn name(name: &str) -> RoleName {
    RoleName::parse(name).unwrap()
}

fn role(text: &str, scopes: &str) -> Role {
    Role { name: name(text), scopes: Scopes::parse(scopes) }
}

async fn set(store: &Arc<dyn Store>, text: &str, scopes: &str) -> Vec<(UserId, i64)> {
    store.set_role(&role(text, scopes), LATER, &event(EventKind::RoleChanged)).await.unwrap()
}

async fn give(store: &Arc<dyn Store>, user: UserId, roles: &[&str], sessions_max: Option<Duration>) -> Option<i64> {
    let new = NewRoles { user, roles: roles.iter().map(|role| name(role)).collect(), sessions_max };
    store.set_user_roles(&new, LATER, &event(EventKind::UserRolesChanged).user(user)).await.unwrap()
}

/// What the user may do who logs in now.
async fn scopes(store: &Arc<dyn Store>, user: UserId) -> String {
    let mut new = new_session(user);
    new.generation = store.user(user).await.unwrap().unwrap().user.generation;
    store.open_session(&new, &event(EventKind::LoginSucceeded)).await.unwrap().unwrap().scopes.to_string()
}

async fn admin_is_there_from_the_start_and_others_come_and_go(db: TestDb) {
    assert_eq!(db.store.roles().await.unwrap(), [role("admin", "")]);
    set(&db.store, "reader", "notes:read").await;
    set(&db.store, "editor", "notes:write notes:read notes:write").await;
    set(&db.store, "reader", "").await;
    let all = [role("admin", ""), role("editor", "notes:read notes:write"), role("reader", "")];
    assert_eq!(db.store.roles().await.unwrap(), all);

    let delete = async |text| db.store.delete_role(&name(text), LATER, &event(EventKind::RoleDeleted)).await.unwrap();
    assert_eq!(delete("reader").await, Some(Vec::new()));
    assert_eq!(delete("reader").await, None);
    assert_eq!(db.store.roles().await.unwrap(), all[..2]);
}

async fn changing_a_role_concerns_everyone_who_has_it_and_no_one_else(db: TestDb) {
    set(&db.store, "reader", "notes:read").await;
    let (ada, bob, eve) =
        (add_user(&db.store, "ada").await, add_user(&db.store, "bob").await, add_user(&db.store, "eve").await);
    for user in [ada, bob] {
        assert_eq!(give(&db.store, user, &["reader"], None).await, Some(2));
    }
    let mut concerned = set(&db.store, "reader", "notes:read notes:list").await;
    concerned.sort_by_key(|(user, _)| user.0);
    assert_eq!(concerned, [(ada, 3), (bob, 3)]);
    let mut revoked = db.store.revocations(NOW).await.unwrap();
    revoked.sort_by_key(|revocation| format!("{revocation:?}"));
    assert_eq!(revoked, [of_user(ada, 3), of_user(bob, 3)]);
    assert_eq!(scopes(&db.store, ada).await, "notes:list notes:read");
    assert_eq!(scopes(&db.store, eve).await, "");

    db.store.delete_role(&name("reader"), LATER, &event(EventKind::RoleDeleted)).await.unwrap().unwrap();
    assert_eq!(scopes(&db.store, ada).await, "");
    let ada = db.store.user(ada).await.unwrap().unwrap().user;
    assert_eq!((ada.generation, ada.roles), (4, Vec::new()));
}

async fn se_4_a_role_of_many_is_taken_back_from_all_of_them(db: TestDb) {
    set(&db.store, "reader", "notes:read").await;
    let readers = (0..2500).map(|n| {
        let mut new = new_user(&format!("reader-{n}"));
        new.user.roles = vec!["reader".to_owned()];
        (new, event(EventKind::UserRegistered))
    });
    let readers: Vec<_> = readers.collect();
    assert!(db.store.import_users(&readers, true).await.unwrap().iter().all(Option::is_none));
    let before = db.store.last_revocation().await.unwrap();
    let deleted = db.store.delete_role(&name("reader"), LATER, &event(EventKind::RoleDeleted)).await.unwrap();
    let mut expected: Vec<_> = readers.iter().map(|(new, _)| (new.user.id.to_string(), 2)).collect();
    expected.sort();
    let mut concerned: Vec<_> =
        deleted.unwrap().into_iter().map(|(user, minimum)| (user.to_string(), minimum)).collect();
    concerned.sort();
    assert_eq!(concerned, expected);

    let changes = db.store.revocations_after(before.change, u32::MAX).await.unwrap();
    assert!(changes.iter().map(|change| change.number).eq(before.change + 1..=before.change + 2500));
    let mut revoked: Vec<_> = changes.into_iter().map(|change| change.revocation).collect();
    revoked.sort_by_key(|revocation| format!("{:?}", revocation.target));
    let ids = readers.iter().map(|(new, _)| new.user.id);
    let mut all: Vec<_> = ids.map(|user| of_user(user, 2)).collect();
    all.sort_by_key(|revocation| format!("{:?}", revocation.target));
    assert_eq!(revoked, all);
    assert_eq!(db.store.last_revocation().await.unwrap().change, before.change + 2500);
}

async fn other_roles_for_a_user_are_theirs_at_the_next_login(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    set(&db.store, "reader", "notes:read users:read").await;
    set(&db.store, "writer", "notes:read notes:write").await;
    give(&db.store, ada, &["writer", "reader", "reader"], None).await;
    assert_eq!(scopes(&db.store, ada).await, "notes:read notes:write users:read");
    give(&db.store, ada, &["reader"], None).await;
    assert_eq!(scopes(&db.store, ada).await, "notes:read users:read");
    give(&db.store, ada, &["admin", "writer"], None).await;
    let all = scopes(&db.store, ada).await;
    assert!(all.ends_with("notes:read notes:write") && all.contains("roles:write"), "{all}");
    assert_eq!(db.store.user(ada).await.unwrap().unwrap().user.roles, ["admin", "writer"]);
}

async fn a_role_that_is_gone_is_left_out_and_nobody_gets_nothing(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    assert_eq!(give(&db.store, ada, &["gone", "admin"], None).await, Some(2));
    assert_eq!(db.store.user(ada).await.unwrap().unwrap().user.roles, ["admin"]);
    assert_eq!(give(&db.store, UserId::new(NOW), &["admin"], None).await, None);
}

async fn sessions_of_a_new_administrator_are_cut_short(db: TestDb) {
    let (ada, eve) = (add_user(&db.store, "ada").await, add_user(&db.store, "eve").await);
    let (hers, others) = (add_session(&db.store, ada).await, add_session(&db.store, eve).await);
    let ends = async |session| {
        let session = db.store.session(session, NOW).await.unwrap().unwrap();
        (session.expires_at, session.idle_until)
    };
    give(&db.store, ada, &["admin"], Some(Duration::from_hours(1000))).await;
    assert_eq!(ends(hers).await, (LATER, LATER));
    give(&db.store, ada, &["admin"], Some(Duration::from_secs(1))).await;
    let cut = NOW + Duration::from_secs(1);
    assert_eq!(ends(hers).await, (cut, cut));
    assert_eq!(ends(others).await, (LATER, LATER));
}
