//! A room over a database of its own, and somebody who knows what its mails are to say.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use portcullis::{
    Error,
    account::{Email, User, UserId, Username},
    clock::{Clock, Timestamp},
    config::Config,
    mail::{
        Letter, MailKind, MailRequest, MailRoom, MailTo, MailUrl, Message, Resolve, SendError, Templates, Transport,
    },
    secret::PlainToken,
    session::Device,
    testing::{Mailbox, ManualClock},
};
use uuid::Uuid;

use crate::db::TestDb;

pub const NOW: Timestamp = Timestamp::from_secs(1_795_317_209);

/// A user of this name, in no database.
pub fn user(username: &str, name: &str) -> User {
    User {
        id: UserId::new(NOW),
        username: Username::parse(username).unwrap(),
        email: Email::parse(&format!("{username}@example.com")).unwrap(),
        email_verified_at: None,
        name: name.to_owned(),
        roles: Vec::new(),
        generation: 1,
        disabled_at: None,
        created_at: NOW,
    }
}

pub fn to(address: &str) -> MailTo {
    MailTo::Address(Email::parse(address).unwrap())
}

/// Knows everyone at example.com but nobody, and makes a new token for every attempt, which replaces the former.
#[derive(Default)]
pub struct Flows {
    pub live: Mutex<HashMap<String, String>>,
    pub asked: Mutex<Vec<Uuid>>,
    pub failing: Mutex<bool>,
    pub clock: Mutex<Option<Arc<ManualClock>>>,
}

impl Flows {
    pub fn live_token(&self, address: &str) -> String {
        self.live.lock().unwrap()[address].clone()
    }
}

#[async_trait]
impl Resolve for Flows {
    async fn resolve(&self, request: &MailRequest) -> Result<Option<Letter>, Error> {
        self.asked.lock().unwrap().push(request.id);
        if *self.failing.lock().unwrap() {
            return Err(Error::SessionEnded);
        }
        let address = match &request.to {
            MailTo::Address(email) => email.as_str().to_owned(),
            MailTo::Username(name) => format!("{}@example.com", name.as_str()),
            MailTo::User(id) => format!("{}@example.com", id.0.simple()),
        };
        if address.starts_with("nobody") {
            return Ok(None);
        }
        let letter = Letter::to_address(Email::parse(&address).unwrap());
        if request.kind.link().is_none() {
            return Ok(Some(letter));
        }
        let token = PlainToken::generate().unwrap();
        self.live.lock().unwrap().insert(address, token.expose().to_owned());
        let now = self.clock.lock().unwrap().as_ref().map_or(NOW, |clock| clock.now());
        Ok(Some(letter.link(token, now + Duration::from_mins(30))))
    }
}

/// A room, and what stands around it.
pub struct House {
    pub db: TestDb,
    pub clock: Arc<ManualClock>,
    pub flows: Arc<Flows>,
    pub room: MailRoom,
}

impl House {
    pub fn new(db: TestDb, transport: Arc<dyn Transport>) -> Self {
        let clock = Arc::new(ManualClock::at(NOW));
        let flows = Arc::new(Flows::default());
        *flows.clock.lock().unwrap() = Some(clock.clone());
        let room = room(&db, &clock, transport);
        Self { db, clock, flows, room }
    }

    pub async fn sending_to(url: &str) -> Self {
        let url: MailUrl = url.parse().unwrap();
        Self::new(TestDb::sqlite().await, url.transport().unwrap())
    }

    pub async fn post(&self, kind: MailKind, to: MailTo) -> Uuid {
        let request = MailRequest::new(kind, to, self.clock.now(), &Device::default());
        self.db.store.post_mail(&request).await.unwrap();
        request.id
    }

    /// Asks for a mail with a link.
    pub async fn reset(&self, address: &str) -> Uuid {
        self.post(MailKind::ResetPassword, to(address)).await
    }

    pub async fn deliver(&self) {
        self.room.deliver(self.flows.clone()).await.unwrap();
    }

    /// Lets so much time pass that everything that failed is due again, and sends it.
    pub async fn deliver_later(&self) {
        self.clock.advance(Duration::from_mins(15));
        self.deliver().await;
    }

    pub async fn waiting(&self) -> u64 {
        self.db.store.mail_backlog(self.clock.now()).await.unwrap().waiting
    }
}

/// Another room on the same outbox, as another process has one.
pub fn room(db: &TestDb, clock: &Arc<ManualClock>, transport: Arc<dyn Transport>) -> MailRoom {
    let mut config = Config::new("https://id.example".parse().unwrap());
    config.site_name = Some("Notes".parse().unwrap());
    MailRoom::new(&config, Templates::built_in().unwrap(), db.store.clone(), clock.clone(), transport)
}

/// Answers every request with this letter.
pub struct Always(pub Letter);

#[async_trait]
impl Resolve for Always {
    async fn resolve(&self, _: &MailRequest) -> Result<Option<Letter>, Error> {
        Ok(Some(self.0.clone()))
    }
}

/// What becomes of a letter, with these settings.
pub async fn message(change: impl FnOnce(&mut Config), request: MailRequest, letter: Letter) -> Option<Message> {
    let mut config = Config::new("https://id.example".parse().unwrap());
    config.site_name = Some("Notes".parse().unwrap());
    change(&mut config);
    let templates = config.templates_dir.as_deref().map_or_else(Templates::built_in, Templates::load).unwrap();
    let (db, mailbox) = (TestDb::sqlite().await, Mailbox::new());
    let clock = Arc::new(ManualClock::at(NOW));
    let room = MailRoom::new(&config, templates, db.store.clone(), clock, Arc::new(mailbox.clone()));
    db.store.post_mail(&request).await.unwrap();
    room.deliver(Arc::new(Always(letter))).await.unwrap();
    mailbox.all().pop()
}

/// A message like any other, to be handed to a transport directly.
pub async fn any_message() -> Message {
    let request = MailRequest::new(MailKind::ResetPassword, to("ada@example.com"), NOW, &Device::default());
    let token = PlainToken::generate().unwrap();
    let letter = Letter::to_user(&user("ada", "Ada")).link(token, NOW + Duration::from_mins(30));
    message(|_| (), request, letter).await.unwrap()
}

pub fn temporary() -> SendError {
    SendError::Temporary("try again".to_owned())
}
