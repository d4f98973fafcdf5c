//! What holds for second factors of every kind.

use sqlx::Result;

use super::{Connection, outbox, recovery};
use crate::{
    account::UserId,
    audit::Event,
    mail::{MailKind, MailRequest, MailTo},
};

/// Whether a user, whom the caller holds, has a second factor of any kind.
pub(super) async fn any(connection: &mut Connection, user: UserId) -> Result<bool> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM passkeys WHERE user_id = $1) OR EXISTS (SELECT 1 FROM totp WHERE user_id = $1)",
    )
    .bind(user.0)
    .fetch_one(connection)
    .await
}

/// Takes the recovery codes of a user, whom the caller holds, if they have nothing left that the codes could stand in for.
pub(super) async fn codes_follow(connection: &mut Connection, user: UserId) -> Result<()> {
    if any(connection, user).await? { Ok(()) } else { recovery::put(connection, user, &[]).await }
}

/// Tells the user of an event that they have one more second factor, or one less, of this kind.
pub(super) async fn tell(connection: &mut Connection, kind: MailKind, factor: &str, event: &Event) -> Result<()> {
    let Some(user) = event.user else { return Ok(()) };
    outbox::insert(connection, &MailRequest::told_by(event, kind, MailTo::User(user)).about(factor)).await
}
