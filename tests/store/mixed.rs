//! Everything that ends sessions, on the same users at the same moment.

use std::{sync::Arc, time::Duration};

use portcullis::{
    Scopes,
    access::{Role, RoleName},
    account::UserId,
    audit::EventKind,
    secret::PlainToken,
    store::{NewRoles, Rotation, Store},
};

use crate::{both, db::TestDb, fixture::*};

both! {
    db_1_whatever_ends_sessions_never_deadlocks_in_a_race,
}

/// Each act may find that another was faster; none may fail.
async fn db_1_whatever_ends_sessions_never_deadlocks_in_a_race(db: TestDb) {
    let roles = ["one", "two"].map(|name| RoleName::parse(name).unwrap());
    for name in &roles {
        set_role(&db.store, name, "of-nobody").await;
    }
    let mut users = Vec::new();
    for name in ["ada", "bob", "eve"] {
        let user = add_user(&db.store, name).await;
        give(&db.store, user, roles.to_vec()).await;
        users.push(user);
    }
    all_at_once(&db.store, |caller, store| {
        let (user, doomed, role) = (users[caller % 2], users[2], roles[caller % 2].clone());
        async move {
            for turn in 0..8 {
                match (caller / 2 + turn) % 8 {
                    0 => set_role(&store, &role, &format!("of-{caller}")).await,
                    1 => give(&store, user, vec![role.clone()]).await,
                    2 => give(&store, user, Vec::new()).await,
                    3 => drop(store.end_all_sessions(user, LATER, &event(EventKind::LoggedOut)).await.unwrap()),
                    4 => {
                        let told = event(EventKind::UserDeleted).user(doomed);
                        store.delete_user(doomed, &of_user(doomed, i64::MAX), &told).await.unwrap();
                    }
                    act => in_a_session(&store, user, act).await,
                }
            }
        }
    })
    .await;
}

async fn in_a_session(store: &Arc<dyn Store>, user: UserId, act: usize) {
    let record = store.user(user).await.unwrap().unwrap();
    let mut new = new_session(user);
    (new.generation, new.password_version) = (record.user.generation, record.password_version);
    let session = new.session.id;
    store.open_session(&new, &event(EventKind::LoginSucceeded).user(user)).await.unwrap();
    let told = event(EventKind::SessionEnded).user(user);
    match act {
        5 => drop(store.end_session(user, session, &of_session(session), &told).await.unwrap()),
        6 => {
            let hash = hash("hash-2");
            store.change_password(user, record.password_version, &hash, Some(session), LATER, &told).await.unwrap();
        }
        _ => {
            let rotation = Rotation {
                user,
                session,
                // One that never was, so that the session ends by it.
                presented: PlainToken::generate().unwrap().hash(),
                next: PlainToken::generate().unwrap().hash(),
                now: NOW,
                spent_since: NOW,
                idle_until: LATER,
                scope: None,
                limit: None,
                revoke_until: LATER,
            };
            store.rotate_refresh_token(&rotation, &told).await.unwrap();
        }
    }
}

async fn set_role(store: &Arc<dyn Store>, name: &RoleName, scopes: &str) {
    let role = Role { name: name.clone(), scopes: Scopes::parse(scopes) };
    store.set_role(&role, LATER, &event(EventKind::RoleChanged)).await.unwrap();
}

async fn give(store: &Arc<dyn Store>, user: UserId, roles: Vec<RoleName>) {
    let new = NewRoles { user, roles, sessions_max: Some(Duration::from_hours(1)) };
    store.set_user_roles(&new, LATER, &event(EventKind::UserRolesChanged)).await.unwrap();
}
