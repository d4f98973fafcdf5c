//! A mail as it leaves: headers and two bodies, and the bytes they make.

use std::fmt::{self, Write};

use uuid::Uuid;

use super::{MailKind, Sender, mime, words};
use crate::{account::Email, clock::Timestamp};

/// A mail, ready to be sent: one recipient, a subject, a text and an HTML part.
///
/// `Debug` shows neither its bodies nor its link or code: they open accounts.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    pub(super) id: Uuid,
    pub(super) attempt: i64,
    pub(super) date: Timestamp,
    pub(super) kind: MailKind,
    pub(super) from: Sender,
    pub(super) to: Email,
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
    pub(super) link: Option<String>,
    pub(super) code: Option<String>,
}

impl Message {
    /// What it is for.
    #[must_use]
    pub const fn kind(&self) -> MailKind {
        self.kind
    }

    /// When it is sent.
    #[must_use]
    pub const fn date(&self) -> Timestamp {
        self.date
    }

    /// Whom it comes from.
    #[must_use]
    pub const fn from(&self) -> &Sender {
        &self.from
    }

    /// The one mailbox it goes to. Its domain is for people; on the wire it is written in
    /// [ASCII](Email::to_ascii).
    #[must_use]
    pub const fn to(&self) -> &Email {
        &self.to
    }

    /// The subject. It never holds what a user typed.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The text part, in lines that end with `\n`.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The HTML part.
    #[must_use]
    pub fn html(&self) -> &str {
        &self.html
    }

    /// The link it holds, for a transport that has templates of its own.
    #[must_use]
    pub fn link(&self) -> Option<&str> {
        self.link.as_deref()
    }

    /// The code it holds, for a transport that has templates of its own.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// The `Message-ID`. A second attempt has another: its link is another, and the one that works must not be taken
    /// for a copy and hidden.
    #[must_use]
    pub fn message_id(&self) -> String {
        format!("<{}.{}@{}>", self.id.simple(), self.attempt, self.from.domain())
    }

    /// A name that sorts by the time the mail was asked for and that no other mail has.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("{:013}-{}-{}.eml", self.date.as_millis(), self.id.simple(), self.attempt)
    }

    /// The mail as RFC 5322 has it: ASCII alone, in lines that end with CRLF, none longer than 998 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // No text holds it: its last part was random when the mail was asked for.
        let boundary = format!("=_{}", self.id.simple());
        let mut mail = String::new();
        let mut header = |name: &str, value: &str| {
            // Writing to a string cannot fail.
            let _ = write!(mail, "{name}: {value}\r\n");
        };
        header("Date", &words::date_header(self.date));
        header("From", &mime::mailbox(self.from.name(), self.from.address()));
        header("To", &mime::mailbox(None, &self.to.to_ascii()));
        header("Subject", &mime::unstructured(&self.subject));
        header("Message-ID", &self.message_id());
        header("Auto-Submitted", "auto-generated");
        header("MIME-Version", "1.0");
        header("Content-Type", &format!("multipart/alternative; boundary=\"{boundary}\""));
        for (subtype, content) in [("plain", &self.text), ("html", &self.html)] {
            let (encoding, body) = mime::body(content);
            let _ = write!(
                mail,
                "\r\n--{boundary}\r\nContent-Type: text/{subtype}; charset=utf-8\r\n\
                 Content-Transfer-Encoding: {encoding}\r\n\r\n{body}"
            );
        }
        let _ = write!(mail, "\r\n--{boundary}--\r\n");
        mail.into_bytes()
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").field("id", &self.message_id()).field("kind", &self.kind).finish_non_exhaustive()
    }
}
