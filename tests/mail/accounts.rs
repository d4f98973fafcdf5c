//! The accounts' own mail: asked for by whoever acts, sent in the background.

use std::time::Duration;

use portcullis::{
    account::{Email, UserId, Username},
    clock::Clock,
    mail::{MailKind, MailRequest, MailState, MailTo, SendError},
    session::Device,
};

use crate::{
    app::{PASSWORD, TestApp},
    both,
    db::TestDb,
};

both! {
    a_notice_goes_to_the_address_on_file_without_being_asked_to,
    id_2_mail_goes_to_the_stored_address_and_not_to_the_one_that_was_typed,
    nobody_is_written_to_in_place_of_somebody,
    mail_waits_for_the_next_process,
    the_state_tells_of_mail_that_does_not_leave,
    what_was_given_up_is_swept,
}

fn request(app: &TestApp, kind: MailKind, to: MailTo) -> MailRequest {
    MailRequest::new(kind, to, app.clock.now(), &Device::default())
}

fn by_name(name: &str) -> MailTo {
    MailTo::Username(Username::parse(name).unwrap())
}

async fn ada(app: &TestApp) -> UserId {
    // On the operator's word, which asks for no mail.
    let accounts = app.portcullis.accounts();
    let registration = accounts.registration("ada", "Ada@Example.com", PASSWORD, "").unwrap();
    accounts.create_user(registration, Vec::new(), &Device::default()).await.unwrap().id
}

async fn a_notice_goes_to_the_address_on_file_without_being_asked_to(db: TestDb) {
    let app = TestApp::new(db).await;
    let ada = ada(&app).await;
    let request = request(&app, MailKind::PasswordChanged, MailTo::User(ada));
    app.portcullis.accounts().post_mail(&request).await.unwrap();
    let mail = app.mailbox.next("ada@example.com").await.expect("no mail came");
    assert_eq!(mail.subject(), "Your password at id.example was changed");
    assert!(mail.text().starts_with("Hello ada,\n"), "{}", mail.text());
}

async fn id_2_mail_goes_to_the_stored_address_and_not_to_the_one_that_was_typed(db: TestDb) {
    let app = TestApp::new(db).await;
    ada(&app).await;
    let typed = MailTo::Address(Email::parse("ADA@EXAMPLE.COM").unwrap());
    for to in [typed, by_name("ADA")] {
        app.portcullis.accounts().post_mail(&request(&app, MailKind::AlreadyRegistered, to)).await.unwrap();
    }
    app.portcullis.accounts().deliver_mail().await.unwrap();
    let addresses: Vec<_> = app.mailbox.all().iter().map(|mail| mail.to().as_str().to_owned()).collect();
    assert_eq!(addresses, ["Ada@Example.com", "Ada@Example.com"]);
}

async fn nobody_is_written_to_in_place_of_somebody(db: TestDb) {
    let app = TestApp::new(db).await;
    let ada = ada(&app).await;
    let accounts = app.portcullis.accounts();
    let stranger = || MailTo::Address(Email::parse("eve@example.com").unwrap());
    for (kind, to) in [
        (MailKind::PasswordChanged, stranger()),
        (MailKind::PasswordChanged, by_name("eve")),
        (MailKind::ResetUnknown, MailTo::User(ada)),
        (MailKind::ResetUnknown, MailTo::Address(Email::parse("ada@example.com").unwrap())),
    ] {
        accounts.post_mail(&request(&app, kind, to)).await.unwrap();
    }
    accounts.deliver_mail().await.unwrap();
    assert!(app.mailbox.all().is_empty(), "{:?}", app.mailbox);
    assert_eq!(accounts.mail_backlog().await.unwrap().waiting, 0);

    accounts.post_mail(&request(&app, MailKind::ResetUnknown, stranger())).await.unwrap();
    accounts.deliver_mail().await.unwrap();
    assert_eq!(app.mailbox.latest("eve@example.com").unwrap().kind(), MailKind::ResetUnknown);
}

async fn mail_waits_for_the_next_process(db: TestDb) {
    let app = TestApp::new(db).await;
    let ada = ada(&app).await;
    app.portcullis.accounts().close_mail().await;
    app.portcullis.accounts().post_mail(&request(&app, MailKind::NewDevice, MailTo::User(ada))).await.unwrap();
    app.portcullis.accounts().deliver_mail().await.unwrap();
    assert!(app.mailbox.all().is_empty());
    let app = app.reopened(|_| ()).await;
    assert!(app.mailbox.next("ada@example.com").await.is_some());
}

async fn the_state_tells_of_mail_that_does_not_leave(db: TestDb) {
    let app = TestApp::new(db).await;
    let ada = ada(&app).await;
    let accounts = app.portcullis.accounts();
    assert_eq!(accounts.mail_state().await.unwrap(), MailState::Ok);
    app.mailbox.fail(Some(SendError::Temporary("down".into())));
    accounts.post_mail(&request(&app, MailKind::NewDevice, MailTo::User(ada))).await.unwrap();
    accounts.deliver_mail().await.unwrap();
    assert_eq!(accounts.mail_state().await.unwrap(), MailState::Ok);
    app.advance(Duration::from_mins(6));
    assert_eq!(accounts.mail_state().await.unwrap(), MailState::Late);
    app.mailbox.fail(Some(SendError::Permanent("gone".into())));
    // The app's own worker may have tried it once more before that, and put it off.
    accounts.deliver_mail().await.unwrap();
    app.advance(Duration::from_hours(1));
    accounts.deliver_mail().await.unwrap();
    assert_eq!(accounts.mail_state().await.unwrap(), MailState::Failing);
    app.advance(Duration::from_hours(24));
    assert_eq!(accounts.mail_state().await.unwrap(), MailState::Ok);
}

async fn what_was_given_up_is_swept(db: TestDb) {
    let app = TestApp::new(db).await;
    let ada = ada(&app).await;
    let accounts = app.portcullis.accounts();
    app.mailbox.fail(Some(SendError::Permanent("gone".into())));
    accounts.post_mail(&request(&app, MailKind::NewDevice, MailTo::User(ada))).await.unwrap();
    accounts.deliver_mail().await.unwrap();
    assert_eq!((app.db.count("outbox").await, accounts.mail_figures().given_up), (1, 1));
    app.advance(Duration::from_hours(7 * 24));
    accounts.forget_expired().await.unwrap();
    assert_eq!(app.db.count("outbox").await, 0);
}
