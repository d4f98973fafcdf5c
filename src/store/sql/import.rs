//! Users by the file: many in, and all out.

use sqlx::Result;
use uuid::Uuid;

use super::{
    super::Backend,
    users::{make, record, select_user},
};
use crate::{
    account::{UserId, UserRecord},
    audit::Event,
    store::{Conflict, NewUser},
};

pub(super) async fn users(store: &Backend, users: &[(NewUser, Event)], keep: bool) -> Result<Vec<Option<Conflict>>> {
    let mut tx = store.begin().await?;
    let mut conflicts = Vec::with_capacity(users.len());
    for (new, event) in users {
        // A savepoint: what is undone is this user, and not the ones before.
        tx.save().await?;
        let made = make(&mut tx, new, event).await?;
        if made.is_ok() {
            tx.keep().await?;
        } else {
            tx.undo().await?;
        }
        conflicts.push(made.err());
    }
    if keep {
        tx.commit().await?;
    }
    Ok(conflicts)
}

pub(super) async fn page(store: &Backend, after: Option<UserId>, limit: u32) -> Result<Vec<UserRecord>> {
    // No user has the least id there is: it is of no version.
    let after = after.map_or(Uuid::nil(), |id| id.0);
    let query = sqlx::query(select_user!("id > $1 ORDER BY id LIMIT $2")).bind(after).bind(i64::from(limit));
    query.fetch_all(&mut *store.read().await?).await?.iter().map(record).collect()
}
