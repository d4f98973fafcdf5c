//! Users who ask for an account themselves.

use sqlx::Result;

use super::{super::Backend, Connection, Transaction, attempts, events, outbox, users};
use crate::{
    audit::{Event, EventKind},
    mail::{MailKind, MailTo},
    store::{Conflict, NewUser},
    throttle::Bucket,
};

pub(super) async fn register(
    store: &Backend,
    new: &NewUser,
    neutral: bool,
    event: &Event,
) -> Result<Result<(), Conflict>> {
    match ask(store, new, neutral, event).await? {
        Asked::Made(tx) => tx.commit().await.map(Ok),
        Asked::Known => Ok(Ok(())),
        Asked::Taken(conflict) => Ok(Err(conflict)),
    }
}

/// What became of a user who asked for an account.
pub(super) enum Asked {
    /// They have one once this ends.
    Made(Transaction),
    /// Their address has one, and they are not told.
    Known,
    /// Something that must be unique is taken.
    Taken(Conflict),
}

/// Makes a user who asked for it, and asks for the mail that goes to their address. If `neutral`, an address that is taken
/// is no conflict: its owner gets a mail, and the name is used up as it would have been.
pub(super) async fn ask(store: &Backend, new: &NewUser, neutral: bool, event: &Event) -> Result<Asked> {
    let mut tx = store.begin().await?;
    match users::make(&mut tx, new, event).await? {
        Ok(()) => {
            ask_to_confirm(&mut tx, new, event).await?;
            Ok(Asked::Made(tx))
        }
        Err(Conflict::Email) if neutral => {
            tx.rollback().await?;
            tx = store.begin().await?;
            users::retire_name(&mut tx, new.user.username.key(), event.at).await?;
            let event = Event { user: None, kind: EventKind::RegistrationRepeated, ..event.clone() };
            if may_mail(&mut tx, new, &event).await? {
                outbox::tell(&mut tx, MailKind::AlreadyRegistered, address_of(new), &event).await?;
            }
            events::insert(&mut tx, &event).await?;
            tx.commit().await?;
            Ok(Asked::Known)
        }
        Err(conflict) => Ok(Asked::Taken(conflict)),
    }
}

/// Asks for the mail by which a new user confirms their address, if there is something to confirm.
pub(super) async fn ask_to_confirm(connection: &mut Connection, new: &NewUser, event: &Event) -> Result<()> {
    // Whoever has to be let in is asked then.
    if !new.pending && new.user.email_verified_at.is_none() && may_mail(connection, new, event).await? {
        outbox::tell(connection, MailKind::VerifyEmail, address_of(new), event).await?;
    }
    Ok(())
}

fn address_of(new: &NewUser) -> MailTo {
    MailTo::Address(new.user.email.clone())
}

/// Whether one more mail may go to an address because someone registered with it: anyone may, from anywhere.
async fn may_mail(connection: &mut Connection, new: &NewUser, event: &Event) -> Result<bool> {
    attempts::count_if_allowed(connection, &Bucket::mail("register", new.user.email.key()), event.at).await
}
