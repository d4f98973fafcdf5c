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
mod devices;
mod events;
mod factors;
mod flows;
mod import;
mod keys;
mod mailed;
mod one_time;
mod outbox;
mod passkeys;
mod recovery;
mod refresh;
mod revocations;
mod roles;
mod row;
mod second_factors;
mod sessions;
mod sweep;
mod totp;
mod users;

use std::time::Duration;

use async_trait::async_trait;
use sqlx::Error;
use uuid::Uuid;

use self::row::{Connection, Transaction};
use super::{BEGIN, Backend, is_passing};
use crate::{
    access::{Role, RoleName},
    account::{Email, UserId, UserRecord, Username},
    audit::Event,
    clock::Timestamp,
    mail::{MailBacklog, MailRequest, TakenMail},
    one_time::Purpose,
    password::PasswordHash,
    revocation::{Change, Cursor, Revocation},
    secret::{Sealed, TokenHash},
    session::{Session, SessionId},
    store::{
        Conflict, Grant, NewRoles, NewSession, NewToken, NewUser, Opened, Result, Rotated, Rotation, Store, StoreError,
        StoredKey, VerifyBy,
    },
    throttle::Bucket,
};

impl Backend {
    async fn begin(&self) -> Result<Transaction, Error> {
        self.writer.begin_with(BEGIN).await
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
        | Error::WorkerCrashed
        | Error::BeginFailed => true,
        _ => false,
    };
    let text = error.to_string();
    if passing { StoreError::Unavailable(text.into()) } else { StoreError::Broken(text) }
}

#[async_trait]
impl Store for Backend {
    async fn ping(&self) -> Result<()> {
        sqlx::query("SELECT 1").execute(&self.reader).await.map_err(store_error)?;
        Ok(())
    }

    async fn create_user(&self, new: &NewUser, event: &Event) -> Result<()> {
        users::create(self, new, event).await.map_err(store_error)?.map_err(StoreError::Conflict)
    }

    async fn register_user(&self, new: &NewUser, neutral: bool, event: &Event) -> Result<()> {
        users::register(self, new, neutral, event).await.map_err(store_error)?.map_err(StoreError::Conflict)
    }

    async fn import_users(&self, users: &[(NewUser, Event)], keep: bool) -> Result<Vec<Option<Conflict>>> {
        import::users(self, users, keep).await.map_err(store_error)
    }

    async fn export_users(&self, after: Option<UserId>, limit: u32) -> Result<Vec<UserRecord>> {
        import::page(self, after, limit).await.map_err(store_error)
    }

    async fn user(&self, id: UserId) -> Result<Option<UserRecord>> {
        users::by_id(&self.reader, id).await.map_err(store_error)
    }

    async fn user_by_username(&self, username: &Username) -> Result<Option<UserRecord>> {
        users::by_username(self, username).await.map_err(store_error)
    }

    async fn user_by_email(&self, email: &Email) -> Result<Option<UserRecord>> {
        users::by_email(self, email).await.map_err(store_error)
    }

    async fn rename_user(&self, id: UserId, name: &str, event: &Event) -> Result<bool> {
        users::rename(self, id, name, event).await.map_err(store_error)
    }

    async fn delete_user(&self, id: UserId, revocation: &Revocation, event: &Event) -> Result<bool> {
        Ok(users::delete(self, id, revocation, event).await.map_err(store_error)??)
    }

    async fn rehash_password(&self, id: UserId, version: i64, hash: &PasswordHash, event: &Event) -> Result<bool> {
        users::rehash_password(self, id, version, hash, event).await.map_err(store_error)
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
        users::change_password(self, id, version, hash, keep, revoke_until, event).await.map_err(store_error)
    }

    async fn disable_user(&self, id: UserId, revoke_until: Timestamp, event: &Event) -> Result<Option<i64>> {
        Ok(users::disable(self, id, revoke_until, event).await.map_err(store_error)??)
    }

    async fn enable_user(&self, id: UserId, event: &Event) -> Result<bool> {
        users::enable(self, id, event).await.map_err(store_error)
    }

    async fn roles(&self) -> Result<Vec<Role>> {
        roles::all(self).await.map_err(store_error)
    }

    async fn set_role(&self, role: &Role, revoke_until: Timestamp, event: &Event) -> Result<Vec<(UserId, i64)>> {
        roles::set(self, role, revoke_until, event).await.map_err(store_error)
    }

    async fn delete_role(
        &self,
        name: &RoleName,
        revoke_until: Timestamp,
        event: &Event,
    ) -> Result<Option<Vec<(UserId, i64)>>> {
        roles::delete(self, name, revoke_until, event).await.map_err(store_error)
    }

    async fn set_user_roles(&self, new: &NewRoles, revoke_until: Timestamp, event: &Event) -> Result<Option<i64>> {
        Ok(roles::give(self, new, revoke_until, event).await.map_err(store_error)??)
    }

    async fn open_session(&self, new: &NewSession, event: &Event) -> Result<Option<Opened>> {
        sessions::open(self, new, event).await.map_err(store_error)
    }

    async fn session(&self, id: SessionId, now: Timestamp) -> Result<Option<Session>> {
        sessions::living(self, id, now).await.map_err(store_error)
    }

    async fn sessions_of(
        &self,
        user: UserId,
        now: Timestamp,
        after: Option<SessionId>,
        limit: u32,
    ) -> Result<Vec<Session>> {
        sessions::of(self, user, now, after, limit).await.map_err(store_error)
    }

    async fn saw_session(&self, id: SessionId, now: Timestamp, idle_until: Timestamp) -> Result<()> {
        sessions::saw(self, id, now, idle_until).await.map_err(store_error)
    }

    async fn session_of_refresh_token(&self, token: &TokenHash) -> Result<Option<(UserId, SessionId)>> {
        refresh::session_of(self, token).await.map_err(store_error)
    }

    async fn rotate_refresh_token(&self, rotation: &Rotation, reused: &Event) -> Result<Rotated> {
        refresh::rotate(self, rotation, reused).await.map_err(store_error)
    }

    async fn end_session(&self, user: UserId, id: SessionId, revocation: &Revocation, event: &Event) -> Result<bool> {
        sessions::end(self, user, id, revocation, event).await.map_err(store_error)
    }

    async fn end_all_sessions(&self, user: UserId, revoke_until: Timestamp, event: &Event) -> Result<Option<i64>> {
        sessions::end_all(self, user, revoke_until, event).await.map_err(store_error)
    }

    async fn last_revocation(&self) -> Result<Cursor> {
        revocations::last(self).await.map_err(store_error)
    }

    async fn revocations_after(&self, number: i64, limit: u32) -> Result<Vec<Change>> {
        revocations::after(self, number, limit).await.map_err(store_error)
    }

    async fn begin_attempt(&self, buckets: &[Bucket], now: Timestamp) -> Result<Option<Duration>> {
        attempts::begin(self, buckets, now).await.map_err(store_error)
    }

    async fn take_back_attempt(&self, buckets: &[Bucket]) -> Result<()> {
        attempts::take_back(self, buckets).await.map_err(store_error)
    }

    async fn clear_attempts(&self, buckets: &[Bucket]) -> Result<()> {
        attempts::clear(self, buckets).await.map_err(store_error)
    }

    async fn knows_network(&self, user: UserId, network: &str, since: Timestamp) -> Result<bool> {
        devices::knows_network(self, user, network, since).await.map_err(store_error)
    }

    async fn issue_token(&self, new: &NewToken) -> Result<bool> {
        one_time::issue(self, new).await.map_err(store_error)
    }

    async fn arm_token(&self, id: Uuid, hash: &TokenHash, now: Timestamp) -> Result<Option<Timestamp>> {
        one_time::arm(self, id, hash, now).await.map_err(store_error)
    }

    async fn user_of_token(&self, purpose: Purpose, token: &TokenHash, now: Timestamp) -> Result<Option<UserId>> {
        one_time::user_of(self, purpose, token, now).await.map_err(store_error)
    }

    async fn verify_email(&self, by: &VerifyBy, event: &Event) -> Result<Option<UserId>> {
        mailed::verify(self, by, event).await.map_err(store_error)
    }

    async fn reset_password(
        &self,
        token: &TokenHash,
        password: &PasswordHash,
        revoke_until: Timestamp,
        event: &Event,
    ) -> Result<Option<(UserId, i64)>> {
        mailed::reset_password(self, token, password, revoke_until, event).await.map_err(store_error)
    }

    async fn request_email_change(&self, grant: &Grant, event: &Event) -> Result<bool> {
        mailed::request_email_change(self, grant, event).await.map_err(store_error)
    }

    async fn confirm_email(&self, token: &TokenHash, event: &Event) -> Result<Option<UserId>> {
        mailed::confirm_email(self, token, event).await.map_err(store_error)
    }

    async fn undo_email(
        &self,
        token: &TokenHash,
        revoke_until: Timestamp,
        event: &Event,
    ) -> Result<Option<(UserId, i64)>> {
        mailed::undo_email(self, token, revoke_until, event).await.map_err(store_error)
    }

    async fn record(&self, event: &Event) -> Result<()> {
        events::record(self, event).await.map_err(store_error)
    }

    async fn events_of(&self, user: UserId, limit: u32) -> Result<Vec<Event>> {
        events::of(self, user, limit).await.map_err(store_error)
    }

    async fn data_key(&self, offered: &Sealed, now: Timestamp) -> Result<Sealed> {
        keys::data_key(self, offered, now).await.map_err(store_error)
    }

    async fn rewrap_data_key(&self, from: &Sealed, to: &Sealed, event: &Event) -> Result<bool> {
        keys::rewrap_data_key(self, from, to, event).await.map_err(store_error)
    }

    async fn signing_keys(&self) -> Result<Vec<StoredKey>> {
        keys::signing_keys(self).await.map_err(store_error)
    }

    async fn signing_keys_version(&self) -> Result<i64> {
        keys::signing_keys_version(self).await.map_err(store_error)
    }

    async fn first_signing_key(&self, offered: &StoredKey) -> Result<()> {
        keys::first_signing_key(self, offered).await.map_err(store_error)
    }

    async fn add_signing_key(&self, key: &StoredKey, forget_before: Timestamp, event: &Event) -> Result<bool> {
        keys::add_signing_key(self, key, forget_before, event).await.map_err(store_error)
    }

    async fn retire_signing_key(&self, kid: &str, now: Timestamp, event: &Event) -> Result<bool> {
        keys::retire_signing_key(self, kid, now, event).await.map_err(store_error)
    }

    async fn post_mail(&self, request: &MailRequest) -> Result<()> {
        outbox::post(self, request).await.map_err(store_error)
    }

    async fn take_mail(&self, limit: u32, now: Timestamp, until: Timestamp) -> Result<Vec<TakenMail>> {
        outbox::take(self, limit, now, until).await.map_err(store_error)
    }

    async fn put_off_mail(&self, id: Uuid, attempt: i64, due_at: Timestamp) -> Result<bool> {
        outbox::put_off(self, id, attempt, due_at).await.map_err(store_error)
    }

    async fn finish_mail(&self, id: Uuid, attempt: i64) -> Result<bool> {
        outbox::finish(self, id, attempt).await.map_err(store_error)
    }

    async fn give_up_mail(&self, id: Uuid, attempt: i64, event: &Event) -> Result<bool> {
        outbox::give_up(self, id, attempt, event).await.map_err(store_error)
    }

    async fn mail_backlog(&self, since: Timestamp) -> Result<MailBacklog> {
        outbox::backlog(self, since).await.map_err(store_error)
    }

    async fn forget_expired(&self, now: Timestamp) -> Result<()> {
        sweep::sessions(self, now).await.map_err(store_error)?;
        sweep::revocations(self, now).await.map_err(store_error)?;
        sweep::attempts(self, now).await.map_err(store_error)?;
        sweep::flows(self, now).await.map_err(store_error)?;
        sweep::one_time_tokens(self, now).await.map_err(store_error)?;
        sweep::known_devices(self, now).await.map_err(store_error)?;
        sweep::api_keys(self, now).await.map_err(store_error)?;
        outbox::forget_given_up(self, now).await.map_err(store_error)
    }
}
