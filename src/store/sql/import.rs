//! Users by the file: many in, and all out.

use std::collections::BTreeSet;

use sqlx::{QueryBuilder, Result};
use uuid::Uuid;

use super::{
    super::{Backend, Db},
    Transaction, events, roles,
    users::{make, record, select_user},
};
use crate::{
    account::{UserId, UserRecord},
    audit::Event,
    clock::Timestamp,
    password::PasswordHash,
    store::{Conflict, NewUser},
};

/// How many are made by one statement. There is a limit to the values that one may have: 32,766 in SQLite.
const AT_ONCE: usize = 500;

pub(super) async fn users(store: &Backend, users: &[(NewUser, Event)], keep: bool) -> Result<Vec<Option<Conflict>>> {
    let mut tx = store.begin().await?;
    let mut conflicts = Vec::with_capacity(users.len());
    for some in users.chunks(AT_ONCE) {
        tx.save().await?;
        if all(&mut tx, some).await? {
            tx.keep().await?;
            conflicts.extend(some.iter().map(|_| None));
        } else {
            tx.undo().await?;
            one_by_one(&mut tx, some, &mut conflicts).await?;
        }
    }
    if keep {
        tx.commit().await?;
    }
    Ok(conflicts)
}

/// Makes those of them that can be made.
async fn one_by_one(
    tx: &mut Transaction,
    users: &[(NewUser, Event)],
    conflicts: &mut Vec<Option<Conflict>>,
) -> Result<()> {
    for (new, event) in users {
        // A savepoint: what is undone is this user, and not the ones before.
        tx.save().await?;
        let made = make(tx, new, event).await?;
        if made.is_ok() {
            tx.keep().await?;
        } else {
            tx.undo().await?;
        }
        conflicts.push(made.err());
    }
    Ok(())
}

/// Makes all of them in a few statements, however many they are. `false` if something may be in the way of one: what was
/// done is to be undone then, and each looked at by itself.
async fn all(tx: &mut Transaction, users: &[(NewUser, Event)]) -> Result<bool> {
    // How someone in a session had shown who they are is looked up for each.
    if users.iter().any(|(_, event)| event.session.is_some()) {
        return Ok(false);
    }
    let named: BTreeSet<_> = users.iter().flat_map(|(new, _)| &new.user.roles).cloned().collect();
    roles::hold(tx, &named.into_iter().collect::<Vec<_>>()).await?;
    // Asked after the insert, as with one.
    if !insert(tx, users).await? || is_any_kept(tx, users).await? {
        return Ok(false);
    }
    give_roles(tx, users).await?;
    events::insert_all(tx, users.iter().map(|(_, event)| event)).await?;
    Ok(true)
}

/// `false` if something that must be unique is taken.
async fn insert(tx: &mut Transaction, users: &[(NewUser, Event)]) -> Result<bool> {
    let mut query = QueryBuilder::<Db>::new(
        "INSERT INTO users (id, username, username_key, email, email_key, email_verified_at, name, password_hash,
            password_version, generation, disabled_at, created_at, updated_at, must_change_password, pending) ",
    );
    query.push_values(users, |mut row, (new, _)| {
        let user = &new.user;
        row.push_bind(user.id.0)
            .push_bind(user.username.as_str())
            .push_bind(user.username.key())
            .push_bind(user.email.as_str())
            .push_bind(user.email.key())
            .push_bind(user.email_verified_at.map(Timestamp::as_millis))
            .push_bind(&user.name)
            .push_bind(new.password.as_ref().map(PasswordHash::as_str))
            .push_bind(1_i64)
            .push_bind(user.generation)
            .push_bind(user.disabled_at.map(Timestamp::as_millis))
            .push_bind(user.created_at.as_millis())
            .push_bind(user.created_at.as_millis())
            .push_bind(new.must_change_password)
            .push_bind(new.pending);
    });
    let inserted = query.push(" ON CONFLICT DO NOTHING").build().execute(&mut **tx).await?;
    Ok(usize::try_from(inserted.rows_affected()) == Ok(users.len()))
}

/// Whether any of the names was someone's once, or any of the addresses may be asked back.
async fn is_any_kept(tx: &mut Transaction, users: &[(NewUser, Event)]) -> Result<bool> {
    let first = users.iter().map(|(_, event)| event.at.as_millis()).min().unwrap_or_default();
    let mut query = QueryBuilder::<Db>::new(
        "SELECT EXISTS (SELECT 1 FROM one_time_tokens WHERE purpose = 'undo' AND expires_at > ",
    );
    query.push_bind(first).push(" AND email_key IN (");
    let mut addresses = query.separated(", ");
    for (new, _) in users {
        addresses.push_bind(new.user.email.key());
    }
    query.push(")) OR EXISTS (SELECT 1 FROM retired_usernames WHERE username_key IN (");
    let mut names = query.separated(", ");
    for (new, _) in users {
        names.push_bind(new.user.username.key());
    }
    query.push("))").build_query_scalar().fetch_one(&mut **tx).await
}

async fn give_roles(tx: &mut Transaction, users: &[(NewUser, Event)]) -> Result<()> {
    let given = users.iter().flat_map(|(new, _)| new.user.roles.iter().map(|role| (new.user.id.0, role)));
    let given: Vec<_> = given.collect();
    for some in given.chunks(AT_ONCE) {
        let mut query = QueryBuilder::<Db>::new("INSERT INTO user_roles (user_id, role) ");
        query.push_values(some, |mut row, (user, role)| {
            row.push_bind(user).push_bind(role);
        });
        query.push(" ON CONFLICT DO NOTHING").build().execute(&mut **tx).await?;
    }
    Ok(())
}

pub(super) async fn page(store: &Backend, after: Option<UserId>, limit: u32) -> Result<Vec<UserRecord>> {
    // No user has the least id there is: it is of no version.
    let after = after.map_or(Uuid::nil(), |id| id.0);
    let query = sqlx::query(select_user!("id > $1 ORDER BY id LIMIT $2")).bind(after).bind(i64::from(limit));
    query.fetch_all(&mut *store.read().await?).await?.iter().map(record).collect()
}
