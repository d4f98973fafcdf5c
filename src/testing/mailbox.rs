//! A way out for mail that leads nowhere.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use tokio::{sync::Notify, time::timeout};

use crate::mail::{Message, SendError, Transport};

/// How long a mail is waited for. No test is quicker for it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Keeps the mails that were sent, for tests to read. Cloning gives another handle on the same mailbox.
///
/// ```
/// # #[cfg(feature = "sqlite")]
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let database = format!("sqlite:{}/notes.db", folder.path().display());
/// # use std::sync::Arc;
/// use portcullis::{
///     Portcullis, account::Email, mail::{MailKind, MailRequest, MailTo},
///     clock::{Clock, SystemClock}, session::Device, testing::Mailbox,
/// };
///
/// let mailbox = Mailbox::new();
/// let auth = Portcullis::builder()
///     .public_url("https://notes.example")
///     .database(database)
///     .mail_transport(Arc::new(mailbox.clone()))
///     .build()
///     .await?;
///
/// let to = MailTo::Address(Email::parse("ada@example.com").unwrap());
/// let request = MailRequest::new(MailKind::ResetUnknown, to, SystemClock.now(), &Device::default());
/// auth.accounts().post_mail(&request).await?;
/// let mail = mailbox.next("ada@example.com").await.unwrap();
/// assert_eq!(mail.subject(), "No account at notes.example has this address");
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "sqlite"))]
/// # fn main() {}
/// ```
#[derive(Clone, Default)]
pub struct Mailbox(Arc<State>);

#[derive(Default)]
struct State {
    mails: Mutex<Mails>,
    arrived: Notify,
}

#[derive(Default)]
struct Mails {
    all: Vec<Message>,
    /// Which of them have been answered by `next`.
    read: Vec<bool>,
    failing: Option<SendError>,
}

impl Mailbox {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Every mail so far, oldest first.
    #[must_use]
    pub fn all(&self) -> Vec<Message> {
        self.with(|mails| mails.all.clone())
    }

    /// Every mail to this address so far, oldest first. Addresses are compared without case.
    #[must_use]
    pub fn to(&self, address: &str) -> Vec<Message> {
        self.all().into_iter().filter(|mail| is_to(mail, address)).collect()
    }

    /// The latest mail to this address.
    #[must_use]
    pub fn latest(&self, address: &str) -> Option<Message> {
        self.to(address).pop()
    }

    /// The link in the latest mail to this address that has one.
    #[must_use]
    pub fn link(&self, address: &str) -> Option<String> {
        self.to(address).iter().rev().find_map(|mail| mail.link().map(str::to_owned))
    }

    /// The token in that link: what follows its last `=` or `/`.
    #[must_use]
    pub fn token(&self, address: &str) -> Option<String> {
        self.link(address)?.rsplit(['=', '/']).next().map(str::to_owned)
    }

    /// The code in the latest mail to this address that has one.
    #[must_use]
    pub fn code(&self, address: &str) -> Option<String> {
        self.to(address).iter().rev().find_map(|mail| mail.code().map(str::to_owned))
    }

    /// The oldest mail to this address that this has not answered yet. Waits for one; `None` if none comes.
    pub async fn next(&self, address: &str) -> Option<Message> {
        let next = async {
            loop {
                let arrived = self.0.arrived.notified();
                let mut arrived = std::pin::pin!(arrived);
                // From here on no arrival is missed.
                arrived.as_mut().enable();
                if let Some(mail) = self.with(|mails| mails.next(address)) {
                    return mail;
                }
                arrived.await;
            }
        };
        timeout(PATIENCE, next).await.ok()
    }

    /// Lets every mail from now on fail in this way, or be taken again.
    pub fn fail(&self, error: Option<SendError>) {
        self.with(|mails| mails.failing = error);
    }

    fn with<T>(&self, act: impl FnOnce(&mut Mails) -> T) -> T {
        act(&mut self.0.mails.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Mails {
    fn next(&mut self, address: &str) -> Option<Message> {
        let mut unread = self.all.iter().zip(&mut self.read).filter(|(mail, read)| !**read && is_to(mail, address));
        let (mail, read) = unread.next()?;
        *read = true;
        Some(mail.clone())
    }
}

fn is_to(mail: &Message, address: &str) -> bool {
    mail.to().as_str().eq_ignore_ascii_case(address)
}

#[async_trait]
impl Transport for Mailbox {
    async fn send(&self, message: &Message) -> Result<(), SendError> {
        self.with(|mails| {
            mails.failing.clone().map_or(Ok(()), Err)?;
            mails.all.push(message.clone());
            mails.read.push(false);
            Ok(())
        })?;
        self.0.arrived.notify_waiters();
        Ok(())
    }
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailbox").field("mails", &self.all()).finish()
    }
}
