//! What mails say.

use std::time::Duration;

use portcullis::{
    account::Email,
    mail::{Letter, MailKind, MailRequest, MailTo, Message},
    secret::PlainToken,
    session::Device,
};

use crate::support::{NOW, message, to, user};

fn device() -> Device {
    Device { address: Some("2001:db8::1".parse().unwrap()), user_agent: Some("Mozilla/5.0 (X11)".to_owned()) }
}

fn request(kind: MailKind) -> MailRequest {
    let request = MailRequest::new(kind, to("ada@example.com"), NOW, &device());
    match kind {
        MailKind::EmailChanged => request.about("new@example.com"),
        MailKind::SecondFactorAdded | MailKind::SecondFactorRemoved => request.about("My key"),
        _ => request,
    }
}

/// A letter to this user with everything that its kind has.
fn letter(kind: MailKind, name: &str) -> Letter {
    let letter = Letter::to_user(&user("ada", name));
    let in_half_an_hour = NOW + Duration::from_mins(30);
    let letter = match kind.link() {
        Some(_) => letter.link(PlainToken::from_client("a-token".into()), in_half_an_hour),
        None => letter,
    };
    match kind {
        MailKind::VerifyEmail => letter.code(PlainToken::from_client("K7QF2M9X".into()), NOW + Duration::from_mins(15)),
        _ => letter,
    }
}

async fn mail(kind: MailKind, name: &str) -> Message {
    message(|_| (), request(kind), letter(kind, name)).await.unwrap()
}

#[tokio::test]
async fn every_kind_has_all_that_a_reader_needs() {
    for kind in MailKind::ALL {
        let mail = mail(kind, "Ada Lovelace").await;
        assert_eq!(mail.kind(), kind);
        for (part, content) in [("text", mail.text()), ("html", mail.html())] {
            assert!(content.contains("Hello Ada Lovelace,"), "{kind:?} {part}");
            assert!(content.contains("Notes"), "{kind:?} {part}");
            assert!(content.contains("22 November 2026, 03:13 UTC"), "{kind:?} {part}");
            assert!(content.contains("2001:db8::1") && content.contains("Mozilla/5.0 (X11)"), "{kind:?} {part}");
            assert!(content.contains("If "), "what if it was not you: {kind:?} {part}");
            assert!(!content.contains("{{") && !content.contains(">none<"), "{kind:?} {part}: {content}");
        }
        assert!(mail.subject().contains("Notes") && !mail.subject().contains("Ada"), "{kind:?}");
        assert!(!mail.text().contains("\n\n\n") && !mail.text().contains(" \n\n"), "{}", mail.text());
        assert!(mail.text().is_ascii(), "{kind:?}");
        let links = mail.text().lines().filter(|line| line.contains("://")).count();
        assert_eq!(links, usize::from(kind.link().is_some()), "{kind:?}");
    }
}

#[tokio::test]
async fn the_link_stands_alone_on_its_line() {
    for (kind, page) in [
        (MailKind::VerifyEmail, "verify-email"),
        (MailKind::ResetPassword, "reset-password"),
        (MailKind::Invitation, "reset-password"),
        (MailKind::ConfirmEmail, "confirm-email"),
        (MailKind::EmailChanged, "undo-email"),
    ] {
        let mail = mail(kind, "").await;
        let link = format!("https://id.example/{page}?token=a-token");
        assert_eq!(mail.text().lines().filter(|line| **line == link).count(), 1, "{kind:?}");
        assert!(mail.html().contains(&format!("href=\"{link}\"")), "{kind:?}");
        assert_eq!(mail.link(), Some(link.as_str()));
        let bytes = String::from_utf8(mail.to_bytes()).unwrap();
        assert!(bytes.contains(&format!("\r\n{link}\r\n")), "as it stands in the file, too: {bytes}");
        assert!(mail.text().contains("once and for 30 minutes, until 22 November 2026, 03:43 UTC."), "{kind:?}");
    }
}

#[tokio::test]
async fn a_code_can_be_typed_instead_of_following_the_link() {
    let mail = mail(MailKind::VerifyEmail, "").await;
    assert!(mail.text().lines().any(|line| line == "K7QF2M9X"));
    assert!(mail.html().contains(">K7QF2M9X<"));
    assert!(mail.text().contains("good for 15 minutes, until 22 November 2026, 03:28 UTC."));
    assert_eq!(mail.code(), Some("K7QF2M9X"));
    assert_eq!(self::mail(MailKind::ResetPassword, "").await.code(), None);
}

#[tokio::test]
async fn rs_1_links_follow_the_settings_and_nothing_else() {
    let own = "https://app.example/#/reset/{token}".parse().unwrap();
    let kind = MailKind::ResetPassword;
    let mail = message(|config| config.links.reset = Some(own), request(kind), letter(kind, "")).await.unwrap();
    assert_eq!(mail.link(), Some("https://app.example/#/reset/a-token"));
    assert!(!mail.text().contains("id.example"));
}

#[tokio::test]
async fn what_users_typed_is_escaped_and_stays_in_its_place() {
    let kind = MailKind::SecondFactorAdded;
    let about = "<script>alert(1)</script>\r\nBcc: eve@example.com & \"friends\"";
    let hostile = Device { address: None, user_agent: Some("<img src=x>\r\n\r\nhello".to_owned()) };
    let request = MailRequest::new(kind, to("ada@example.com"), NOW, &hostile).about(about);
    let mail = message(|_| (), request, letter(kind, "O'Brien & \"Co\"")).await.unwrap();
    assert!(mail.html().contains("Hello O&#39;Brien &amp; &quot;Co&quot;,"), "{}", mail.html());
    assert!(
        mail.html().contains("&lt;script&gt;alert(1)&lt;/script&gt; Bcc: eve@example.com &amp; &quot;friends&quot;")
    );
    assert!(mail.html().contains("&lt;img src=x&gt; hello"));
    assert!(!mail.html().contains("<script") && !mail.html().contains("<img"));
    assert!(mail.text().contains("<script>alert(1)</script> Bcc: eve@example.com & \"friends\"\n"));
    assert_eq!(mail.subject(), "A second factor was added at Notes");
    let bytes = String::from_utf8(mail.to_bytes()).unwrap();
    assert!(!bytes.contains("\r\nBcc"), "{bytes}");
}

#[tokio::test]
async fn a_name_that_is_an_advertisement_is_not_used() {
    for name in
        ["win at https://evil.example", "evil.example", "www.evil", "\r\n\u{202E}", "<b>Ada</b>", &"x".repeat(65)]
    {
        let mail = mail(MailKind::VerifyEmail, name).await;
        assert!(mail.text().starts_with("Hello ada,\n"), "{name:?}");
        assert!(!mail.text().contains("evil"), "{name:?}");
    }
}

#[tokio::test]
async fn nobody_is_greeted_by_no_name() {
    let letter = Letter::to_address(Email::parse("ada@example.com").unwrap());
    let mail = message(|_| (), request(MailKind::ResetUnknown), letter).await.unwrap();
    assert!(mail.text().starts_with("Hello,\n"));
}

#[tokio::test]
async fn headers_are_those_of_mail_that_nobody_is_to_answer() {
    let mail = mail(MailKind::ResetPassword, "").await;
    let bytes = String::from_utf8(mail.to_bytes()).unwrap();
    let (head, _) = bytes.split_once("\r\n\r\n").unwrap();
    let lines: Vec<_> = head.split("\r\n").collect();
    assert_eq!(
        lines[..4],
        [
            "Date: Sun, 22 Nov 2026 03:13:29 +0000",
            "From: \"Notes\" <portcullis@id.example>",
            "To: <ada@example.com>",
            "Subject: Set a new password for Notes",
        ]
    );
    assert!(lines[4].starts_with("Message-ID: <") && lines[4].ends_with(".1@id.example>"), "{}", lines[4]);
    assert_eq!(lines[5..7], ["Auto-Submitted: auto-generated", "MIME-Version: 1.0"]);
    assert!(lines[7].starts_with("Content-Type: multipart/alternative; boundary="));
    assert_eq!(lines.len(), 8);
}

#[tokio::test]
async fn the_sender_may_have_a_name_of_its_own() {
    let kind = MailKind::NewDevice;
    let sender = "Bücher <no-reply@bücher.example>".parse().unwrap();
    let mail = message(|config| config.mail_from = Some(sender), request(kind), letter(kind, "")).await.unwrap();
    let bytes = String::from_utf8(mail.to_bytes()).unwrap();
    assert!(bytes.contains("\r\nFrom: =?utf-8?B?QsO8Y2hlcg==?= <no-reply@xn--bcher-kva.example>\r\n"), "{bytes}");
    assert!(mail.message_id().ends_with("@xn--bcher-kva.example>"));
}

#[tokio::test]
async fn a_mail_without_the_link_of_its_kind_is_not_sent() {
    let bare = Letter::to_user(&user("ada", ""));
    assert!(message(|_| (), request(MailKind::ResetPassword), bare).await.is_none());
    let linked = letter(MailKind::ResetPassword, "");
    assert!(message(|_| (), request(MailKind::PasswordChanged), linked).await.is_none());
}

#[test]
fn a_request_for_a_user_knows_whom_it_is_about() {
    let ada = user("ada", "");
    assert_eq!(MailRequest::new(MailKind::NewDevice, MailTo::User(ada.id), NOW, &device()).user, Some(ada.id));
    assert_eq!(MailRequest::new(MailKind::NewDevice, to("ada@example.com"), NOW, &device()).user, None);
}
