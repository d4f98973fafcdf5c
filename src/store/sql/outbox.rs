//! Mails that were asked for and have not left yet.

use sqlx::{Result, Row as _};
use uuid::Uuid;

use super::{
    super::{Backend, FIND_LANES, TAKE_MAIL},
    Connection, events,
    row::{Row, malformed, optional_parsed, parsed, timestamp},
};
use crate::{
    account::{Email, UserId, Username},
    audit::Event,
    clock::Timestamp,
    mail::{MailBacklog, MailKind, MailRequest, MailTo, TakenMail},
    session::Device,
};

/// Puts a mail into the outbox, in the transaction of the act that it tells of.
///
/// One statement, of the same cost whoever it is for: nothing is looked up.
pub(super) async fn insert(connection: &mut Connection, request: &MailRequest) -> Result<()> {
    let (email, username) = match &request.to {
        MailTo::Address(email) => (Some(email), None),
        MailTo::Username(username) => (None, Some(username)),
        MailTo::User(_) => (None, None),
    };
    sqlx::query(
        "INSERT INTO outbox (id, kind, asked_at, to_email, to_username, user_id, about, address, user_agent, lane,
            attempts, due_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $3)",
    )
    .bind(request.id)
    .bind(request.kind.as_str())
    .bind(request.at.as_millis())
    .bind(email.map(Email::as_str))
    .bind(username.map(Username::key))
    .bind(if let MailTo::User(user) = request.to { Some(user.0) } else { request.user.map(|user| user.0) })
    .bind(&request.about)
    .bind(request.device.address.map(|address| address.to_string()))
    .bind(&request.device.user_agent)
    .bind(email.map(Email::key))
    .execute(connection)
    .await?;
    Ok(())
}

/// Asks for a mail of this kind that tells of this event.
pub(super) async fn tell(connection: &mut Connection, kind: MailKind, to: MailTo, event: &Event) -> Result<()> {
    insert(connection, &MailRequest::told_by(event, kind, to)).await
}

pub(super) async fn post(store: &Backend, request: &MailRequest) -> Result<()> {
    let mut tx = store.begin().await?;
    insert(&mut tx, request).await?;
    tx.commit().await
}

pub(super) async fn take(store: &Backend, limit: u32, now: Timestamp, until: Timestamp) -> Result<Vec<TakenMail>> {
    let mut tx = store.begin().await?;
    sqlx::query(FIND_LANES).execute(&mut *tx).await?;
    let rows = sqlx::query(TAKE_MAIL)
        .bind(now.as_millis())
        .bind(until.as_millis())
        .bind(i64::from(limit))
        .fetch_all(&mut *tx)
        .await?;
    tx.commit().await?;
    // One that cannot be read, because a newer program wrote it, must not hold up the others.
    let unreadable = |error| tracing::error!(%error, "a mail in the outbox cannot be read");
    let mut taken: Vec<_> = rows.iter().filter_map(|row| taken_mail(row).map_err(unreadable).ok()).collect();
    taken.sort_by_key(|mail| mail.request.id);
    Ok(taken)
}

fn taken_mail(row: &Row) -> Result<TakenMail> {
    let user = row.try_get::<Option<_>, _>("user_id")?.map(UserId);
    let email = optional_parsed(row, "to_email", Email::parse)?;
    let username = optional_parsed(row, "to_username", Username::parse)?;
    let to = match (email, username, user) {
        (Some(email), None, _) => MailTo::Address(email),
        (None, Some(username), _) => MailTo::Username(username),
        (None, None, Some(user)) => MailTo::User(user),
        _ => return Err(malformed("to_email")),
    };
    let request = MailRequest {
        id: row.try_get("id")?,
        at: timestamp(row, "asked_at")?,
        kind: parsed(row, "kind", MailKind::parse)?,
        to,
        user,
        about: row.try_get("about")?,
        device: Device {
            address: optional_parsed(row, "address", |text| text.parse().ok())?,
            user_agent: row.try_get("user_agent")?,
        },
    };
    Ok(TakenMail { request, attempt: row.try_get("attempts")? })
}

pub(super) async fn put_off(store: &Backend, id: Uuid, attempt: i64, due_at: Timestamp) -> Result<bool> {
    let put = sqlx::query("UPDATE outbox SET due_at = $3 WHERE id = $1 AND attempts = $2 AND given_up_at IS NULL");
    let moved = store.execute(put.bind(id).bind(attempt).bind(due_at.as_millis())).await?;
    Ok(moved.rows_affected() == 1)
}

pub(super) async fn finish(store: &Backend, id: Uuid, attempt: i64) -> Result<bool> {
    let remove = sqlx::query("DELETE FROM outbox WHERE id = $1 AND attempts = $2 AND given_up_at IS NULL");
    let removed = store.execute(remove.bind(id).bind(attempt)).await?;
    Ok(removed.rows_affected() == 1)
}

pub(super) async fn give_up(store: &Backend, id: Uuid, attempt: i64, event: &Event) -> Result<bool> {
    let mut tx = store.begin().await?;
    let given_up =
        sqlx::query("UPDATE outbox SET given_up_at = $3 WHERE id = $1 AND attempts = $2 AND given_up_at IS NULL")
            .bind(id)
            .bind(attempt)
            .bind(event.at.as_millis())
            .execute(&mut *tx)
            .await?;
    if given_up.rows_affected() == 0 {
        return Ok(false);
    }
    events::insert(&mut tx, event).await?;
    tx.commit().await?;
    Ok(true)
}

pub(super) async fn backlog(store: &Backend, since: Timestamp) -> Result<MailBacklog> {
    let row = sqlx::query(
        "SELECT (SELECT COUNT(*) FROM outbox WHERE given_up_at IS NULL) AS waiting,
            (SELECT MIN(asked_at) FROM outbox WHERE given_up_at IS NULL) AS oldest,
            (SELECT COUNT(*) FROM outbox WHERE given_up_at > $1) AS given_up",
    )
    .bind(since.as_millis())
    .fetch_one(&mut *store.read().await?)
    .await?;
    let count = |column| Ok::<_, sqlx::Error>(u64::try_from(row.try_get::<i64, _>(column)?).unwrap_or(0));
    Ok(MailBacklog {
        waiting: count("waiting")?,
        oldest: row.try_get::<Option<i64>, _>("oldest")?.map(Timestamp::from_millis),
        given_up: count("given_up")?,
    })
}
