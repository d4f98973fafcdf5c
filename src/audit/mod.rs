//! The trail: every act on an account leaves a row, written in the same transaction as the act itself.
//!
//! A request that is turned away unread, because too many attempts have failed, leaves none: a stranger could fill the
//! disk with them. Nor does a refresh that succeeds: the session itself tells when it was last used.
//!
//! Nothing changes a row, and nothing removes one but its age: the database refuses both. [`Config::event_retention`] says
//! how old they get.
//!
//! Who wants to act on what happens is told of each row once it is written: see
//! [`Builder::on_event`](crate::Builder::on_event).
//!
//! [`Config::event_retention`]: crate::config::Config::event_retention

mod event;
mod hooks;
mod observe;

pub(crate) use self::hooks::Hooks;
pub use self::{
    event::Event,
    hooks::Hook,
    observe::{Observe, Observers},
};

/// How what an [`Event`] tells of came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It was done.
    Success,
    /// It was refused.
    Failure,
    /// It waits for another step.
    Pending,
}

impl Outcome {
    /// Its stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Pending => "pending",
        }
    }
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
    /// Someone who waited for an account was let in.
    UserApproved,
    /// An account was made for someone, who sets its password by a mailed link.
    UserInvited,
    /// The first administrator made their account, by the link that the server gave out.
    FirstAdminMade,
    /// The operator removed every second factor of a user who had lost theirs.
    SecondFactorsRemoved,
    /// An API key was given a successor, and ends soon.
    ApiKeyRotated,
}

impl EventKind {
    pub(crate) const ALL: [Self; 55] = [
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
        Self::UserApproved,
        Self::UserInvited,
        Self::FirstAdminMade,
        Self::SecondFactorsRemoved,
        Self::ApiKeyRotated,
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
            Self::UserApproved => "user_approved",
            Self::UserInvited => "user_invited",
            Self::FirstAdminMade => "first_admin_made",
            Self::SecondFactorsRemoved => "second_factors_removed",
            Self::ApiKeyRotated => "api_key_rotated",
        }
    }

    /// How it came out.
    #[must_use]
    pub const fn outcome(self) -> Outcome {
        match self {
            Self::LoginUnfinished => Outcome::Pending,
            Self::LoginFailed
            | Self::SecondFactorFailed
            | Self::RefreshReused
            | Self::ReauthenticationFailed
            | Self::PasswordChangeFailed
            | Self::PasskeyCountFell
            | Self::MailGivenUp
            | Self::RegistrationRepeated => Outcome::Failure,
            _ => Outcome::Success,
        }
    }

    /// The kind with this stable name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
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
