//! Mails that wait to be sent.

use std::{collections::BTreeSet, time::Duration};

use portcullis::{
    account::{Email, UserId, Username},
    audit::{Event, EventKind},
    clock::Timestamp,
    mail::{MailBacklog, MailKind, MailRequest, MailTo, TakenMail},
    session::Device,
};
use uuid::Uuid;

use crate::{both, db::TestDb, fixture::*};

both! {
    a_mail_comes_back_as_it_went_in,
    mails_to_one_mailbox_are_taken_one_after_another_however_they_were_asked_for,
    a_mail_put_off_holds_up_its_own_mailbox_alone,
    mails_to_nobody_hold_up_nobody,
    a_taken_mail_is_nobody_elses_until_its_time,
    a_late_report_is_not_heard,
    a_mail_given_up_lets_the_next_pass_and_is_kept_for_a_week,
    the_backlog_counts_what_waits_and_what_was_given_up,
    workers_in_a_race_never_take_the_same_mail,
    workers_in_a_race_never_take_two_mails_of_one_mailbox,
    the_outbox_survives_a_restart,
}

const LEASE: Duration = Duration::from_secs(20);

const NOTHING: [Uuid; 0] = [];

fn to_address(address: &str) -> MailTo {
    MailTo::Address(Email::parse(address).unwrap())
}

fn request(to: MailTo) -> MailRequest {
    MailRequest::new(MailKind::ResetPassword, to, NOW, &Device::default())
}

async fn post(db: &TestDb, to: MailTo) -> Uuid {
    let request = request(to);
    db.store.post_mail(&request).await.unwrap();
    request.id
}

async fn take(db: &TestDb, now: Timestamp) -> Vec<TakenMail> {
    db.store.take_mail(100, now, now + LEASE).await.unwrap()
}

async fn take_ids(db: &TestDb, now: Timestamp) -> Vec<Uuid> {
    take(db, now).await.iter().map(|mail| mail.request.id).collect()
}

async fn a_mail_comes_back_as_it_went_in(db: TestDb) {
    let device = Device { address: Some("2001:db8::1".parse().unwrap()), user_agent: Some("curl/8".to_owned()) };
    let user = UserId::new(NOW);
    let mut requests = vec![
        MailRequest::new(MailKind::VerifyEmail, MailTo::User(user), NOW, &device),
        MailRequest::new(MailKind::ResetPassword, MailTo::Username(Username::parse("ada").unwrap()), NOW, &device),
        MailRequest::new(MailKind::EmailChanged, to_address("Ada@BÜCHER.example"), NOW, &Device::default())
            .user(user)
            .about("new@example.com"),
    ];
    for request in &requests {
        db.store.post_mail(request).await.unwrap();
    }
    let taken = take(&db, NOW).await;
    assert!(taken.iter().all(|mail| mail.attempt == 1));
    requests.sort_by_key(|request| request.id);
    assert_eq!(taken.into_iter().map(|mail| mail.request).collect::<Vec<_>>(), requests);
}

async fn mails_to_one_mailbox_are_taken_one_after_another_however_they_were_asked_for(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let mut posted = Vec::new();
    for _ in 0..2 {
        posted.push(post(&db, to_address("ADA@example.com")).await);
        posted.push(post(&db, MailTo::User(ada)).await);
        posted.push(post(&db, MailTo::Username(Username::parse("Ada").unwrap())).await);
    }
    let other = post(&db, to_address("bob@example.com")).await;
    assert_eq!(take_ids(&db, NOW).await, [posted[0], other]);
    for pair in posted.windows(2) {
        assert_eq!(take_ids(&db, NOW).await, NOTHING);
        assert!(db.store.finish_mail(pair[0], 1).await.unwrap());
        assert_eq!(take_ids(&db, NOW).await, [pair[1]]);
    }
}

async fn a_mail_put_off_holds_up_its_own_mailbox_alone(db: TestDb) {
    let first = post(&db, to_address("ada@example.com")).await;
    let behind = post(&db, to_address("ada@example.com")).await;
    assert_eq!(take_ids(&db, NOW).await, [first]);
    let later = NOW + Duration::from_mins(10);
    assert!(db.store.put_off_mail(first, 1, later).await.unwrap());
    let other = post(&db, to_address("bob@example.com")).await;
    assert_eq!(take_ids(&db, NOW + LEASE).await, [other]);
    assert_eq!(take(&db, later).await.iter().map(|mail| (mail.request.id, mail.attempt)).next(), Some((first, 2)));
    assert!(db.store.finish_mail(first, 2).await.unwrap());
    assert_eq!(take_ids(&db, later).await, [behind]);
}

async fn mails_to_nobody_hold_up_nobody(db: TestDb) {
    let posted = [
        post(&db, MailTo::Username(Username::parse("nobody1").unwrap())).await,
        post(&db, MailTo::Username(Username::parse("nobody2").unwrap())).await,
        post(&db, MailTo::User(UserId::new(NOW))).await,
        post(&db, to_address("nobody@example.com")).await,
    ];
    assert_eq!(take_ids(&db, NOW).await, posted);
}

async fn a_taken_mail_is_nobody_elses_until_its_time(db: TestDb) {
    let id = post(&db, to_address("ada@example.com")).await;
    assert_eq!(take_ids(&db, NOW - Duration::from_millis(1)).await, NOTHING);
    assert_eq!(take_ids(&db, NOW).await, [id]);
    let almost = NOW + LEASE - Duration::from_millis(1);
    assert_eq!(take_ids(&db, almost).await, NOTHING);
    assert!(db.store.put_off_mail(id, 1, almost + LEASE).await.unwrap(), "its taker still has it");
    assert_eq!(take_ids(&db, NOW + LEASE).await, NOTHING);
    assert_eq!(take_ids(&db, almost + LEASE).await, [id]);
}

async fn a_late_report_is_not_heard(db: TestDb) {
    let id = post(&db, to_address("ada@example.com")).await;
    take(&db, NOW).await;
    take(&db, NOW + LEASE).await;
    assert!(!db.store.put_off_mail(id, 1, LATER).await.unwrap());
    assert!(!db.store.give_up_mail(id, 1, &event(EventKind::MailGivenUp)).await.unwrap());
    assert!(!db.store.finish_mail(id, 1).await.unwrap());
    assert_eq!(db.store.mail_backlog(NOW).await.unwrap().waiting, 1);
    assert!(db.store.finish_mail(id, 2).await.unwrap());
    assert!(!db.store.finish_mail(id, 2).await.unwrap());
    assert_eq!(db.store.mail_backlog(NOW).await.unwrap().waiting, 0);
}

async fn a_mail_given_up_lets_the_next_pass_and_is_kept_for_a_week(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let refused = post(&db, MailTo::User(ada)).await;
    let behind = post(&db, MailTo::User(ada)).await;
    take(&db, NOW).await;
    let event = Event::new(EventKind::MailGivenUp, LATER, &Device::default()).user(ada);
    assert!(db.store.give_up_mail(refused, 1, &event).await.unwrap());
    assert!(!db.store.give_up_mail(refused, 1, &event).await.unwrap());
    assert_eq!(trail(&db.store, ada).await, [EventKind::UserRegistered, EventKind::MailGivenUp]);
    assert_eq!(take_ids(&db, LATER).await, [behind]);
    assert_eq!(take_ids(&db, LATER + LEASE * 1000).await, [behind], "what was given up is never taken again");

    let week = Duration::from_hours(7 * 24);
    let given_up = async || db.store.mail_backlog(NOW).await.unwrap().given_up;
    db.store.forget_expired(LATER + week - Duration::from_millis(1)).await.unwrap();
    assert_eq!(given_up().await, 1);
    db.store.forget_expired(LATER + week).await.unwrap();
    assert_eq!(given_up().await, 0);
    assert_eq!(db.store.mail_backlog(NOW).await.unwrap().waiting, 1);
}

async fn the_backlog_counts_what_waits_and_what_was_given_up(db: TestDb) {
    assert_eq!(db.store.mail_backlog(NOW).await.unwrap(), MailBacklog::default());
    post(&db, to_address("ada@example.com")).await;
    let late = MailRequest { at: LATER, ..request(to_address("bob@example.com")) };
    db.store.post_mail(&late).await.unwrap();
    let waiting = MailBacklog { waiting: 2, oldest: Some(NOW), given_up: 0 };
    assert_eq!(db.store.mail_backlog(NOW).await.unwrap(), waiting);
    take(&db, LATER).await;
    let event = Event::new(EventKind::MailGivenUp, LATER, &Device::default());
    assert!(db.store.give_up_mail(late.id, 1, &event).await.unwrap());
    let given_up = MailBacklog { waiting: 1, oldest: Some(NOW), given_up: 1 };
    assert_eq!(db.store.mail_backlog(LATER - Duration::from_millis(1)).await.unwrap(), given_up);
    assert_eq!(db.store.mail_backlog(LATER).await.unwrap().given_up, 0);
}

async fn workers_in_a_race_never_take_the_same_mail(db: TestDb) {
    let mut posted = BTreeSet::new();
    for number in 0..64 {
        posted.insert(post(&db, to_address(&format!("user{number}@example.com"))).await);
    }
    let mut taken = Vec::new();
    while taken.len() < posted.len() {
        let round = all_at_once(&db.store, |_, store| async move {
            store
                .take_mail(3, NOW, NOW + LEASE)
                .await
                .unwrap()
                .into_iter()
                .map(|mail| mail.request.id)
                .collect::<Vec<_>>()
        });
        let round: Vec<_> = round.await.into_iter().flatten().collect();
        assert!(!round.is_empty(), "{} of {} were taken and no more", taken.len(), posted.len());
        taken.extend(round);
    }
    assert_eq!(taken.len(), posted.len());
    assert_eq!(taken.into_iter().collect::<BTreeSet<_>>(), posted);
}

async fn workers_in_a_race_never_take_two_mails_of_one_mailbox(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    for _ in 0..8 {
        let first = post(&db, MailTo::Username(Username::parse("ada").unwrap())).await;
        post(&db, to_address("ada@example.com")).await;
        post(&db, MailTo::User(ada)).await;
        let taken =
            all_at_once(&db.store, |_, store| async move { store.take_mail(3, NOW, NOW + LEASE).await.unwrap() });
        let taken: Vec<_> = taken.await.into_iter().flatten().collect();
        assert_eq!(taken.iter().map(|mail| mail.request.id).collect::<Vec<_>>(), [first]);
        assert!(db.store.finish_mail(first, 1).await.unwrap());
        for _ in 0..2 {
            let rest = take_ids(&db, NOW).await;
            assert!(rest.len() == 1 && db.store.finish_mail(rest[0], 1).await.unwrap());
        }
    }
}

async fn the_outbox_survives_a_restart(db: TestDb) {
    let id = post(&db, to_address("ada@example.com")).await;
    let restarted = db.another().await;
    let taken = restarted.take_mail(1, NOW, NOW + LEASE).await.unwrap();
    assert_eq!(taken.first().map(|mail| mail.request.id), Some(id));
}
