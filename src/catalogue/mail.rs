//! Every text of every mail.

use crate::mail::MailKind;

/// What a mail says, whoever it goes to.
pub(crate) struct Texts {
    /// Holds nothing that anyone but the operator chose.
    pub(crate) subject: String,
    /// Paragraphs before the link.
    pub(crate) lines: Vec<String>,
    /// What the button with the link says in the HTML part.
    pub(crate) action: &'static str,
    /// What to do if the reader has nothing to do with it.
    pub(crate) not_you: &'static str,
}

/// The texts of a kind, for the site of this name, about this.
pub(crate) fn texts(kind: MailKind, site: &str, about: Option<&str>) -> Texts {
    match kind {
        MailKind::VerifyEmail => Texts {
            subject: format!("Confirm your e-mail address for {site}"),
            lines: vec![
                format!("This address was given for an account at {site}."),
                "To confirm that it is yours, open this link:".into(),
            ],
            action: "Confirm the address",
            not_you: "If this was not you, do not open the link: someone else made the account and knows its password. Ignore this \
                      mail, or make the account your own by asking for a new password where you log in.",
        },
        MailKind::ResetPassword => Texts {
            subject: format!("Set a new password for {site}"),
            lines: vec![
                format!("A new password was asked for, for your account at {site}."),
                "To set one, open this link:".into(),
            ],
            action: "Set a new password",
            not_you: "If this was not you, ignore this mail. Your password stays as it is.",
        },
        MailKind::ResetUnknown => Texts {
            subject: format!("No account at {site} has this address"),
            lines: vec![
                format!("A new password was asked for, for an account at {site} with this address."),
                "There is none. You may have registered with another address.".into(),
            ],
            action: "",
            not_you: "If this was not you, ignore this mail. There is nothing to do.",
        },
        MailKind::ConfirmEmail => Texts {
            subject: format!("Confirm your new e-mail address for {site}"),
            lines: vec![
                format!("This address is to become the address of an account at {site}."),
                "To confirm that it is yours, open this link:".into(),
            ],
            action: "Confirm the address",
            not_you: "If this was not you, ignore this mail. The account keeps the address it has.",
        },
        MailKind::EmailChanged => Texts {
            subject: format!("Your e-mail address at {site} was changed"),
            lines: vec![
                named("Your account has a new e-mail address", about),
                "If this was not you, take the account back: this link restores this address, logs everyone out and asks \
                 for a new password:"
                    .into(),
            ],
            action: "Restore this address",
            not_you: "If this was you, there is nothing to do.",
        },
        MailKind::PasswordChanged => Texts {
            subject: format!("Your password at {site} was changed"),
            lines: vec![format!("The password of your account at {site} was changed.")],
            action: "",
            not_you: "If this was not you, set a new password at once: ask for one where you log in.",
        },
        MailKind::SecondFactorAdded => Texts {
            subject: format!("A second factor was added at {site}"),
            lines: vec![named("Your account is now also protected by a second factor", about)],
            action: "",
            not_you: "If this was not you, set a new password at once and remove what you do not know.",
        },
        MailKind::SecondFactorRemoved => Texts {
            subject: format!("A second factor was removed at {site}"),
            lines: vec![named("Your account is no longer protected by a second factor", about)],
            action: "",
            not_you: "If this was not you, set a new password at once and add a second factor again.",
        },
        MailKind::RecoveryCodeUsed => Texts {
            subject: format!("A recovery code was used at {site}"),
            lines: vec![format!("One of your recovery codes at {site} was used in place of your second factor.")],
            action: "",
            not_you: "If this was not you, set a new password at once and make new recovery codes.",
        },
        MailKind::NewDevice => Texts {
            subject: format!("New login at {site}"),
            lines: vec![format!("Someone logged in to your account at {site} on a device not seen before.")],
            action: "",
            not_you: "If this was not you, set a new password at once: it logs everyone else out.",
        },
        MailKind::AlreadyRegistered => Texts {
            subject: format!("You already have an account at {site}"),
            lines: vec![
                format!("Someone tried to make an account at {site} with this address. You have one already."),
                "If you forgot its password, ask for a new one where you log in.".into(),
            ],
            action: "",
            not_you: "If this was not you, ignore this mail. Nothing has changed.",
        },
        MailKind::Invitation => Texts {
            subject: format!("You are invited to {site}"),
            lines: vec![
                format!("An account was made for you at {site}."),
                "To choose its password, open this link:".into(),
            ],
            action: "Choose a password",
            not_you: "If you did not expect this, ignore this mail.",
        },
    }
}

fn named(text: &str, about: Option<&str>) -> String {
    about.map_or_else(|| format!("{text}."), |about| format!("{text}: {about}"))
}

/// How a mail begins.
pub(crate) fn greeting(name: Option<&str>) -> String {
    name.map_or_else(|| "Hello,".to_owned(), |name| format!("Hello {name},"))
}

/// What stands before a code.
pub(crate) const CODE: &str = "Or type this code where you are asked for one:";

/// Until when the link is good.
pub(crate) fn link_expiry(span: &str, moment: &str) -> String {
    format!("The link works once and for {span}, until {moment}.")
}

/// Until when the code is good.
pub(crate) fn code_expiry(span: &str, moment: &str) -> String {
    format!("The code is good for {span}, until {moment}.")
}

/// When the mail was asked for.
pub(crate) const WHEN: &str = "When";
/// The address of the device that asked.
pub(crate) const WHERE: &str = "From";
/// What the device says it is.
pub(crate) const WITH: &str = "With";
