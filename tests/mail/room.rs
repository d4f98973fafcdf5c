//! The worker: at least once, in order, by one of many, and loud when it gives up.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use portcullis::{
    account::Username,
    audit::EventKind,
    clock::Clock,
    mail::{MailKind, MailState, MailTo, Message, SendError, Transport},
    testing::Mailbox,
};
use tokio::sync::Notify;

use crate::{
    both,
    db::TestDb,
    support::{House, NOW, room, temporary, to, user},
};

both! {
    what_is_asked_for_is_sent_once_and_the_row_is_gone,
    rs_7_a_name_that_nobody_has_leaves_the_same_row_and_no_mail,
    what_fails_is_tried_again_in_order,
    rs_5_a_second_attempt_has_the_one_token_that_lives,
    a_room_that_was_killed_loses_nothing,
    what_is_refused_for_good_is_given_up_and_told,
    what_cannot_be_sent_for_three_days_is_given_up,
    what_cannot_be_resolved_now_is_resolved_later,
    rooms_in_a_race_send_every_mail_once_and_in_order,
    a_closed_room_takes_nothing,
}

fn house(db: TestDb) -> (House, Mailbox) {
    let mailbox = Mailbox::new();
    (House::new(db, Arc::new(mailbox.clone())), mailbox)
}

fn ids(mailbox: &Mailbox, address: &str) -> Vec<String> {
    mailbox.to(address).iter().map(|mail| mail.message_id()[1..33].to_owned()).collect()
}

async fn what_is_asked_for_is_sent_once_and_the_row_is_gone(db: TestDb) {
    let (house, mailbox) = house(db);
    let id = house.reset("ada@example.com").await;
    house.deliver().await;
    house.deliver_later().await;
    assert_eq!(ids(&mailbox, "ada@example.com"), [id.simple().to_string()]);
    let link = format!("https://id.example/reset-password?token={}", house.flows.live_token("ada@example.com"));
    assert_eq!(mailbox.link("ada@example.com"), Some(link));
    assert_eq!(mailbox.token("ada@example.com"), Some(house.flows.live_token("ada@example.com")));
    assert_eq!(house.waiting().await, 0);
    assert_eq!((house.room.figures().sent, house.room.figures().put_off), (1, 0));
}

async fn rs_7_a_name_that_nobody_has_leaves_the_same_row_and_no_mail(db: TestDb) {
    let (house, mailbox) = house(db);
    let (known, unknown) = (house.reset("ada@example.com").await, house.reset("nobody@example.com").await);
    let mut rows = Vec::new();
    for id in [known, unknown] {
        rows.push(house.db.outbox_row(id).await);
    }
    assert_eq!(rows[0].replace("ada@", "nobody@"), rows[1]);
    let name = Username::parse("nobody").unwrap();
    house.post(MailKind::ResetPassword, MailTo::Username(name)).await;
    house.deliver().await;
    assert_eq!((mailbox.all().len(), house.waiting().await), (1, 0));
}

async fn what_fails_is_tried_again_in_order(db: TestDb) {
    let (house, mailbox) = house(db);
    mailbox.fail(Some(temporary()));
    let mut posted = Vec::new();
    for _ in 0..3 {
        posted.push(house.reset("ada@example.com").await.simple().to_string());
        house.deliver().await;
    }
    assert_eq!(house.flows.asked.lock().unwrap().len(), 1, "the first holds up the others until it is due again");
    mailbox.fail(None);
    house.reset("bob@example.com").await;
    house.deliver().await;
    assert_eq!((mailbox.to("bob@example.com").len(), mailbox.to("ada@example.com").len()), (1, 0));
    house.deliver_later().await;
    assert_eq!(ids(&mailbox, "ada@example.com"), posted);
}

async fn rs_5_a_second_attempt_has_the_one_token_that_lives(db: TestDb) {
    let mailbox = Mailbox::new();
    let house = House::new(db, Arc::new(SentButNotSaid(mailbox.clone())));
    house.reset("ada@example.com").await;
    house.deliver().await;
    house.deliver_later().await;
    let tokens: Vec<_> = mailbox.all().iter().map(|mail| mail.link().unwrap().to_owned()).collect();
    assert_eq!(tokens.len(), 2, "at least once");
    assert_ne!(tokens[0], tokens[1]);
    assert!(tokens[1].ends_with(&house.flows.live_token("ada@example.com")));
    let ids: Vec<_> = mailbox.all().iter().map(Message::message_id).collect();
    assert_ne!(ids[0], ids[1], "or a mail program shows only the first, whose token is dead");
}

/// Sends a mail and then fails at its first attempt, as a server does that goes away before it answers.
struct SentButNotSaid(Mailbox);

#[async_trait]
impl Transport for SentButNotSaid {
    async fn send(&self, message: &Message) -> Result<(), SendError> {
        self.0.send(message).await?;
        if self.0.all().len() == 1 { Err(temporary()) } else { Ok(()) }
    }
}

async fn a_room_that_was_killed_loses_nothing(db: TestDb) {
    let (house, mailbox) = house(db);
    let (first, second) = (house.reset("ada@example.com").await, house.reset("ada@example.com").await);
    let taken = house.db.store.take_mail(10, NOW, NOW + Duration::from_secs(20)).await.unwrap();
    assert_eq!(taken.len(), 1, "and then whoever took it is gone");
    house.deliver().await;
    assert_eq!(mailbox.all().len(), 0);
    house.clock.advance(Duration::from_secs(20));
    house.deliver().await;
    assert_eq!(ids(&mailbox, "ada@example.com"), [first, second].map(|id| id.simple().to_string()));
}

async fn what_is_refused_for_good_is_given_up_and_told(db: TestDb) {
    let (house, mailbox) = house(db);
    let ada = user("ada", "");
    mailbox.fail(Some(SendError::Permanent("no such mailbox".to_owned())));
    house.post(MailKind::PasswordChanged, MailTo::User(ada.id)).await;
    house.deliver().await;
    let events = house.db.store.events_of(ada.id, 10).await.unwrap();
    assert_eq!(events.iter().map(|event| event.kind).collect::<Vec<_>>(), [EventKind::MailGivenUp]);
    assert_eq!((house.room.figures().given_up, house.room.figures().put_off, house.waiting().await), (1, 0, 0));
    let backlog = house.db.store.mail_backlog(NOW - Duration::from_secs(1)).await.unwrap();
    assert_eq!(backlog.state(NOW), MailState::Failing);

    mailbox.fail(None);
    house.post(MailKind::PasswordChanged, MailTo::User(ada.id)).await;
    house.deliver().await;
    assert_eq!(mailbox.all().len(), 1, "the next one passes");
}

async fn what_cannot_be_sent_for_three_days_is_given_up(db: TestDb) {
    let (house, mailbox) = house(db);
    let ada = user("ada", "");
    mailbox.fail(Some(temporary()));
    house.post(MailKind::PasswordChanged, MailTo::User(ada.id)).await;
    while house.clock.now() < NOW + Duration::from_hours(71) {
        house.clock.advance(Duration::from_hours(1));
        house.deliver().await;
    }
    assert_eq!((house.waiting().await, house.room.figures().given_up), (1, 0));
    house.clock.advance(Duration::from_hours(1));
    house.deliver().await;
    assert_eq!((house.waiting().await, house.room.figures().given_up), (0, 1));
    assert_eq!(house.db.store.events_of(ada.id, 10).await.unwrap().len(), 1);
}

async fn what_cannot_be_resolved_now_is_resolved_later(db: TestDb) {
    let (house, mailbox) = house(db);
    *house.flows.failing.lock().unwrap() = true;
    house.reset("ada@example.com").await;
    house.deliver().await;
    *house.flows.failing.lock().unwrap() = false;
    assert_eq!(house.room.figures().put_off, 1);
    house.deliver_later().await;
    assert_eq!(mailbox.all().len(), 1);
}

async fn rooms_in_a_race_send_every_mail_once_and_in_order(db: TestDb) {
    const MAILBOXES: usize = 5;
    let (house, mailbox) = house(db);
    let mut posted = vec![Vec::new(); MAILBOXES];
    for number in 0..60 {
        let id = house.reset(&format!("user{}@example.com", number % MAILBOXES)).await;
        posted[number % MAILBOXES].push(id.simple().to_string());
    }
    let workers: Vec<_> = (0..4)
        .map(|_| {
            let (room, flows) = (room(&house.db, &house.clock, Arc::new(mailbox.clone())), house.flows.clone());
            tokio::spawn(async move { room.deliver(flows).await.unwrap() })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
    house.deliver().await;
    for (number, posted) in posted.into_iter().enumerate() {
        assert_eq!(ids(&mailbox, &format!("user{number}@example.com")), posted);
    }
}

async fn a_closed_room_takes_nothing(db: TestDb) {
    let (house, mailbox) = house(db);
    house.reset("ada@example.com").await;
    house.room.close().await;
    house.deliver().await;
    assert_eq!((mailbox.all().len(), house.waiting().await), (0, 1));
    room(&house.db, &house.clock, Arc::new(mailbox.clone())).deliver(house.flows.clone()).await.unwrap();
    assert_eq!(mailbox.all().len(), 1);
}

/// Holds a mail until it is told to let it go.
struct Slow {
    has_it: Notify,
    go: Notify,
}

#[async_trait]
impl Transport for Slow {
    async fn send(&self, _: &Message) -> Result<(), SendError> {
        self.has_it.notify_one();
        self.go.notified().await;
        Ok(())
    }
}

#[tokio::test]
async fn a_mail_that_takes_long_stays_with_its_taker() {
    let transport = Arc::new(Slow { has_it: Notify::new(), go: Notify::new() });
    let house = House::new(TestDb::sqlite().await, transport.clone());
    let id = house.post(MailKind::NewDevice, to("ada@example.com")).await;
    let (room, flows) = (house.room.clone(), house.flows.clone());
    let worker = tokio::spawn(async move { room.deliver(flows).await.unwrap() });
    transport.has_it.notified().await;
    house.clock.advance(Duration::from_secs(15));
    let due = async || house.db.outbox_due(id).await;
    let taken_until = due().await;
    while due().await == taken_until {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    house.clock.advance(Duration::from_secs(15));
    let now = house.clock.now();
    assert_eq!(house.db.store.take_mail(1, now, now).await.unwrap(), [], "its first term is over");
    transport.go.notify_one();
    worker.await.unwrap();
    assert_eq!(house.waiting().await, 0);
}
