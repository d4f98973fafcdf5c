//! What is remembered, and the only room that knows SQL.
//!
//! [`Store`] has one verb per intent; each is one transaction, written with the trail's row of the act it records. The
//! verbs that spend or open something decide by the row count of a conditional write, never by an earlier read, so
//! that any number of racing callers get one winner at READ COMMITTED.
//!
//! The trait is boxed (`Arc<dyn Store>`): which database stands behind it is decided once, at start, and every type
//! above stays free of it. The price, one boxed future a call, is nothing beside a query.

mod access;
mod api_keys;
mod connect;
mod cookies;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod doubt;
mod error;
mod external;
mod factors;
#[cfg(feature = "postgres")]
mod listener;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod migrations;
mod notices;
mod one_time;
mod own;
mod passkeys;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "postgres")]
mod postgres_url;
mod session;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(all(feature = "sqlite", feature = "postgres"))]
mod transfer;

use std::{sync::Weak, time::Duration};

use async_trait::async_trait;
use uuid::Uuid;

#[cfg(any(feature = "sqlite", feature = "postgres"))]
use self::error::LastAdmin;
#[cfg(feature = "postgres")]
pub use self::postgres::PostgresStore;
#[cfg(feature = "sqlite")]
pub use self::sqlite::SqliteStore;
#[cfg(all(feature = "sqlite", feature = "postgres"))]
pub use self::transfer::{TransferError, Transferred, TransferredTable, transfer};
pub use self::{
    access::{AccessStore, EventQuery, NewMembership, NewUserPassword, UserQuery, UserState},
    api_keys::{ApiKeyMade, ApiKeyStore, KeyRotation, NewApiKey, OwnedApiKey},
    connect::{PoolFigures, connect},
    cookies::{CookieSession, CookieStore},
    error::{Conflict, StoreError},
    external::{ExternalStore, NewExternalUser},
    factors::{FactorStore, StoredTotp, TotpConfirmation, TotpConfirmed},
    notices::{Notice, Notices},
    one_time::{CodeHash, Grant, NewToken, VerifyBy},
    own::OwnStore,
    passkeys::{NewPasskeyUser, PasskeyAdded, PasskeyRemoved, PasskeyStore, PasskeyUse},
    session::{Forgiven, NewRoles, NewSession, Opened, Renewed, Rotated, Rotation},
};
use crate::{
    access::{Role, RoleName},
    account::{Email, User, UserId, UserRecord, Username},
    audit::{Event, Observe},
    clock::Timestamp,
    mail::{MailBacklog, MailRequest, MailTo, TakenMail},
    one_time::Purpose,
    password::PasswordHash,
    revocation::{Change, Cursor, Revocation},
    secret::{Sealed, TokenHash},
    session::{Session, SessionId},
    throttle::Bucket,
};

/// What a verb answers.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// A user about to be made.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The account: `generation` is its first, `roles` the roles it starts with.
    pub user: User,
    /// The password's hash, if it has a password.
    pub password: Option<PasswordHash>,
    /// Whether that password has to be changed before it opens anything.
    pub must_change_password: bool,
    /// Whether they wait for an administrator to let them in. Then they are disabled until that, and get no mail.
    pub pending: bool,
}

/// A signing key as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKey {
    /// The key's id, in the header of every token it signs.
    pub kid: String,
    /// Its one algorithm, by its JOSE name.
    pub algorithm: String,
    /// The private key, sealed under the data key; nothing once it is retired.
    pub sealed: Sealed,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it begins to sign.
    pub signs_from: Timestamp,
    /// When its tokens stopped being good, on the operator's word.
    pub retired_at: Option<Timestamp>,
}

/// Everything that outlives a request.
#[async_trait]
pub trait Store:
    AccessStore + ApiKeyStore + CookieStore + ExternalStore + FactorStore + OwnStore + PasskeyStore + Send + Sync + 'static
{
    /// Adds one who is told of every row of the trail that is written here, once it is committed.
    fn observe(&self, observer: Weak<dyn Observe>);

    /// What the database tells of by itself, from the first time that this is asked for on. Nothing unless it is able to.
    fn notices(&self) -> Notices {
        Notices::none()
    }

    /// The connections to the database, by their pools: figures for metrics. Nothing where there are none to be counted.
    fn connections(&self) -> Vec<PoolFigures> {
        Vec::new()
    }

    /// Whether the database answers.
    async fn ping(&self) -> Result<()>;

    /// Makes a user.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] naming what is taken: a name in use or once used by an account since deleted, or an
    /// address in use.
    async fn create_user(&self, new: &NewUser, event: &Event) -> Result<()>;

    /// Makes a user who asked for it themselves, and asks for the mail by which they confirm their address.
    ///
    /// No mail is asked for where its address had too many because of registrations
    /// ([`Limit::MAIL`](crate::throttle::Limit)).
    ///
    /// If `neutral`, an address in use is no conflict: then no user is made, the address gets a mail that says so, and the
    /// name is never given again, so that nobody can tell one from the other by asking once more.
    ///
    /// # Errors
    ///
    /// As [`create_user`](Self::create_user).
    async fn register_user(&self, new: &NewUser, neutral: bool, event: &Event) -> Result<()>;

    /// Makes a user without a password, and asks for the mail by which they set one.
    ///
    /// # Errors
    ///
    /// As [`create_user`](Self::create_user).
    async fn invite_user(&self, new: &NewUser, event: &Event) -> Result<()>;

    /// Makes all of these users that can be made, each with its event, and answers for each what stood in the way, if
    /// anything did. Either way none of them is half made, and nobody who is there is touched. With `keep` off nothing
    /// is made at all and the answers are what they would have been.
    async fn import_users(&self, users: &[(NewUser, Event)], keep: bool) -> Result<Vec<Option<Conflict>>>;

    /// Up to so many users, in the order of their ids, beginning behind `after`.
    async fn export_users(&self, after: Option<UserId>, limit: u32) -> Result<Vec<UserRecord>>;

    /// The user with this id.
    async fn user(&self, id: UserId) -> Result<Option<UserRecord>>;

    /// The user who goes by this name.
    async fn user_by_username(&self, username: &Username) -> Result<Option<UserRecord>>;

    /// The user with this address.
    async fn user_by_email(&self, email: &Email) -> Result<Option<UserRecord>>;

    /// The id of whoever goes by this, which takes as long to find out where nobody does.
    async fn id_of(&self, to: &MailTo) -> Result<Option<UserId>>;

    /// Sets the name to show. `false` if there is no such user.
    async fn rename_user(&self, id: UserId, name: &str, event: &Event) -> Result<bool>;

    /// Deletes a user with everything of theirs, retires their user name for good and revokes their tokens.
    /// `false` if there is no such user.
    async fn delete_user(&self, id: UserId, revocation: &Revocation, event: &Event) -> Result<bool>;

    /// Replaces the hash of the same password, if the password is still the one of this version. `false` if not.
    async fn rehash_password(&self, id: UserId, version: i64, hash: &PasswordHash, event: &Event) -> Result<bool>;

    /// Sets a new password, which need not be changed then, if the current one is still the one of this version, and
    /// ends every session of the user but `keep`, revoking each until `revoke_until`. Their mailed tokens die, and a mail
    /// tells them of it. Answers the ended sessions, or `None` if the password had changed meanwhile.
    async fn change_password(
        &self,
        id: UserId,
        version: i64,
        hash: &PasswordHash,
        keep: Option<SessionId>,
        revoke_until: Timestamp,
        event: &Event,
    ) -> Result<Option<Vec<SessionId>>>;

    /// Disables a user, ends every session of theirs, raises their generation and revokes every older token until
    /// `revoke_until`. Answers the new generation, or `None` if there is no such user.
    async fn disable_user(&self, id: UserId, revoke_until: Timestamp, event: &Event) -> Result<Option<i64>>;

    /// Enables a user. One who has waited to be let in gets the mail by which they confirm their address, and the trail
    /// tells that they were approved. `false` if there is no such user.
    async fn enable_user(&self, id: UserId, event: &Event) -> Result<bool>;

    /// Every role, by name, with the scopes that are listed for it.
    async fn roles(&self) -> Result<Vec<Role>>;

    /// Makes a role or replaces its scopes, raises the generation of everyone who has it and revokes their older tokens
    /// until `revoke_until`. Answers who that is, with their new generations.
    async fn set_role(&self, role: &Role, revoke_until: Timestamp, event: &Event) -> Result<Vec<(UserId, i64)>>;

    /// Deletes a role and does the same for everyone who had it. `None` if there is no such role.
    async fn delete_role(
        &self,
        name: &RoleName,
        revoke_until: Timestamp,
        event: &Event,
    ) -> Result<Option<Vec<(UserId, i64)>>>;

    /// Replaces a user's roles, raises their generation and revokes every older token until `revoke_until`. Answers the
    /// new generation, or `None` if there is no such user.
    async fn set_user_roles(&self, new: &NewRoles, revoke_until: Timestamp, event: &Event) -> Result<Option<i64>>;

    /// Opens a session, if the user is still as they were when checked (enabled, of the same generation, with the same
    /// password version, and without a second factor unless one was shown), and the session that it replaces and the flow
    /// that led to it have not ended. `None` if not.
    async fn open_session(&self, new: &NewSession, event: &Event) -> Result<Option<Opened>>;

    /// The session with this id, if it has neither ended nor expired by `now`.
    async fn session(&self, id: SessionId, now: Timestamp) -> Result<Option<Session>>;

    /// The sessions of this user that have neither ended nor expired by `now`, the newest ids first: at most `limit`, from
    /// behind `after` on.
    async fn sessions_of(
        &self,
        user: UserId,
        now: Timestamp,
        after: Option<SessionId>,
        limit: u32,
    ) -> Result<Vec<Session>>;

    /// Notes that a session was used, which keeps it alive until `idle_until` or its end, if it has not ended already.
    async fn saw_session(&self, id: SessionId, now: Timestamp, idle_until: Timestamp) -> Result<()>;

    /// Whose refresh token this is, and of which session, ended or not.
    async fn session_of_refresh_token(&self, token: &TokenHash) -> Result<Option<(UserId, SessionId)>>;

    /// Exchanges a refresh token for the next one, which any number of racing callers get as one. `reused` is written
    /// where the token had been exchanged too long ago, which ends and revokes its session.
    async fn rotate_refresh_token(&self, rotation: &Rotation, reused: &Event) -> Result<Rotated>;

    /// Ends a session of this user and revokes it. `false` if it had ended already or is not theirs.
    async fn end_session(&self, user: UserId, id: SessionId, revocation: &Revocation, event: &Event) -> Result<bool>;

    /// Ends every session of a user, raises their generation and revokes every older token until `revoke_until`.
    /// Answers the new generation, or `None` if there is no such user.
    async fn end_all_sessions(&self, user: UserId, revoke_until: Timestamp, event: &Event) -> Result<Option<i64>>;

    /// Where the journal of revocations ends. Every revocation up to there can be read.
    async fn last_revocation(&self) -> Result<Cursor>;

    /// The revocations of a higher number than this one, the lowest first, and at most so many: with 0 from the start.
    ///
    /// A revocation that is tightened gets a new number. Numbers become visible in their order, so whoever goes on from
    /// the last one read misses none, however long the transaction that wrote it took. What has expired may be among
    /// them, or forgotten.
    async fn revocations_after(&self, number: i64, limit: u32) -> Result<Vec<Change>>;

    /// Counts an attempt in all of these buckets, or in none and answers how long to wait.
    async fn begin_attempt(&self, buckets: &[Bucket], now: Timestamp) -> Result<Option<Duration>>;

    /// Takes back one counted attempt in each of these buckets, because it did not fail.
    async fn take_back_attempt(&self, buckets: &[Bucket]) -> Result<()>;

    /// Empties these buckets, because the one who was counted has shown who they are.
    async fn clear_attempts(&self, buckets: &[Bucket]) -> Result<()>;

    /// Whether this user has logged in from this network since then.
    async fn knows_network(&self, user: UserId, network: &str, since: Timestamp) -> Result<bool>;

    /// Stores a token to be mailed, in place of the one of the same user and purpose. `false` if the account no longer has
    /// that address, is disabled, or has nothing left to confirm.
    async fn issue_token(&self, new: &NewToken) -> Result<bool>;

    /// Gives a right that was granted with this id its token, in place of the one it had. Answers when it expires; `None`
    /// if it has, or was taken back.
    async fn arm_token(&self, id: Uuid, hash: &TokenHash, now: Timestamp) -> Result<Option<Timestamp>>;

    /// Whose token this is, if it is good for that now. It is not spent.
    async fn user_of_token(&self, purpose: Purpose, token: &TokenHash, now: Timestamp) -> Result<Option<UserId>>;

    /// Confirms the address of an account for whoever has its token or its code. A wrong code counts. `None` if it is
    /// not good, or no longer.
    async fn verify_email(&self, by: &VerifyBy, event: &Event) -> Result<Option<UserId>>;

    /// Sets a new password for whoever has the token, ends every session of the user, raises their generation, revokes
    /// every older token until `revoke_until`, confirms the address the token was mailed to, and tells the user. If it was
    /// not confirmed before, or for less than a day, the second factors that were there before it was go with the recovery
    /// codes and the known devices: they may be those of someone who only typed it.
    /// Answers who that is, with their new generation; `None` if the token is not good, or no longer.
    async fn reset_password(
        &self,
        token: &TokenHash,
        password: &PasswordHash,
        revoke_until: Timestamp,
        event: &Event,
    ) -> Result<Option<(UserId, i64)>>;

    /// Notes that a user wants another address, in place of any they wanted before, and asks for the mail to it. `false` if
    /// there is no such user.
    async fn request_email_change(&self, grant: &Grant, event: &Event) -> Result<bool>;

    /// Gives an account the address for whoever has its token; the one it had, if that was confirmed, gets a mail and may
    /// come back for a while. `None` if the token is not good, or another account has the address or may have it back.
    async fn confirm_email(&self, token: &TokenHash, event: &Event) -> Result<Option<UserId>>;

    /// Gives an account the address back that it had, for whoever has the token: its password is gone, with the second
    /// factors that were added since a day before it was moved, and the known devices; every session ends, older tokens
    /// are revoked until `revoke_until`, and the address gets a mail to set a new password. Answers who that is, with
    /// their new generation; `None` if the token is not good, or no longer.
    async fn undo_email(
        &self,
        token: &TokenHash,
        revoke_until: Timestamp,
        event: &Event,
    ) -> Result<Option<(UserId, i64)>>;

    /// Writes a row of the trail that no other verb writes.
    async fn record(&self, event: &Event) -> Result<()>;

    /// The newest rows of the trail that concern this user, newest first.
    async fn events_of(&self, user: UserId, limit: u32) -> Result<Vec<Event>>;

    /// The data key, wrapped; `offered` becomes it if there is none yet, for exactly one of any number of offers.
    async fn data_key(&self, offered: &Sealed, now: Timestamp) -> Result<Sealed>;

    /// Wraps the data key anew, if it is still wrapped as it was. `false` if not.
    async fn rewrap_data_key(&self, from: &Sealed, to: &Sealed, event: &Event) -> Result<bool>;

    /// The signing keys, oldest first.
    async fn signing_keys(&self) -> Result<Vec<StoredKey>>;

    /// A number that is another one after every change of the signing keys. Read before them, it says that they are no
    /// older.
    async fn signing_keys_version(&self) -> Result<i64>;

    /// Makes `offered` the first signing key if there is none yet, for exactly one of any number of offers.
    async fn first_signing_key(&self, offered: &StoredKey) -> Result<()>;

    /// Adds a signing key, newer than every other, and forgets those that stopped signing by `forget_before`. A key that
    /// does not sign from the moment it was made is added only if none that was added before still waits for its own
    /// moment; `false` if one does.
    async fn add_signing_key(&self, key: &StoredKey, forget_before: Timestamp, event: &Event) -> Result<bool>;

    /// Retires a signing key and erases its private part. `false` if there is none with this id that is not retired yet,
    /// or it is the one that signs by `now`.
    async fn retire_signing_key(&self, kid: &str, now: Timestamp, event: &Event) -> Result<bool>;

    /// Puts a mail into the outbox, where no other verb does it with what it writes.
    async fn post_mail(&self, request: &MailRequest) -> Result<()>;

    /// Takes up to `limit` mails that are due by `now`, oldest first, and keeps them from everyone else until then. Of
    /// those to one mailbox only the oldest is ever taken.
    async fn take_mail(&self, limit: u32, now: Timestamp, until: Timestamp) -> Result<Vec<TakenMail>>;

    /// Moves the time when a mail is due again, for whoever took it at this attempt. `false` if it is someone else's by
    /// now.
    async fn put_off_mail(&self, id: Uuid, attempt: i64, due_at: Timestamp) -> Result<bool>;

    /// Removes a mail that has left, or that nobody is to get, for whoever took it at this attempt. `false` if it is
    /// someone else's by now.
    async fn finish_mail(&self, id: Uuid, attempt: i64) -> Result<bool>;

    /// Gives a mail up, for whoever took it at this attempt, and lets those behind it pass. `false` if it is someone
    /// else's by now.
    async fn give_up_mail(&self, id: Uuid, attempt: i64, event: &Event) -> Result<bool>;

    /// What waits in the outbox, and how much was given up since then.
    async fn mail_backlog(&self, since: Timestamp) -> Result<MailBacklog>;

    /// Removes what serves nobody any more by `now`: sessions that expired more than a day ago, with their refresh
    /// tokens, revocations that no living token could meet, mailed tokens, flows, challenges and set-ups that have
    /// expired, devices not seen for 90 days, mails given up more than a week ago, and buckets of attempts that are
    /// empty again. It takes many small steps, between which others write. To be called every now and then; how often
    /// changes nothing but the size of the database.
    async fn forget_expired(&self, now: Timestamp) -> Result<()>;
}
