//! What people look up and end of their own.

use async_trait::async_trait;
use sqlx::Result;

use super::{super::Backend, events, one_time, revocations, sessions, users, within};
use crate::{
    account::{Email, UserId},
    audit::Event,
    clock::Timestamp,
    session::SessionId,
    store::{self, OwnStore},
};

#[async_trait]
impl OwnStore for Backend {
    async fn pending_email(&self, user: UserId, now: Timestamp) -> store::Result<Option<Email>> {
        within(one_time::pending_email(self, user, now)).await
    }

    async fn end_other_sessions(
        &self,
        user: UserId,
        keep: SessionId,
        revoke_until: Timestamp,
        event: &Event,
    ) -> store::Result<Vec<SessionId>> {
        within(end_other_sessions(self, user, keep, revoke_until, event)).await
    }
}

async fn end_other_sessions(
    store: &Backend,
    user: UserId,
    keep: SessionId,
    revoke_until: Timestamp,
    event: &Event,
) -> Result<Vec<SessionId>> {
    let mut tx = store.begin().await?;
    users::hold(&mut tx, user).await?;
    let ended = sessions::end_except(&mut tx, user, Some(keep), event.at).await?;
    for session in &ended {
        events::insert(&mut tx, &event.entailing(event.kind).about(*session)).await?;
    }
    revocations::commit(tx, &revocations::of_sessions(&ended, revoke_until)).await?;
    Ok(ended)
}
