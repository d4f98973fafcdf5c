//! The trail: every act on an account leaves a row, written in the same transaction as the act itself.
//!
//! A request that is turned away unread, because too many attempts have failed, leaves none: a stranger could fill the
//! disk with them. Nor does a refresh that succeeds: the session itself tells when it was last used.

use std::{fmt, net::IpAddr};

use uuid::Uuid;

use crate::{
    account::{UserId, time_ordered_uuid},
    clock::Timestamp,
    session::{Device, SessionId},
};

/// One row of the trail. It never holds a password, token, code or key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// A UUIDv7, so that rows sort by time.
    pub id: Uuid,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub kind: EventKind,
    /// The account it happened to, where one is known.
    pub user: Option<UserId>,
    /// The administrator who did it to that account, if it was one.
    pub actor: Option<UserId>,
    /// The session that did it, or that it was done to.
    pub session: Option<SessionId>,
    /// What it was done to beside the account: the name of a role, the id of a key.
    pub about: Option<String>,
    /// Where the request came from.
    pub address: Option<IpAddr>,
    /// The `User-Agent` of the request.
    pub user_agent: Option<String>,
}

/// What an [`Event`] tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventKind {
    /// An account was made.
    UserRegistered,
    /// A session was opened.
    LoginSucceeded,
    /// A login was refused: unknown name, wrong password, disabled account.
    LoginFailed,
    /// A password was right, and the login waits for its next step.
    LoginUnfinished,
    /// A code was wrong, or was used before: at login, or where someone who is logged in is asked for one.
    SecondFactorFailed,
    /// One session was ended by its user.
    LoggedOut,
    /// Every session of a user was ended.
    LoggedOutEverywhere,
    /// A session was ended by its user from another one.
    SessionEnded,
    /// A session was ended to make room for a newer one.
    SessionEvicted,
    /// A refresh token came back that had been exchanged before. Its session was ended: two hold its tokens, and one of
    /// them is not the user.
    RefreshReused,
    /// A user who was logged in showed again who they are; their session goes on under a new id.
    Reauthenticated,
    /// A user who was logged in failed to show again who they are.
    ReauthenticationFailed,
    /// A new password was set by someone who knew the old one.
    PasswordChanged,
    /// A change of password was refused for a wrong old password.
    PasswordChangeFailed,
    /// A password was hashed again with stronger parameters.
    PasswordRehashed,
    /// The set-up of an authenticator app was begun.
    TotpSetupStarted,
    /// An authenticator app was set up: from then on a login asks for its codes.
    TotpEnabled,
    /// The authenticator app was removed, and the recovery codes with it.
    TotpDisabled,
    /// A recovery code was spent.
    RecoveryCodeUsed,
    /// A new set of recovery codes was made; the older ones are worthless.
    RecoveryCodesReplaced,
    /// A passkey or a security key was added.
    PasskeyAdded,
    /// One was given another name.
    PasskeyRenamed,
    /// One was removed.
    PasskeyRemoved,
    /// The answer of a key was refused because the key counts how often it signs, and had counted further before: two
    /// may have it.
    PasskeyCountFell,
    /// The profile was changed.
    ProfileChanged,
    /// The account was disabled.
    UserDisabled,
    /// The account was enabled again.
    UserEnabled,
    /// A user was given other roles.
    UserRolesChanged,
    /// The account was deleted.
    UserDeleted,
    /// What a role may do was changed, or the role was made.
    RoleChanged,
    /// A role was deleted.
    RoleDeleted,
    /// An account was made by an administrator, or by the operator.
    UserCreated,
    /// A password was set by an administrator. Every session and every key of the account ended, and it has no second
    /// factor any more.
    PasswordResetByAdmin,
    /// A user was let in to a resource, or to another level of it.
    MembershipChanged,
    /// A user's membership in a resource was ended.
    MembershipEnded,
    /// An API key was made.
    ApiKeyCreated,
    /// An API key was deleted.
    ApiKeyDeleted,
    /// A new signing key was made.
    SigningKeyRotated,
    /// The tokens of a signing key were declared bad.
    SigningKeyRetired,
    /// The master key was replaced.
    MasterKeyRotated,
    /// A mail could not be sent and will not be tried again.
    MailGivenUp,
    /// Someone asked for an account with an address that has one. Its owner was told.
    RegistrationRepeated,
    /// An address was confirmed.
    EmailVerified,
    /// A new password was set by someone who reads the mail of the account.
    PasswordReset,
    /// A user asked for another address, which is to be confirmed.
    EmailChangeRequested,
    /// The account got another address.
    EmailChanged,
    /// The account got back the address it had, on the word of whoever reads its mail.
    EmailRestored,
    /// The password was taken away, so that a new one has to be set by mail.
    PasswordRemoved,
    /// The account was made from a file.
    UserImported,
    /// Every account was written to a file, with the hash of its password.
    UsersExported,
}

impl EventKind {
    const ALL: [Self; 50] = [
        Self::UserRegistered,
        Self::LoginSucceeded,
        Self::LoginFailed,
        Self::LoginUnfinished,
        Self::SecondFactorFailed,
        Self::LoggedOut,
        Self::LoggedOutEverywhere,
        Self::SessionEnded,
        Self::SessionEvicted,
        Self::RefreshReused,
        Self::Reauthenticated,
        Self::ReauthenticationFailed,
        Self::PasswordChanged,
        Self::PasswordChangeFailed,
        Self::PasswordRehashed,
        Self::TotpSetupStarted,
        Self::TotpEnabled,
        Self::TotpDisabled,
        Self::RecoveryCodeUsed,
        Self::RecoveryCodesReplaced,
        Self::PasskeyAdded,
        Self::PasskeyRenamed,
        Self::PasskeyRemoved,
        Self::PasskeyCountFell,
        Self::ProfileChanged,
        Self::UserDisabled,
        Self::UserEnabled,
        Self::UserRolesChanged,
        Self::UserDeleted,
        Self::RoleChanged,
        Self::RoleDeleted,
        Self::UserCreated,
        Self::PasswordResetByAdmin,
        Self::MembershipChanged,
        Self::MembershipEnded,
        Self::ApiKeyCreated,
        Self::ApiKeyDeleted,
        Self::SigningKeyRotated,
        Self::SigningKeyRetired,
        Self::MasterKeyRotated,
        Self::MailGivenUp,
        Self::RegistrationRepeated,
        Self::EmailVerified,
        Self::PasswordReset,
        Self::EmailChangeRequested,
        Self::EmailChanged,
        Self::EmailRestored,
        Self::PasswordRemoved,
        Self::UserImported,
        Self::UsersExported,
    ];

    /// The kind's stable name, as the trail stores and shows it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UserRegistered => "user_registered",
            Self::LoginSucceeded => "login_succeeded",
            Self::LoginFailed => "login_failed",
            Self::LoginUnfinished => "login_unfinished",
            Self::SecondFactorFailed => "second_factor_failed",
            Self::LoggedOut => "logged_out",
            Self::LoggedOutEverywhere => "logged_out_everywhere",
            Self::SessionEnded => "session_ended",
            Self::SessionEvicted => "session_evicted",
            Self::RefreshReused => "refresh_reused",
            Self::Reauthenticated => "reauthenticated",
            Self::ReauthenticationFailed => "reauthentication_failed",
            Self::PasswordChanged => "password_changed",
            Self::PasswordChangeFailed => "password_change_failed",
            Self::PasswordRehashed => "password_rehashed",
            Self::TotpSetupStarted => "totp_setup_started",
            Self::TotpEnabled => "totp_enabled",
            Self::TotpDisabled => "totp_disabled",
            Self::RecoveryCodeUsed => "recovery_code_used",
            Self::RecoveryCodesReplaced => "recovery_codes_replaced",
            Self::PasskeyAdded => "passkey_added",
            Self::PasskeyRenamed => "passkey_renamed",
            Self::PasskeyRemoved => "passkey_removed",
            Self::PasskeyCountFell => "passkey_count_fell",
            Self::ProfileChanged => "profile_changed",
            Self::UserDisabled => "user_disabled",
            Self::UserEnabled => "user_enabled",
            Self::UserRolesChanged => "user_roles_changed",
            Self::UserDeleted => "user_deleted",
            Self::RoleChanged => "role_changed",
            Self::RoleDeleted => "role_deleted",
            Self::UserCreated => "user_created",
            Self::PasswordResetByAdmin => "password_reset_by_admin",
            Self::MembershipChanged => "membership_changed",
            Self::MembershipEnded => "membership_ended",
            Self::ApiKeyCreated => "api_key_created",
            Self::ApiKeyDeleted => "api_key_deleted",
            Self::SigningKeyRotated => "signing_key_rotated",
            Self::SigningKeyRetired => "signing_key_retired",
            Self::MasterKeyRotated => "master_key_rotated",
            Self::MailGivenUp => "mail_given_up",
            Self::RegistrationRepeated => "registration_repeated",
            Self::EmailVerified => "email_verified",
            Self::PasswordReset => "password_reset",
            Self::EmailChangeRequested => "email_change_requested",
            Self::EmailChanged => "email_changed",
            Self::EmailRestored => "email_restored",
            Self::PasswordRemoved => "password_removed",
            Self::UserImported => "user_imported",
            Self::UsersExported => "users_exported",
        }
    }

    /// The kind with this stable name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl Event {
    /// Something that happened now, from this device, to nobody known yet.
    #[must_use]
    pub fn new(kind: EventKind, at: Timestamp, device: &Device) -> Self {
        Self {
            id: time_ordered_uuid(at),
            at,
            kind,
            user: None,
            actor: None,
            session: None,
            about: None,
            address: device.address,
            user_agent: device.user_agent.clone(),
        }
    }

    /// The same event, to this user.
    #[must_use]
    pub fn user(self, user: UserId) -> Self {
        Self { user: Some(user), ..self }
    }

    /// The same event, by or to this session.
    #[must_use]
    pub fn session(self, session: SessionId) -> Self {
        Self { session: Some(session), ..self }
    }

    /// The same event, done by this administrator.
    #[must_use]
    pub fn actor(self, actor: UserId) -> Self {
        Self { actor: Some(actor), ..self }
    }

    /// The same event, done to this beside the account. It must not be a secret.
    #[must_use]
    pub fn about(self, what: impl fmt::Display) -> Self {
        Self { about: Some(what.to_string()), ..self }
    }

    /// Another event that this one brings with it: at the same moment, from the same device, to the same user.
    #[must_use]
    pub fn entailing(&self, kind: EventKind) -> Self {
        Self { id: time_ordered_uuid(self.at), kind, session: None, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_can_be_read_back_by_its_name() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(EventKind::parse("nonsense"), None);
    }
}
