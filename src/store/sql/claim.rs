//! Taking from an account what someone else may have put into it, when its owner takes it in hand.

use std::time::Duration;

use sqlx::Result;

use super::{Transaction, devices, events, passkeys, second_factors, totp};
use crate::{
    account::{User, UserId},
    audit::{Event, EventKind},
    clock::Timestamp,
    mail::MailKind,
};

/// For how long after an address was confirmed its owner may find that they confirmed the account of someone else; and for
/// how long before an address was moved whoever moved it may have had the account.
pub(super) const DOUBT: Duration = Duration::from_hours(24);

const FOREVER: Timestamp = Timestamp::from_millis(i64::MAX);

/// Takes what whoever made an account may have planted in it: they may have typed an address that is not theirs. The caller
/// holds the user, who was like this before they showed that it is.
///
/// Opening the link that confirms an address takes nothing: whoever made the account and reads its mail does that. If its
/// reader is someone else, they find that they do not know the password, and ask for another at once.
pub(super) async fn from_maker(tx: &mut Transaction, before: &User, event: &Event) -> Result<()> {
    let doubted_until: Option<i64> = sqlx::query_scalar("SELECT doubted_until FROM users WHERE id = $1")
        .bind(before.id.0)
        .fetch_one(&mut **tx)
        .await?;
    let planted_before = match doubted_until.map(Timestamp::from_millis) {
        _ if before.email_verified_at.is_none() => FOREVER,
        Some(until) if event.at < until => until - DOUBT,
        _ => return Ok(()),
    };
    sqlx::query("UPDATE users SET doubted_until = NULL WHERE id = $1").bind(before.id.0).execute(&mut **tx).await?;
    take(tx, before.id, Timestamp::from_millis(0), planted_before, event).await
}

/// Takes what whoever moved the address of an account at this moment may have planted in it. What its owner had before
/// stays. The caller holds the user.
pub(super) async fn from_mover(tx: &mut Transaction, user: UserId, moved: Timestamp, event: &Event) -> Result<()> {
    take(tx, user, moved - DOUBT, FOREVER, event).await
}

/// Takes the second factors that were added from one moment on and before the other, and forgets every device.
async fn take(tx: &mut Transaction, user: UserId, from: Timestamp, before: Timestamp, event: &Event) -> Result<()> {
    if totp::take_added(tx, user, from, before).await? {
        tell(tx, EventKind::TotpDisabled, totp::AUTHENTICATOR, event).await?;
    }
    for key in passkeys::take_added(tx, user, from, before).await? {
        tell(tx, EventKind::PasskeyRemoved, key, event).await?;
    }
    second_factors::codes_follow(tx, user).await?;
    devices::forget_all(tx, user).await
}

async fn tell(tx: &mut Transaction, removed: EventKind, factor: &str, event: &Event) -> Result<()> {
    let event = event.entailing(removed);
    second_factors::tell(tx, MailKind::SecondFactorRemoved, factor, &event).await?;
    events::insert(tx, &event).await
}
