//! What administrators do and ask for, and who is a member of what.

use async_trait::async_trait;
use sqlx::{Result, Row as _};
use uuid::Uuid;

use super::{
    super::{Backend, HOLD_ADMINS},
    Connection, api_keys, events, one_time, revocations,
    row::Row,
    sessions,
    users::{self, select_user},
    within,
};
use crate::{
    access::{ADMIN, Membership},
    account::{UserId, UserRecord},
    audit::Event,
    clock::Timestamp,
    store::{self, AccessStore, EventQuery, LastAdmin, NewMembership, NewUserPassword, UserQuery},
};

#[async_trait]
impl AccessStore for Backend {
    async fn find_users(&self, query: &UserQuery) -> store::Result<Vec<UserRecord>> {
        within(find_users(self, query)).await
    }

    async fn events(&self, query: &EventQuery) -> store::Result<Vec<Event>> {
        within(events::page(self, query)).await
    }

    async fn force_password(
        &self,
        new: &NewUserPassword,
        revoke_until: Timestamp,
        event: &Event,
    ) -> store::Result<Option<i64>> {
        within(force_password(self, new, revoke_until, event)).await
    }

    async fn set_membership(
        &self,
        new: &NewMembership,
        revoke_until: Timestamp,
        event: &Event,
    ) -> store::Result<Option<i64>> {
        within(set_membership(self, new, revoke_until, event)).await
    }

    async fn end_membership(
        &self,
        user: UserId,
        resource: &str,
        resource_id: &str,
        revoke_until: Timestamp,
        event: &Event,
    ) -> store::Result<Option<i64>> {
        within(end_membership(self, user, resource, resource_id, revoke_until, event)).await
    }

    async fn memberships_of(&self, user: UserId) -> store::Result<Vec<Membership>> {
        within(async { memberships_of(&mut *self.read().await?, user).await }).await
    }
}

/// Who was an administrator before something that may leave none.
pub(super) struct Admins {
    /// Whether the one it is done to was one, and could log in.
    was_one: bool,
}

impl Admins {
    /// Keeps who is an administrator as it is until the transaction ends. To be taken before any user is held, as those
    /// do who change roles.
    pub(super) async fn hold(connection: &mut Connection, user: UserId) -> Result<Self> {
        sqlx::query(HOLD_ADMINS).bind(ADMIN).fetch_optional(&mut *connection).await?;
        let was_one = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM user_roles JOIN users ON id = user_id
                WHERE user_id = $1 AND role = $2 AND disabled_at IS NULL)",
        )
        .bind(user.0)
        .bind(ADMIN)
        .fetch_one(connection)
        .await?;
        Ok(Self { was_one })
    }

    /// Whether one is left. Where none was lost, nobody asks.
    pub(super) async fn remain(&self, connection: &mut Connection) -> Result<Result<(), LastAdmin>> {
        if !self.was_one {
            return Ok(Ok(()));
        }
        let remain: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM user_roles JOIN users ON id = user_id WHERE role = $1 AND disabled_at IS NULL)",
        )
        .bind(ADMIN)
        .fetch_one(connection)
        .await?;
        Ok(if remain { Ok(()) } else { Err(LastAdmin) })
    }
}

async fn find_users(store: &Backend, query: &UserQuery) -> Result<Vec<UserRecord>> {
    let mut pattern = String::from("%");
    for character in query.text.to_lowercase().chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    let query = sqlx::query(select_user!(
        "id < $1 AND (username_key LIKE $2 ESCAPE '\\' OR email_key LIKE $2 ESCAPE '\\'
            OR lower(name) LIKE $2 ESCAPE '\\')
         ORDER BY id DESC LIMIT $3"
    ))
    .bind(query.after.map_or(Uuid::max(), |after| after.0))
    .bind(pattern)
    .bind(i64::from(query.limit));
    query.fetch_all(&mut *store.read().await?).await?.iter().map(users::record).collect()
}

/// What a user has besides a password, and what else would still open their account.
const OTHER_WAYS_IN: [&str; 6] = [
    "DELETE FROM passkeys WHERE user_id = $1",
    "DELETE FROM passkey_challenges WHERE user_id = $1",
    "DELETE FROM totp WHERE user_id = $1",
    "DELETE FROM totp_setups WHERE user_id = $1",
    "DELETE FROM recovery_codes WHERE user_id = $1",
    "DELETE FROM flows WHERE user_id = $1",
];

async fn force_password(
    store: &Backend,
    new: &NewUserPassword,
    revoke_until: Timestamp,
    event: &Event,
) -> Result<Option<i64>> {
    let mut tx = store.begin().await?;
    let generation: Option<i64> = sqlx::query_scalar(
        "UPDATE users SET password_hash = $3, password_version = password_version + 1, must_change_password = TRUE,
            generation = generation + 1, updated_at = $4
         WHERE id = $1 AND generation = $2 RETURNING generation",
    )
    .bind(new.user.0)
    .bind(new.generation)
    .bind(new.hash.as_str())
    .bind(event.at.as_millis())
    .fetch_optional(&mut *tx)
    .await?;
    let Some(generation) = generation else { return Ok(None) };
    for statement in OTHER_WAYS_IN {
        sqlx::query(statement).bind(new.user.0).execute(&mut *tx).await?;
    }
    sessions::end_except(&mut tx, new.user, None, event.at).await?;
    api_keys::end_all(&mut tx, new.user).await?;
    one_time::kill(&mut tx, new.user).await?;
    events::insert(&mut tx, event).await?;
    revocations::commit(tx, &[revocations::of_user(new.user, generation, revoke_until)]).await?;
    Ok(Some(generation))
}

async fn set_membership(
    store: &Backend,
    new: &NewMembership,
    revoke_until: Timestamp,
    event: &Event,
) -> Result<Option<i64>> {
    let NewMembership { user, membership } = new;
    let mut tx = store.begin().await?;
    let Some(generation) = users::supersede(&mut tx, *user, event.at).await? else { return Ok(None) };
    sqlx::query(
        "INSERT INTO memberships (user_id, resource, resource_id, level) VALUES ($1, $2, $3, $4)
         ON CONFLICT (user_id, resource, resource_id) DO UPDATE SET level = excluded.level",
    )
    .bind(user.0)
    .bind(membership.resource())
    .bind(membership.id())
    .bind(membership.level())
    .execute(&mut *tx)
    .await?;
    events::insert(&mut tx, event).await?;
    revocations::commit(tx, &[revocations::of_user(*user, generation, revoke_until)]).await?;
    Ok(Some(generation))
}

async fn end_membership(
    store: &Backend,
    user: UserId,
    resource: &str,
    resource_id: &str,
    revoke_until: Timestamp,
    event: &Event,
) -> Result<Option<i64>> {
    let mut tx = store.begin().await?;
    let Some(generation) = users::supersede(&mut tx, user, event.at).await? else { return Ok(None) };
    let ended = sqlx::query("DELETE FROM memberships WHERE user_id = $1 AND resource = $2 AND resource_id = $3")
        .bind(user.0)
        .bind(resource)
        .bind(resource_id)
        .execute(&mut *tx)
        .await?;
    if ended.rows_affected() == 0 {
        return Ok(None);
    }
    events::insert(&mut tx, event).await?;
    revocations::commit(tx, &[revocations::of_user(user, generation, revoke_until)]).await?;
    Ok(Some(generation))
}

pub(super) async fn memberships_of(connection: &mut Connection, user: UserId) -> Result<Vec<Membership>> {
    let rows = sqlx::query(
        "SELECT resource, resource_id, level FROM memberships WHERE user_id = $1 ORDER BY resource, resource_id",
    )
    .bind(user.0)
    .fetch_all(connection)
    .await?;
    rows.iter().map(membership).collect()
}

fn membership(row: &Row) -> Result<Membership> {
    Ok(Membership::from_stored(row.try_get("resource")?, row.try_get("resource_id")?, row.try_get("level")?))
}
