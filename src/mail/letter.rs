//! What a mail is to say, and to whom: the answer to a [`MailRequest`](super::MailRequest).

use std::fmt;

use super::MailRequest;
use crate::{
    account::{Email, User, UserId},
    clock::Timestamp,
    secret::PlainToken,
};

/// What a mail is to say, before it is put into words.
///
/// Made by [`Resolve`](super::Resolve) when the mail is about to be sent. Its link and its code hold secrets, which
/// `Debug` does not show.
#[derive(Clone)]
pub struct Letter {
    pub(super) to: Email,
    pub(super) user: Option<UserId>,
    pub(super) name: Option<String>,
    pub(super) link: Option<Expiring>,
    pub(super) code: Option<Expiring>,
}

/// A secret that opens something until then.
#[derive(Clone)]
pub(super) struct Expiring {
    pub(super) secret: PlainToken,
    pub(super) expires_at: Timestamp,
}

impl Letter {
    /// To this address, which belongs to nobody, or to somebody who is not to be addressed by name.
    #[must_use]
    pub fn to_address(to: Email) -> Self {
        Self { to, user: None, name: None, link: None, code: None }
    }

    /// To the address on file of this user.
    #[must_use]
    pub fn to_user(user: &User) -> Self {
        Self::to_address(user.email.clone()).about(user)
    }

    /// The same, about this user: greeted by the name they chose, or by their user name.
    #[must_use]
    pub fn about(self, user: &User) -> Self {
        let name = super::words::harmless_name(&user.name).unwrap_or_else(|| user.username.as_str().to_owned());
        Self { user: Some(user.id), name: Some(name), ..self }
    }

    /// With a link that holds this token, which is good until then. Where the link leads follows from the mail's kind.
    #[must_use]
    pub fn link(self, token: PlainToken, expires_at: Timestamp) -> Self {
        Self { link: Some(Expiring { secret: token, expires_at }), ..self }
    }

    /// With a code that is typed instead of following the link, good until then.
    #[must_use]
    pub fn code(self, code: PlainToken, expires_at: Timestamp) -> Self {
        Self { code: Some(Expiring { secret: code, expires_at }), ..self }
    }

    /// Whether a mail of this kind must have a link and this letter has none, or the other way round.
    pub(super) fn misfits(&self, request: &MailRequest) -> bool {
        self.link.is_some() != request.kind.link().is_some()
    }
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letter")
            .field("user", &self.user)
            .field("has_link", &self.link.is_some())
            .field("has_code", &self.code.is_some())
            .finish_non_exhaustive()
    }
}
