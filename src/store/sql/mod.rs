//! The verbs, written once for both databases.
//!
//! This folder is compiled into each backend, which sets the few things that differ: `Db`, `Backend`, how a
//! transaction begins, and the statements that lock. Everything else is the same text on both, with `$1` for the first
//! argument, and only ever constant text: what comes from outside travels as an argument.
//!
//! A transaction that is not committed is rolled back when it is dropped, also when the caller went away halfway.

mod access;
mod api_keys;
mod attempts;
mod challenges;
mod claim;
mod connection;
mod cookies;
mod devices;
mod events;
mod external;
mod factors;
mod first_admin;
mod flows;
mod import;
mod keys;
mod mailed;
mod one_time;
mod outbox;
mod own;
mod passkeys;
mod recovery;
mod refresh;
mod registrations;
mod revocations;
mod roles;
mod row;
mod second_factors;
mod sessions;
mod sweep;
mod totp;
mod users;

use std::{sync::Weak, time::Duration};

use async_trait::async_trait;
use sqlx::Error;
use uuid::Uuid;

pub(super) use self::connection::Pool;
use self::{
    connection::{Done, Statement, Transaction, in_its_time, within},
    row::Connection,
};
use super::{Backend, is_passing};
use crate::{
    access::{Role, RoleName},
    account::{Email, UserId, UserRecord, Username},
    audit::{Event, Observe},
    clock::Timestamp,
    mail::{MailBacklog, MailRequest, MailTo, TakenMail},
    one_time::Purpose,
    password::PasswordHash,
    revocation::{Change, Cursor, Revocation},
    secret::{Sealed, TokenHash},
    session::{Session, SessionId},
    store::{
        Conflict, EventQuery, Grant, NewRoles, NewSession, NewToken, NewUser, Notices, Opened, PoolFigures, Result,
        Rotated, Rotation, Store, StoreError, StoredKey, VerifyBy,
    },
    throttle::Bucket,
};

impl Backend {
    /// A transaction.
    async fn begin(&self) -> Result<Transaction, Error> {
        self.writer.begin().await
    }

    /// A connection to read from.
    async fn read(&self) -> Result<Transaction, Error> {
        self.reader.lend().await
    }

    /// Runs a single statement that writes.
    async fn execute(&self, query: Statement<'_>) -> Result<Done, Error> {
        self.writer.execute(query).await
    }
}

/// What an error of the driver means to a caller. Only its text is kept: what else it holds may quote a row.
#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
pub(super) fn store_error(error: Error) -> StoreError {
    let passing = match &error {
        Error::Database(error) => error.code().is_some_and(|code| is_passing(&code)),
        Error::Io(_)
        | Error::Tls(_)
        | Error::PoolTimedOut
        | Error::PoolClosed
        | Error::Protocol(_)
        | Error::WorkerCrashed
        | Error::BeginFailed => true,
        _ => false,
    };
    let text = error.to_string();
    if passing { StoreError::Unavailable(text.into()) } else { StoreError::Broken(text) }
}

#[async_trait]
impl Store for Backend {
    fn observe(&self, observer: Weak<dyn Observe>) {
        self.writer.observe(observer);
    }

    fn notices(&self) -> Notices {
        self.notices()
    }

    fn connections(&self) -> Vec<PoolFigures> {
        self.connections()
    }

    async fn ping(&self) -> Result<()> {
        within(async { sqlx::query("SELECT 1").execute(&mut *self.read().await?).await.map(drop) }).await
    }

    async fn create_user(&self, new: &NewUser, event: &Event) -> Result<()> {
        within(users::create(self, new, event)).await?.map_err(StoreError::Conflict)
    }

    async fn register_user(&self, new: &NewUser, neutral: bool, event: &Event) -> Result<()> {
        within(registrations::register(self, new, neutral, event)).await?.map_err(StoreError::Conflict)
    }

    async fn invite_user(&self, new: &NewUser, event: &Event) -> Result<()> {
        within(users::invite(self, new, event)).await?.map_err(StoreError::Conflict)
    }

    async fn import_users(&self, users: &[(NewUser, Event)], keep: bool) -> Result<Vec<Option<Conflict>>> {
        in_its_time(import::users(self, users, keep)).await
    }

    async fn export_users(&self, after: Option<UserId>, limit: u32) -> Result<Vec<UserRecord>> {
        within(import::page(self, after, limit)).await
    }

    async fn user(&self, id: UserId) -> Result<Option<UserRecord>> {
        within(users::with_id(self, id)).await
    }

    async fn user_by_username(&self, username: &Username) -> Result<Option<UserRecord>> {
        within(users::by_username(self, username)).await
    }

    async fn user_by_email(&self, email: &Email) -> Result<Option<UserRecord>> {
        within(users::by_email(self, email)).await
    }

    async fn id_of(&self, to: &MailTo) -> Result<Option<UserId>> {
        within(users::id_of(self, to)).await
    }

    async fn rename_user(&self, id: UserId, name: &str, event: &Event) -> Result<bool> {
        within(users::rename(self, id, name, event)).await
    }

    async fn delete_user(&self, id: UserId, revocation: &Revocation, event: &Event) -> Result<bool> {
        Ok(within(users::delete(self, id, revocation, event)).await??)
    }

    async fn rehash_password(&self, id: UserId, version: i64, hash: &PasswordHash, event: &Event) -> Result<bool> {
        within(users::rehash_password(self, id, version, hash, event)).await
    }

    async fn change_password(
        &self,
        id: UserId,
        version: i64,
        hash: &PasswordHash,
        keep: Option<SessionId>,
        revoke_until: Timestamp,
        event: &Event,
    ) -> Result<Option<Vec<SessionId>>> {
        within(users::change_password(self, id, version, hash, keep, revoke_until, event)).await
    }

    async fn disable_user(&self, id: UserId, revoke_until: Timestamp, event: &Event) -> Result<Option<i64>> {
        Ok(within(users::disable(self, id, revoke_until, event)).await??)
    }

    async fn enable_user(&self, id: UserId, event: &Event) -> Result<bool> {
        within(users::enable(self, id, event)).await
    }

    async fn roles(&self) -> Result<Vec<Role>> {
        within(roles::all(self)).await
    }

    async fn set_role(&self, role: &Role, revoke_until: Timestamp, event: &Event) -> Result<Vec<(UserId, i64)>> {
        in_its_time(roles::set(self, role, revoke_until, event)).await
    }

    async fn delete_role(
        &self,
        name: &RoleName,
        revoke_until: Timestamp,
        event: &Event,
    ) -> Result<Option<Vec<(UserId, i64)>>> {
        in_its_time(roles::delete(self, name, revoke_until, event)).await
    }

    async fn set_user_roles(&self, new: &NewRoles, revoke_until: Timestamp, event: &Event) -> Result<Option<i64>> {
        Ok(within(roles::give(self, new, revoke_until, event)).await??)
    }

    async fn open_session(&self, new: &NewSession, event: &Event) -> Result<Option<Opened>> {
        within(sessions::open(self, new, event)).await
    }

    async fn session(&self, id: SessionId, now: Timestamp) -> Result<Option<Session>> {
        within(sessions::living(self, id, now)).await
    }

    async fn sessions_of(
        &self,
        user: UserId,
        now: Timestamp,
        after: Option<SessionId>,
        limit: u32,
    ) -> Result<Vec<Session>> {
        within(sessions::of(self, user, now, after, limit)).await
    }

    async fn saw_session(&self, id: SessionId, now: Timestamp, idle_until: Timestamp) -> Result<()> {
        within(sessions::saw(self, id, now, idle_until)).await
    }

    async fn session_of_refresh_token(&self, token: &TokenHash) -> Result<Option<(UserId, SessionId)>> {
        within(refresh::session_of(self, token)).await
    }

    async fn rotate_refresh_token(&self, rotation: &Rotation, reused: &Event) -> Result<Rotated> {
        within(refresh::rotate(self, rotation, reused)).await
    }

    async fn end_session(&self, user: UserId, id: SessionId, revocation: &Revocation, event: &Event) -> Result<bool> {
        within(sessions::end(self, user, id, revocation, event)).await
    }

    async fn end_all_sessions(&self, user: UserId, revoke_until: Timestamp, event: &Event) -> Result<Option<i64>> {
        within(sessions::end_all(self, user, revoke_until, event)).await
    }

    async fn last_revocation(&self) -> Result<Cursor> {
        within(revocations::last(self)).await
    }

    async fn revocations_after(&self, number: i64, limit: u32) -> Result<Vec<Change>> {
        within(revocations::after(self, number, limit)).await
    }

    async fn begin_attempt(&self, buckets: &[Bucket], now: Timestamp) -> Result<Option<Duration>> {
        within(attempts::begin(self, buckets, now)).await
    }

    async fn take_back_attempt(&self, buckets: &[Bucket]) -> Result<()> {
        within(attempts::take_back(self, buckets)).await
    }

    async fn clear_attempts(&self, buckets: &[Bucket]) -> Result<()> {
        within(attempts::clear(self, buckets)).await
    }

    async fn knows_network(&self, user: UserId, network: &str, since: Timestamp) -> Result<bool> {
        within(devices::knows_network(self, user, network, since)).await
    }

    async fn issue_token(&self, new: &NewToken) -> Result<bool> {
        within(one_time::issue(self, new)).await
    }

    async fn arm_token(&self, id: Uuid, hash: &TokenHash, now: Timestamp) -> Result<Option<Timestamp>> {
        within(one_time::arm(self, id, hash, now)).await
    }

    async fn user_of_token(&self, purpose: Purpose, token: &TokenHash, now: Timestamp) -> Result<Option<UserId>> {
        within(one_time::user_of(self, purpose, token, now)).await
    }

    async fn verify_email(&self, by: &VerifyBy, event: &Event) -> Result<Option<UserId>> {
        within(mailed::verify(self, by, event)).await
    }

    async fn reset_password(
        &self,
        token: &TokenHash,
        password: &PasswordHash,
        revoke_until: Timestamp,
        event: &Event,
    ) -> Result<Option<(UserId, i64)>> {
        within(mailed::reset_password(self, token, password, revoke_until, event)).await
    }

    async fn request_email_change(&self, grant: &Grant, event: &Event) -> Result<bool> {
        within(mailed::request_email_change(self, grant, event)).await
    }

    async fn confirm_email(&self, token: &TokenHash, event: &Event) -> Result<Option<UserId>> {
        within(mailed::confirm_email(self, token, event)).await
    }

    async fn undo_email(
        &self,
        token: &TokenHash,
        revoke_until: Timestamp,
        event: &Event,
    ) -> Result<Option<(UserId, i64)>> {
        within(mailed::undo_email(self, token, revoke_until, event)).await
    }

    async fn record(&self, event: &Event) -> Result<()> {
        within(events::record(self, event)).await
    }

    async fn events_of(&self, user: UserId, limit: u32) -> Result<Vec<Event>> {
        within(events::page(self, &EventQuery { user: Some(user), limit, ..EventQuery::default() })).await
    }

    async fn data_key(&self, offered: &Sealed, now: Timestamp) -> Result<Sealed> {
        within(keys::data_key(self, offered, now)).await
    }

    async fn rewrap_data_key(&self, from: &Sealed, to: &Sealed, event: &Event) -> Result<bool> {
        within(keys::rewrap_data_key(self, from, to, event)).await
    }

    async fn signing_keys(&self) -> Result<Vec<StoredKey>> {
        within(keys::signing_keys(self)).await
    }

    async fn signing_keys_version(&self) -> Result<i64> {
        within(keys::signing_keys_version(self)).await
    }

    async fn first_signing_key(&self, offered: &StoredKey) -> Result<()> {
        within(keys::first_signing_key(self, offered)).await
    }

    async fn add_signing_key(&self, key: &StoredKey, forget_before: Timestamp, event: &Event) -> Result<bool> {
        within(keys::add_signing_key(self, key, forget_before, event)).await
    }

    async fn retire_signing_key(&self, kid: &str, now: Timestamp, event: &Event) -> Result<bool> {
        within(keys::retire_signing_key(self, kid, now, event)).await
    }

    async fn post_mail(&self, request: &MailRequest) -> Result<()> {
        within(outbox::post(self, request)).await
    }

    async fn take_mail(&self, limit: u32, now: Timestamp, until: Timestamp) -> Result<Vec<TakenMail>> {
        within(outbox::take(self, limit, now, until)).await
    }

    async fn put_off_mail(&self, id: Uuid, attempt: i64, due_at: Timestamp) -> Result<bool> {
        within(outbox::put_off(self, id, attempt, due_at)).await
    }

    async fn finish_mail(&self, id: Uuid, attempt: i64) -> Result<bool> {
        within(outbox::finish(self, id, attempt)).await
    }

    async fn give_up_mail(&self, id: Uuid, attempt: i64, event: &Event) -> Result<bool> {
        within(outbox::give_up(self, id, attempt, event)).await
    }

    async fn mail_backlog(&self, since: Timestamp) -> Result<MailBacklog> {
        within(outbox::backlog(self, since)).await
    }

    async fn forget_expired(&self, now: Timestamp) -> Result<()> {
        in_its_time(sweep::sessions(self, now)).await?;
        in_its_time(sweep::revocations(self, now)).await?;
        in_its_time(sweep::attempts(self, now)).await?;
        in_its_time(sweep::flows(self, now)).await?;
        in_its_time(sweep::one_time_tokens(self, now)).await?;
        in_its_time(first_admin::forget_expired(self, now)).await?;
        in_its_time(sweep::known_devices(self, now)).await?;
        in_its_time(sweep::api_keys(self, now)).await?;
        in_its_time(sweep::mails_given_up(self, now)).await
    }
}
