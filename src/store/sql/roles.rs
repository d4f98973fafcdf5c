//! Roles, their scopes, and who has them.

use std::{collections::BTreeMap, time::Duration};

use sqlx::{Result, Row as _};
use uuid::Uuid;

use super::{
    super::{Backend, HOLD_HOLDERS, HOLD_ROLE},
    Connection,
    access::Admins,
    events, revocations,
    row::Row,
    users,
};
use crate::{
    access::{self, ADMIN, Role, RoleName},
    account::{User, UserId},
    audit::Event,
    clock::Timestamp,
    principal::Scopes,
    revocation::Revocation,
    store::{LastAdmin, NewRoles},
};

/// How many users one statement takes.
const BATCH: i64 = 1000;

/// What a user may do, by the roles they have in this transaction.
pub(super) async fn scopes_of(connection: &mut Connection, user: &User) -> Result<Scopes> {
    let listed: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT scope FROM user_roles JOIN role_scopes ON role_scopes.role = user_roles.role
         WHERE user_id = $1 ORDER BY scope",
    )
    .bind(user.id.0)
    .fetch_all(connection)
    .await?;
    Ok(access::scopes_of(&user.roles, &listed.into_iter().collect()))
}

pub(super) async fn all(store: &Backend) -> Result<Vec<Role>> {
    let rows: Vec<Row> =
        sqlx::query("SELECT name, scope FROM roles LEFT JOIN role_scopes ON role = name ORDER BY name, scope")
            .fetch_all(&mut *store.read().await?)
            .await?;
    let mut roles: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows {
        let scopes = roles.entry(row.try_get("name")?).or_default();
        scopes.extend(row.try_get::<Option<String>, _>("scope")?);
    }
    let role = |(name, scopes): (String, Vec<String>)| Role {
        name: RoleName::from_stored(name),
        scopes: scopes.into_iter().collect(),
    };
    Ok(roles.into_iter().map(role).collect())
}

/// Keeps these roles as they are until the transaction ends, so that whoever changes one knows everyone who has it.
pub(super) async fn hold(connection: &mut Connection, roles: &[String]) -> Result<()> {
    let mut names: Vec<_> = roles.iter().collect();
    names.sort_unstable();
    for name in names {
        sqlx::query(HOLD_ROLE).bind(name).fetch_optional(&mut *connection).await?;
    }
    Ok(())
}

pub(super) async fn set(
    store: &Backend,
    role: &Role,
    revoke_until: Timestamp,
    event: &Event,
) -> Result<Vec<(UserId, i64)>> {
    let name = role.name.as_str();
    let mut tx = store.begin().await?;
    // An update that changes nothing, because it holds the role.
    sqlx::query("INSERT INTO roles (name) VALUES ($1) ON CONFLICT (name) DO UPDATE SET name = excluded.name")
        .bind(name)
        .execute(&mut *tx)
        .await?;
    sqlx::query("DELETE FROM role_scopes WHERE role = $1").bind(name).execute(&mut *tx).await?;
    for scope in role.scopes.iter() {
        sqlx::query("INSERT INTO role_scopes (role, scope) VALUES ($1, $2)")
            .bind(name)
            .bind(scope)
            .execute(&mut *tx)
            .await?;
    }
    let concerned = supersede_all(&mut tx, name, event.at).await?;
    events::insert(&mut tx, event).await?;
    revocations::commit(tx, &all_of(&concerned, revoke_until)).await?;
    Ok(concerned)
}

pub(super) async fn delete(
    store: &Backend,
    name: &RoleName,
    revoke_until: Timestamp,
    event: &Event,
) -> Result<Option<Vec<(UserId, i64)>>> {
    let mut tx = store.begin().await?;
    let deleted = sqlx::query("DELETE FROM roles WHERE name = $1").bind(name.as_str()).execute(&mut *tx).await?;
    if deleted.rows_affected() == 0 {
        return Ok(None);
    }
    let concerned = supersede_all(&mut tx, name.as_str(), event.at).await?;
    sqlx::query("DELETE FROM user_roles WHERE role = $1").bind(name.as_str()).execute(&mut *tx).await?;
    events::insert(&mut tx, event).await?;
    revocations::commit(tx, &all_of(&concerned, revoke_until)).await?;
    Ok(Some(concerned))
}

/// Makes every token stale of everyone who has this role. The caller holds the role, so nobody else gets it meanwhile. They
/// are taken in one order, so that two changes at once never wait for each other.
async fn supersede_all(connection: &mut Connection, role: &str, at: Timestamp) -> Result<Vec<(UserId, i64)>> {
    let mut concerned = Vec::new();
    // No user has the least id there is: it is of no version.
    let mut after = Uuid::nil();
    loop {
        let held = sqlx::query_scalar(HOLD_HOLDERS).bind(role).bind(after).bind(BATCH);
        let held: Vec<Uuid> = held.fetch_all(&mut *connection).await?;
        let Some(&last) = held.last() else { return Ok(concerned) };
        let superseded: Vec<(Uuid, i64)> = sqlx::query_as(
            "UPDATE users SET generation = generation + 1, updated_at = $4
             WHERE id IN (SELECT user_id FROM user_roles WHERE role = $1 AND user_id > $2 AND user_id <= $3)
             RETURNING id, generation",
        )
        .bind(role)
        .bind(after)
        .bind(last)
        .bind(at.as_millis())
        .fetch_all(&mut *connection)
        .await?;
        concerned.extend(superseded.into_iter().map(|(id, generation)| (UserId(id), generation)));
        after = last;
    }
}

fn all_of(concerned: &[(UserId, i64)], until: Timestamp) -> Vec<Revocation> {
    concerned.iter().map(|&(user, generation)| revocations::of_user(user, generation, until)).collect()
}

pub(super) async fn give(
    store: &Backend,
    new: &NewRoles,
    revoke_until: Timestamp,
    event: &Event,
) -> Result<Result<Option<i64>, LastAdmin>> {
    let names: Vec<_> = new.roles.iter().map(ToString::to_string).collect();
    let mut tx = store.begin().await?;
    // In the order in which everyone takes them: those before `admin`, that one, the others.
    let (before, behind): (Vec<_>, Vec<_>) = names.iter().cloned().partition(|name| name.as_str() < ADMIN);
    hold(&mut tx, &before).await?;
    let admins = Admins::hold(&mut tx, new.user).await?;
    hold(&mut tx, &behind).await?;
    let Some(generation) = users::supersede(&mut tx, new.user, event.at).await? else {
        return Ok(Ok(None));
    };
    sqlx::query("DELETE FROM user_roles WHERE user_id = $1").bind(new.user.0).execute(&mut *tx).await?;
    for name in &names {
        sqlx::query(
            "INSERT INTO user_roles (user_id, role) SELECT $1, name FROM roles WHERE name = $2 ON CONFLICT DO NOTHING",
        )
        .bind(new.user.0)
        .bind(name)
        .execute(&mut *tx)
        .await?;
    }
    if let Err(last) = admins.remain(&mut tx).await? {
        return Ok(Err(last));
    }
    if let Some(max) = new.sessions_max {
        shorten_sessions(&mut tx, new.user, max).await?;
    }
    events::insert(&mut tx, event).await?;
    revocations::commit(tx, &[revocations::of_user(new.user, generation, revoke_until)]).await?;
    Ok(Ok(Some(generation)))
}

/// Lets no session of a user live for longer than this after it was opened.
async fn shorten_sessions(connection: &mut Connection, user: UserId, max: Duration) -> Result<()> {
    sqlx::query(
        "UPDATE sessions SET
            expires_at = CASE WHEN expires_at > created_at + $2 THEN created_at + $2 ELSE expires_at END,
            idle_until = CASE WHEN idle_until > created_at + $2 THEN created_at + $2 ELSE idle_until END
         WHERE user_id = $1 AND ended_at IS NULL",
    )
    .bind(user.0)
    .bind(i64::try_from(max.as_millis()).unwrap_or(i64::MAX / 4))
    .execute(connection)
    .await?;
    Ok(())
}
