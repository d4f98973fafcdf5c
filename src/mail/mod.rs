//! Mail: what is to be said, the outbox in which it waits, and the ways out.
//!
//! A request never sends mail. It writes one row, a [`MailRequest`]: this kind of mail, for whoever goes by this name.
//! The row is written in the transaction of the act it belongs to, and it is the same row whether or not anyone goes by
//! that name, so that neither a crash loses a mail nor the time of an answer tells who has an account.
//!
//! A worker, the [`MailRoom`], takes the row, and [`Resolve`] finds out whom it is for and what it says: a [`Letter`],
//! with the token of its link, which is made only now. The letter is put into words by the [`Templates`] and becomes a
//! [`Message`], which a [`Transport`] takes away.
//!
//! ```text
//! a verb of the store ── MailRequest ──► outbox ──► MailRoom ──► Resolve ──► Letter ──► Templates ──► Message ──► Transport
//! ```
//!
//! # For a flow that sends mail
//!
//! 1. Make a [`MailRequest`]: `MailRequest::new(MailKind::ResetPassword, MailTo::Address(email), now, device)`. Where
//!    somebody typed the name, pass on what they typed; where the account is known, [`MailTo::User`].
//! 2. Hand it to the verb of the store that does the rest, whose statement calls `outbox::insert` in its transaction,
//!    and [wake](MailRoom::wake) the room afterwards; or, if there is no rest, to
//!    [`Accounts::post_mail`](crate::account::Accounts::post_mail).
//! 3. Say in [`Resolve`] what it says: look the account up, make the token, in one statement that **replaces the former
//!    one of the same user and purpose**, and answer `Letter::to_user(&user).link(token, expires_at)`, or `None` if
//!    there is nobody to write to. It is called again for every attempt.
//!
//! In tests, `testing::Mailbox` (feature `testing`) keeps what was sent and knows its links and codes.

mod accounts;
mod backlog;
mod backoff;
mod compose;
mod file;
mod letter;
mod links;
mod message;
mod mime;
mod rehearse;
mod request;
mod resolve;
mod room;
mod sender;
#[cfg(feature = "smtp")]
mod smtp;
mod templates;
mod transport;
mod url;
mod words;

#[cfg(feature = "smtp")]
pub use self::smtp::SmtpTransport;
pub(crate) use self::transport::NoTransport;
pub use self::{
    backlog::{MailBacklog, MailState},
    file::FileTransport,
    letter::Letter,
    links::{LinkKind, LinkTemplate, Links},
    message::Message,
    request::{MailKind, MailRequest, MailTo, TakenMail},
    resolve::Resolve,
    room::{MailFigures, MailRoom},
    sender::Sender,
    templates::Templates,
    transport::{SendError, Transport},
    url::{MailUrl, SmtpServer},
};
pub use crate::templates::TemplateError;
