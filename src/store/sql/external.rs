//! Users for whom something else vouches.

use async_trait::async_trait;
use sqlx::Result;

use super::{
    super::Backend,
    registrations,
    users::{self, select_user},
    within,
};
use crate::{
    account::UserRecord,
    audit::Event,
    store::{self, Conflict, ExternalStore, NewExternalUser, StoreError},
};

#[async_trait]
impl ExternalStore for Backend {
    async fn external_user(&self, backend: &str, subject: &str) -> store::Result<Option<UserRecord>> {
        within(find(self, backend, subject)).await
    }

    async fn create_external_user(&self, new: &NewExternalUser, event: &Event) -> store::Result<()> {
        within(create(self, new, event)).await?.map_err(StoreError::Conflict)
    }
}

async fn find(store: &Backend, backend: &str, subject: &str) -> Result<Option<UserRecord>> {
    let query =
        sqlx::query(select_user!("id = (SELECT user_id FROM external_users WHERE backend = $1 AND subject = $2)"))
            .bind(backend)
            .bind(subject);
    query.fetch_optional(&mut *store.read().await?).await?.as_ref().map(users::record).transpose()
}

async fn create(store: &Backend, new: &NewExternalUser, event: &Event) -> Result<Result<(), Conflict>> {
    let mut tx = store.begin().await?;
    if let Err(conflict) = users::make(&mut tx, &new.user, event).await? {
        tx.rollback().await?;
        // Of two who make the same one, the later waits for the name, and then finds them made.
        let there = find(store, &new.backend, &new.subject).await?.is_some();
        return Ok(Err(if there { Conflict::Id } else { conflict }));
    }
    let inserted = sqlx::query(
        "INSERT INTO external_users (user_id, backend, subject) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    )
    .bind(new.user.user.id.0)
    .bind(&new.backend)
    .bind(&new.subject)
    .execute(&mut *tx)
    .await?;
    if inserted.rows_affected() == 0 {
        return Ok(Err(Conflict::Id));
    }
    registrations::ask_to_confirm(&mut tx, &new.user, event).await?;
    tx.commit().await?;
    Ok(Ok(()))
}
