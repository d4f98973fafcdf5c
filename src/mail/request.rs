//! What the outbox holds: that a mail is wanted, of which kind and for whom. Never what it will say.

use uuid::Uuid;

use super::LinkKind;
use crate::{
    account::{Email, UserId, Username, time_ordered_uuid},
    audit::Event,
    clock::Timestamp,
    session::Device,
};

/// What a mail is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MailKind {
    /// To a new account's address: is it yours? Has a link, and may have a code to type instead.
    VerifyEmail,
    /// To whoever forgot their password. Has a link.
    ResetPassword,
    /// To an address that asked for a reset and belongs to no account.
    ResetUnknown,
    /// To the address an account is to have from now on: is it yours? Has a link.
    ConfirmEmail,
    /// To the address an account had until now. Has a link that restores it. Is about the new address.
    EmailChanged,
    /// The password was changed.
    PasswordChanged,
    /// A second factor was added. Is about its name.
    SecondFactorAdded,
    /// A second factor was removed. Is about its name.
    SecondFactorRemoved,
    /// A recovery code was used in place of a second factor.
    RecoveryCodeUsed,
    /// Someone logged in on a device not seen before.
    NewDevice,
    /// Someone tried to register with the address of an account that is there already.
    AlreadyRegistered,
    /// An account was made for someone, who sets its password by the link.
    Invitation,
}

impl MailKind {
    /// Every kind there is.
    pub const ALL: [Self; 12] = [
        Self::VerifyEmail,
        Self::ResetPassword,
        Self::ResetUnknown,
        Self::ConfirmEmail,
        Self::EmailChanged,
        Self::PasswordChanged,
        Self::SecondFactorAdded,
        Self::SecondFactorRemoved,
        Self::RecoveryCodeUsed,
        Self::NewDevice,
        Self::AlreadyRegistered,
        Self::Invitation,
    ];

    /// The kind's stable name, as the outbox stores it and templates are named after it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
            Self::ResetUnknown => "reset_unknown",
            Self::ConfirmEmail => "confirm_email",
            Self::EmailChanged => "email_changed",
            Self::PasswordChanged => "password_changed",
            Self::SecondFactorAdded => "second_factor_added",
            Self::SecondFactorRemoved => "second_factor_removed",
            Self::RecoveryCodeUsed => "recovery_code_used",
            Self::NewDevice => "new_device",
            Self::AlreadyRegistered => "already_registered",
            Self::Invitation => "invitation",
        }
    }

    /// The kind with this stable name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Where its link leads; `None` for a kind that has none.
    #[must_use]
    pub const fn link(self) -> Option<LinkKind> {
        match self {
            Self::VerifyEmail => Some(LinkKind::Verify),
            Self::ResetPassword | Self::Invitation => Some(LinkKind::Reset),
            Self::ConfirmEmail => Some(LinkKind::Confirm),
            Self::EmailChanged => Some(LinkKind::Undo),
            _ => None,
        }
    }
}

/// To whom a mail goes, as it was asked for. Whether anyone goes by that name is found out when it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailTo {
    /// This account, at the address it has when the mail is sent.
    User(UserId),
    /// The account that goes by this user name, if there is one.
    Username(Username),
    /// This address, whether or not an account has it: that is for [`Resolve`](super::Resolve) to say.
    Address(Email),
}

/// A mail that is wanted: a row of the outbox.
///
/// A verb of the store that acts on an account takes one and writes it in its own transaction, so that there is a mail
/// exactly if the act took place. Where nothing else is written,
/// [`Accounts::post_mail`](crate::account::Accounts::post_mail) writes it alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailRequest {
    /// A UUIDv7: mails to one mailbox leave in the order of their ids.
    pub id: Uuid,
    /// When it was asked for.
    pub at: Timestamp,
    /// What it is for.
    pub kind: MailKind,
    /// To whom.
    pub to: MailTo,
    /// The account it is about, where that is known.
    pub user: Option<UserId>,
    /// What it is about: a new address, the name of a second factor. Told to the reader, so never a secret.
    pub about: Option<String>,
    /// The device that made it necessary, told to the reader so that they can tell whether it was theirs.
    pub device: Device,
}

impl MailRequest {
    /// A mail wanted now because of what this device did.
    #[must_use]
    pub fn new(kind: MailKind, to: MailTo, at: Timestamp, device: &Device) -> Self {
        let user = if let MailTo::User(user) = &to { Some(*user) } else { None };
        Self { id: time_ordered_uuid(at), at, kind, to, user, about: None, device: device.clone() }
    }

    /// A mail wanted because of this event, about its user.
    #[must_use]
    pub fn told_by(event: &Event, kind: MailKind, to: MailTo) -> Self {
        let device = Device { address: event.address, user_agent: event.user_agent.clone() };
        let request = Self::new(kind, to, event.at, &device);
        Self { user: request.user.or(event.user), ..request }
    }

    /// The same, about this account.
    #[must_use]
    pub fn user(self, user: UserId) -> Self {
        Self { user: Some(user), ..self }
    }

    /// The same, about this.
    #[must_use]
    pub fn about(self, about: impl Into<String>) -> Self {
        Self { about: Some(about.into()), ..self }
    }
}

/// A row that a worker has taken. It is theirs while they keep pushing its due time ahead of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenMail {
    /// What is wanted.
    pub request: MailRequest,
    /// How often it has been taken, this time included. What is reported for another number is not heard.
    pub attempt: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_can_be_read_back_by_its_name() {
        for kind in MailKind::ALL {
            assert_eq!(MailKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(MailKind::parse("nonsense"), None);
    }
}
