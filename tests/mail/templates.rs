//! Templates of an operator's own.

use std::{fs, time::Duration};

use portcullis::{
    BuildError, Portcullis,
    config::Config,
    mail::{Letter, MailKind, MailRequest, Message, Templates},
    secret::PlainToken,
    session::Device,
};
use tempfile::{TempDir, tempdir};

use crate::support::{NOW, message, to, user};

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempdir().unwrap();
    fs::create_dir(folder.path().join("mail")).unwrap();
    for (name, source) in files {
        fs::write(folder.path().join("mail").join(name), source).unwrap();
    }
    folder
}

async fn mail(kind: MailKind, files: &[(&str, &str)]) -> Message {
    let folder = folder(files);
    let request = MailRequest::new(kind, to("ada@example.com"), NOW, &Device::default());
    let letter = Letter::to_user(&user("ada", "Ada & Co"));
    let letter = match kind.link() {
        Some(_) => letter.link(PlainToken::from_client("a-token".into()), NOW + Duration::from_mins(30)),
        None => letter,
    };
    message(|config| config.templates_dir = Some(folder.path().to_owned()), request, letter).await.unwrap()
}

fn error(files: &[(&str, &str)]) -> String {
    let folder = folder(files);
    let error = Templates::load(folder.path()).unwrap_err().to_string();
    error.replace(folder.path().to_str().unwrap(), "templates")
}

#[tokio::test]
async fn one_kind_or_all_may_look_different() {
    let own = [
        ("reset_password.txt", "{{ name }}, go to\n{{ link }}\n"),
        ("reset_password.subject.txt", "{{ site }}: new password\n"),
        ("mail.html", "<p>{{ greeting }}</p>{% if link %}<a href=\"{{ link }}\">{{ action }}</a>{% endif %}"),
    ];
    let reset = mail(MailKind::ResetPassword, &own).await;
    assert_eq!(reset.subject(), "Notes: new password");
    assert_eq!(reset.text(), "Ada & Co, go to\nhttps://id.example/reset-password?token=a-token\n");
    assert!(reset.html().starts_with("<p>Hello Ada &amp; Co,</p><a href=\"https://id.example/reset-password?token="));
    let notice = mail(MailKind::NewDevice, &own).await;
    assert_eq!(notice.subject(), "New login at Notes");
    assert!(notice.text().starts_with("Hello Ada & Co,"));
    assert_eq!(notice.html(), "<p>Hello Ada &amp; Co,</p>");
}

#[tokio::test]
async fn a_template_may_build_on_another() {
    let own = [("new_device.html", "{% extends \"mail.html\" %}{% block content %}<p>{{ name }}!</p>{% endblock %}")];
    let mail = mail(MailKind::NewDevice, &own).await;
    assert!(mail.html().contains("<!doctype html>") && mail.html().contains("<p>Ada &amp; Co!</p>"), "{}", mail.html());
}

#[test]
fn a_broken_template_is_named_with_its_file_and_line() {
    for (name, source, said) in [
        ("mail.txt", "{{ greeting }}\n{% if link %}\n", "templates/mail/mail.txt, line "),
        (
            "mail.txt",
            "{{ greeting }}\n\n{{ nonsense }}\n{{ link }}\n",
            "templates/mail/mail.txt, line 3: undefined value",
        ),
        ("new_device.html", "one\n{{ name | nonsense }}", "templates/mail/new_device.html, line 2: unknown filter"),
        (
            "new_device.html",
            "{% include \"elsewhere.html\" %}",
            "templates/mail/new_device.html, line 1: template not found",
        ),
        (
            "new_device.subject.txt",
            "Hello {{ name }}",
            "templates/mail/new_device.subject.txt, line 1: undefined value",
        ),
    ] {
        let error = error(&[(name, source)]);
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn a_template_that_makes_a_useless_mail_is_refused() {
    for (name, source, said) in [
        ("reset_password.txt", "go to {{ link }}", "templates/mail/reset_password.txt must have `{{ link }}` alone"),
        ("reset_password.html", "<p>{{ greeting }}</p>", "templates/mail/reset_password.html must have `{{ link }}`"),
        ("new_device.subject.txt", " \n", "templates/mail/new_device.subject.txt must make one line"),
        ("new_device.subject.txt", "one\ntwo", "templates/mail/new_device.subject.txt must make one line"),
        ("reset_pasword.txt", "{{ link }}", "nothing uses the template templates/mail/reset_pasword.txt"),
        ("reset_password.md", "{{ link }}", "its name must be `mail` or a kind of mail"),
    ] {
        let error = error(&[(name, source)]);
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn what_is_not_there_and_what_is_hidden_changes_nothing() {
    assert!(Templates::load("/nowhere".as_ref()).is_ok());
    assert!(Templates::load(folder(&[(".reset_password.txt.swp", "\0")]).path()).is_ok());
}

#[tokio::test]
async fn nothing_starts_on_broken_templates() {
    let (home, folder) = (tempdir().unwrap(), folder(&[("mail.txt", "{{")]));
    let mut config = Config::new("https://id.example".parse().unwrap());
    config.templates_dir = Some(folder.path().to_owned());
    let database = format!("sqlite:{}/notes.db", home.path().display());
    let built = Portcullis::builder().config(config).database(database).build().await;
    assert!(matches!(built, Err(BuildError::Templates(_))), "{built:?}");
}
