//! What mailed tokens open. Each is one transaction with the token's own end.

use std::time::Duration;

use sqlx::{Error, Result};

use super::{
    super::Backend,
    Connection, api_keys, events,
    one_time::{self, Spent, Typed},
    outbox, passkeys, revocations, sessions, totp, users,
};
use crate::{
    account::{Email, UserId},
    audit::{Event, EventKind},
    clock::Timestamp,
    mail::{MailKind, MailRequest, MailTo},
    one_time::Purpose,
    password::PasswordHash,
    secret::TokenHash,
    store::{Grant, VerifyBy},
};

/// How long before an account's address was moved its keys are as little trusted as those that came after. Whoever takes an
/// account over may add a passkey, which would let them in again, before they move the address.
const BEFORE_THE_MOVE: Duration = Duration::from_hours(24);

pub(super) async fn verify(store: &Backend, by: &VerifyBy, event: &Event) -> Result<Option<UserId>> {
    let mut tx = store.begin().await?;
    let spent = match by {
        VerifyBy::Token(hash) => one_time::spend(&mut tx, Purpose::Verify, hash, event.at).await?,
        VerifyBy::Code(email, hash) => match one_time::try_code(&mut tx, email, hash, event.at).await? {
            Typed::Right(spent) => Some(spent),
            Typed::Wrong => {
                tx.commit().await?;
                return Ok(None);
            }
        },
    };
    let Some(Spent { user, email, .. }) = spent else { return Ok(None) };
    let verified = sqlx::query(
        "UPDATE users SET email_verified_at = $3, updated_at = $3
         WHERE id = $1 AND email_key = $2 AND disabled_at IS NULL",
    )
    .bind(user.0)
    .bind(email.key())
    .bind(event.at.as_millis())
    .execute(&mut *tx)
    .await?;
    if verified.rows_affected() == 0 {
        return Ok(None);
    }
    events::insert(&mut tx, &event.clone().user(user)).await?;
    tx.commit().await?;
    Ok(Some(user))
}

pub(super) async fn reset_password(
    store: &Backend,
    token: &TokenHash,
    password: &PasswordHash,
    revoke_until: Timestamp,
    event: &Event,
) -> Result<Option<(UserId, i64)>> {
    let mut tx = store.begin().await?;
    let Some(Spent { user, email, .. }) = one_time::spend(&mut tx, Purpose::Reset, token, event.at).await? else {
        return Ok(None);
    };
    let Some(before) = users::by_id(&mut tx, user).await? else { return Ok(None) };
    // Whoever has the token reads the mail of this address, so it is confirmed by that as well.
    let generation: Option<i64> = sqlx::query_scalar(
        "UPDATE users SET password_hash = $3, password_version = password_version + 1, must_change_password = FALSE,
            generation = generation + 1, email_verified_at = COALESCE(email_verified_at, $4), updated_at = $4
         WHERE id = $1 AND email_key = $2 AND disabled_at IS NULL RETURNING generation",
    )
    .bind(user.0)
    .bind(email.key())
    .bind(password.as_str())
    .bind(event.at.as_millis())
    .fetch_optional(&mut *tx)
    .await?;
    let Some(generation) = generation else { return Ok(None) };
    let event = event.clone().user(user);
    // Until now nobody had shown that the address is theirs: a second factor may be that of whoever typed it.
    if before.user.email_verified_at.is_none() {
        if totp::take(&mut tx, user).await? {
            events::insert(&mut tx, &event.entailing(EventKind::TotpDisabled)).await?;
        }
        if passkeys::take(&mut tx, user).await? {
            events::insert(&mut tx, &event.entailing(EventKind::PasskeyRemoved)).await?;
        }
    }
    sessions::end_except(&mut tx, user, None, event.at).await?;
    api_keys::end_all(&mut tx, user).await?;
    one_time::kill(&mut tx, user).await?;
    outbox::tell(&mut tx, MailKind::PasswordChanged, MailTo::User(user), &event).await?;
    events::insert(&mut tx, &event).await?;
    revocations::commit(tx, &[revocations::of_user(user, generation, revoke_until)]).await?;
    Ok(Some((user, generation)))
}

pub(super) async fn request_email_change(store: &Backend, grant: &Grant, event: &Event) -> Result<bool> {
    let mut tx = store.begin().await?;
    users::hold(&mut tx, grant.user).await?;
    if users::by_id(&mut tx, grant.user).await?.is_none() {
        return Ok(false);
    }
    one_time::grant(&mut tx, grant).await?;
    let mail = MailRequest::told_by(event, MailKind::ConfirmEmail, MailTo::Address(grant.email.clone()));
    outbox::insert(&mut tx, &MailRequest { id: grant.id, ..mail }).await?;
    events::insert(&mut tx, event).await?;
    tx.commit().await?;
    Ok(true)
}

pub(super) async fn confirm_email(store: &Backend, token: &TokenHash, event: &Event) -> Result<Option<UserId>> {
    let mut tx = store.begin().await?;
    let Some(Spent { user, email, .. }) = one_time::spend(&mut tx, Purpose::Confirm, token, event.at).await? else {
        return Ok(None);
    };
    let event = event.clone().user(user);
    let Some(before) = users::by_id(&mut tx, user).await? else { return Ok(None) };
    if before.user.disabled_at.is_some() || !move_to(&mut tx, user, &email, event.at).await? {
        return Ok(None);
    }
    one_time::kill(&mut tx, user).await?;
    let old = before.user.email;
    // An address that was never confirmed may be anybody's, who must not be handed the account.
    if before.user.email_verified_at.is_some() && old.key() != email.key() {
        let mail = MailRequest::told_by(&event, MailKind::EmailChanged, MailTo::Address(old.clone()));
        let expires_at = event.at + Purpose::Undo.lifetime();
        one_time::grant(&mut tx, &Grant { id: mail.id, purpose: Purpose::Undo, user, email: old, expires_at }).await?;
        outbox::insert(&mut tx, &mail.about(email.as_str())).await?;
    }
    events::insert(&mut tx, &event).await?;
    tx.commit().await?;
    Ok(Some(user))
}

pub(super) async fn undo_email(
    store: &Backend,
    token: &TokenHash,
    revoke_until: Timestamp,
    event: &Event,
) -> Result<Option<(UserId, i64)>> {
    let mut tx = store.begin().await?;
    let Some(Spent { id, user, email, expires_at }) = one_time::spend(&mut tx, Purpose::Undo, token, event.at).await?
    else {
        return Ok(None);
    };
    let event = event.clone().user(user);
    if !move_to(&mut tx, user, &email, event.at).await? {
        return Ok(None);
    }
    // Whoever moved the address may know the password, or have set it.
    sqlx::query("UPDATE users SET password_hash = NULL, password_version = password_version + 1 WHERE id = $1")
        .bind(user.0)
        .execute(&mut *tx)
        .await?;
    let Some(generation) = users::supersede(&mut tx, user, event.at).await? else { return Ok(None) };
    let moved_at = expires_at - Purpose::Undo.lifetime();
    if passkeys::take_since(&mut tx, user, moved_at - BEFORE_THE_MOVE).await? {
        events::insert(&mut tx, &event.entailing(EventKind::PasskeyRemoved)).await?;
    }
    sessions::end_except(&mut tx, user, None, event.at).await?;
    api_keys::end_all(&mut tx, user).await?;
    one_time::kill(&mut tx, user).await?;
    one_time::kill_undo_since(&mut tx, user, id).await?;
    outbox::tell(&mut tx, MailKind::ResetPassword, MailTo::Address(email), &event).await?;
    events::insert(&mut tx, &event).await?;
    events::insert(&mut tx, &event.entailing(EventKind::PasswordRemoved)).await?;
    revocations::commit(tx, &[revocations::of_user(user, generation, revoke_until)]).await?;
    Ok(Some((user, generation)))
}

/// Gives a user this confirmed address. `false` if another account has it, or may have it back.
async fn move_to(connection: &mut Connection, user: UserId, email: &Email, at: Timestamp) -> Result<bool> {
    if one_time::is_promised(connection, email, user, at).await? {
        return Ok(false);
    }
    let moved = sqlx::query(
        "UPDATE users SET email = $2, email_key = $3, email_verified_at = $4, updated_at = $4 WHERE id = $1",
    )
    .bind(user.0)
    .bind(email.as_str())
    .bind(email.key())
    .bind(at.as_millis())
    .execute(connection)
    .await;
    match moved {
        Ok(moved) => Ok(moved.rows_affected() == 1),
        Err(Error::Database(error)) if error.is_unique_violation() => Ok(false),
        Err(error) => Err(error),
    }
}
