//! SMTP, against a server on this machine.

use std::time::Duration;

use portcullis::{
    mail::{MailUrl, SendError},
    testing::Mailbox,
};

use crate::{
    server::{Instead, Manners, Server},
    support::{House, any_message},
};

const AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/remote/pem/ca.pem");

/// Sends a mail by this URL, without a room around it.
async fn send(url: &str) -> Result<(), SendError> {
    url.parse::<MailUrl>().unwrap().transport().unwrap().send(&any_message().await).await
}

fn is_temporary(sent: &Result<(), SendError>, text: &str) -> bool {
    matches!(sent, Err(SendError::Temporary(said)) if said.contains(text))
}

#[tokio::test]
async fn a_mail_arrives_as_it_was_sent() {
    let server = Server::start(Manners::default()).await;
    let message = any_message().await;
    let url: MailUrl = format!("smtp://127.0.0.1:{}", server.port).parse().unwrap();
    url.transport().unwrap().send(&message).await.unwrap();
    let [mail] = &server.received()[..] else { panic!() };
    assert_eq!((mail.from.as_str(), mail.to.as_str()), ("portcullis@id.example", "ada@example.com"));
    assert_eq!(mail.data, String::from_utf8(message.to_bytes()).unwrap());
    assert!(!mail.over_tls);
}

#[tokio::test]
async fn starttls_comes_before_anything_that_matters() {
    let server =
        Server::start(Manners { starttls: true, asks_for: Some(("me", "s/e:cret")), ..Manners::default() }).await;
    let url = format!("smtp://me:s%2Fe%3Acret@localhost:{}?tls=required&ca={AUTHORITY}", server.port);
    send(&url).await.unwrap();
    let [mail] = &server.received()[..] else { panic!() };
    assert!(mail.over_tls);
    assert_eq!(mail.as_user.as_deref(), Some("me"));
    let plain = server.overheard();
    assert!(plain.contains("STARTTLS") && !plain.contains("AUTH") && !plain.contains("MAIL"), "{plain}");
}

#[tokio::test]
async fn a_server_without_starttls_is_told_nothing() {
    let server = Server::start(Manners { asks_for: Some(("me", "secret")), ..Manners::default() }).await;
    let sent = send(&format!("smtp://me:secret@127.0.0.1:{}?tls=required&ca={AUTHORITY}", server.port)).await;
    assert!(is_temporary(&sent, "STARTTLS"), "{sent:?}");
    let plain = server.overheard();
    assert!(!plain.contains("AUTH") && !plain.contains("MAIL"), "{plain}");
}

#[tokio::test]
async fn a_server_that_is_not_trusted_is_told_nothing() {
    let server = Server::start(Manners { starttls: true, ..Manners::default() }).await;
    let sent = send(&format!("smtp://127.0.0.1:{}?tls=required", server.port)).await;
    assert!(is_temporary(&sent, "UnknownIssuer"), "{sent:?}");
    let other_name = send(&format!("smtp://127.0.0.2:{}?tls=required&ca={AUTHORITY}", server.port)).await;
    assert!(matches!(other_name, Err(SendError::Temporary(_))));
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn tls_may_be_there_from_the_first_byte() {
    let server = Server::start_tls().await;
    send(&format!("smtps://localhost:{}?ca={AUTHORITY}", server.port)).await.unwrap();
    assert!(server.received()[0].over_tls);
}

#[tokio::test]
async fn certificates_that_cannot_be_read_are_told_at_start() {
    let url: MailUrl = "smtps://mail.example?ca=/nowhere.pem".parse().unwrap();
    let error = url.transport().err().unwrap().to_string();
    assert!(error.contains("/nowhere.pem"), "{error}");
}

#[tokio::test]
async fn a_wrong_password_loses_no_mail_and_is_not_told() {
    let server = Server::start(Manners { asks_for: Some(("me", "right")), ..Manners::default() }).await;
    let url = format!("smtp://me:wrong-one@127.0.0.1:{}", server.port);
    let sent = send(&url).await;
    let expected = format!("smtp://me:***@127.0.0.1:{} does not accept user and password", server.port);
    assert_eq!(sent, Err(SendError::Temporary(expected)));

    let house = House::sending_to(&url).await;
    house.reset("ada@example.com").await;
    house.deliver().await;
    server.change(|manners| manners.asks_for = Some(("me", "wrong-one")));
    house.deliver_later().await;
    assert_eq!(server.received().len(), 1, "the operator has mended it");
}

#[tokio::test]
async fn a_password_that_is_asked_for_and_not_given_loses_no_mail() {
    let server = Server::start(Manners { asks_for: Some(("me", "right")), ..Manners::default() }).await;
    assert!(is_temporary(&send(&format!("smtp://127.0.0.1:{}", server.port)).await, "530"));
    server.surprise("RCPT", Instead::Say("530 5.7.0 authentication required"));
    server.change(|manners| manners.asks_for = None);
    assert!(is_temporary(&send(&format!("smtp://127.0.0.1:{}", server.port)).await, "530"));
}

#[tokio::test]
async fn what_the_server_refuses_for_now_is_sent_later_in_order() {
    for (command, answer) in [
        ("MAIL", "451 busy"),
        ("MAIL", "550 not from you"),
        ("RCPT", "450 greylisted, come back"),
        ("DATA", "554 no mails today"),
        ("END", "452 disk full"),
        ("EHLO", "421 too many connections"),
    ] {
        let server = Server::start(Manners::default()).await;
        let house = House::sending_to(&format!("smtp://127.0.0.1:{}", server.port)).await;
        server.surprise(command, Instead::Say(answer));
        let posted = [house.reset("ada@example.com").await, house.reset("ada@example.com").await];
        house.deliver().await;
        assert_eq!((server.received().len(), house.waiting().await), (0, 2), "{command} {answer}");
        house.deliver_later().await;
        assert_eq!(server.ids_for("ada@example.com"), posted.map(|id| id.simple().to_string()), "{command} {answer}");
        assert_eq!(house.room.figures().given_up, 0);
    }
}

#[tokio::test]
async fn whom_the_server_refuses_for_good_is_given_up_and_nobody_else() {
    for (command, answer) in [("RCPT", "550 5.1.1 no such user"), ("END", "554 5.7.1 not this mail")] {
        let server = Server::start(Manners::default()).await;
        let house = House::sending_to(&format!("smtp://127.0.0.1:{}", server.port)).await;
        server.surprise(command, Instead::Say(answer));
        house.reset("gone@example.com").await;
        house.deliver().await;
        house.reset("gone@example.com").await;
        house.reset("ada@example.com").await;
        house.deliver().await;
        house.deliver_later().await;
        assert_eq!((server.ids_for("gone@example.com").len(), server.ids_for("ada@example.com").len()), (1, 1));
        assert_eq!((house.room.figures().given_up, house.waiting().await), (1, 0), "{command}");
    }
}

#[tokio::test]
async fn a_server_that_goes_away_halfway_gets_the_mail_when_it_is_back() {
    for (command, instead) in [
        ("EHLO", Instead::GoAway),
        ("RCPT", Instead::GoAway),
        ("DATA", Instead::GoAway),
        ("LINE", Instead::GoAway),
        ("END", Instead::GoAway),
    ] {
        let server = Server::start(Manners::default()).await;
        let house = House::sending_to(&format!("smtp://127.0.0.1:{}", server.port)).await;
        server.surprise(command, instead);
        let posted = [house.reset("ada@example.com").await, house.reset("ada@example.com").await];
        house.deliver().await;
        assert_eq!(server.received().len(), 0, "{command}");
        house.deliver_later().await;
        assert_eq!(server.ids_for("ada@example.com"), posted.map(|id| id.simple().to_string()), "{command}");
    }
}

#[tokio::test]
async fn rs_5_a_mail_that_was_taken_without_a_word_comes_twice_and_the_second_works() {
    let server = Server::start(Manners::default()).await;
    let house = House::sending_to(&format!("smtp://127.0.0.1:{}", server.port)).await;
    server.surprise("END", Instead::TakeAndGoAway);
    house.reset("ada@example.com").await;
    house.deliver().await;
    house.deliver_later().await;
    let token = house.flows.live_token("ada@example.com");
    let holds_it: Vec<_> = server.received().iter().map(|mail| mail.data.contains(&token)).collect();
    assert_eq!(holds_it, [false, true]);
}

#[tokio::test]
async fn a_server_that_is_down_for_a_while_misses_nothing() {
    let server = Server::start(Manners { down: true, ..Manners::default() }).await;
    let house = House::sending_to(&format!("smtp://127.0.0.1:{}", server.port)).await;
    let mut posted = vec![Vec::new(); 4];
    for number in 0..24 {
        let address = format!("user{}@example.com", number % 4);
        posted[number % 4].push(house.reset(&address).await.simple().to_string());
        if number % 6 == 0 {
            house.deliver_later().await;
        }
    }
    assert_eq!((server.received().len(), house.waiting().await), (0, 24));
    house.clock.advance(Duration::from_hours(24));
    server.change(|manners| manners.down = false);
    house.deliver().await;
    for (number, posted) in posted.into_iter().enumerate() {
        assert_eq!(server.ids_for(&format!("user{number}@example.com")), posted);
    }
    assert_eq!(house.waiting().await, 0);
}

#[tokio::test]
async fn id_1_a_domain_beyond_ascii_goes_out_in_a_labels() {
    let server = Server::start(Manners::default()).await;
    let house = House::sending_to(&format!("smtp://127.0.0.1:{}", server.port)).await;
    house.reset("Ada@Bücher.example").await;
    house.deliver().await;
    let [mail] = &server.received()[..] else { panic!() };
    assert_eq!(mail.to, "Ada@xn--bcher-kva.example");
    assert!(mail.data.contains("\r\nTo: <Ada@xn--bcher-kva.example>\r\n"));
}

#[tokio::test]
async fn no_password_or_link_shows_when_things_are_printed() {
    let server = "smtp://me:hidden@mail.example".parse::<MailUrl>().unwrap();
    let message = any_message().await;
    let mailbox = Mailbox::new();
    portcullis::mail::Transport::send(&mailbox, &message).await.unwrap();
    let printed = format!("{server:?} {server} {message:?} {mailbox:?}");
    let token = message.link().unwrap().split("token=").nth(1).unwrap();
    assert!(!printed.contains("hidden") && !printed.contains(token), "{printed}");
}
