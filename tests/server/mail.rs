//! Mail of the server: files by default, and none lost to a kill.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use portcullis::{
    account::Username,
    clock::{Clock, SystemClock},
    mail::{MailKind, MailRequest, MailTo},
    session::Device,
    store,
};
use serde_json::json;
use tempfile::tempdir;

use crate::{
    client::{get, post, register},
    db::TestDb,
    process::{Server, run},
};

const PASSWORD: &str = "correct horse battery staple";

fn notice(name: &str) -> MailRequest {
    let to = MailTo::Username(Username::parse(name).unwrap());
    MailRequest::new(MailKind::PasswordChanged, to, SystemClock.now(), &Device::default())
}

/// The mails in the server's folder, as soon as there are so many.
pub fn mails(folder: &Path, count: usize) -> Vec<String> {
    let mail = folder.join("portcullis-data/mail");
    loop {
        let files = fs::read_dir(&mail).into_iter().flatten().map(|file| file.unwrap().path());
        let mut files: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|end| end == "eml")).collect();
        if files.len() >= count {
            files.sort();
            return files.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
        }
        thread::sleep(Duration::from_millis(20));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_asked_for_before_a_kill_leaves_after_the_restart() {
    let folder = tempdir().unwrap();
    let mut server = Server::start(folder.path(), &["--site-name", "Notes"]);
    for name in ["ada", "grace"] {
        assert_eq!(register(server.address, name, PASSWORD).status, 201);
    }
    assert_eq!(mails(folder.path(), 2).len(), 2, "one to confirm each address");
    server.kill();

    let database = format!("sqlite:{}", folder.path().join("portcullis-data/portcullis.db").display());
    let store = store::connect(&database).await.unwrap();
    store.post_mail(&notice("ada")).await.unwrap();
    let now = SystemClock.now();
    let taken = store.take_mail(1, now, now + Duration::from_secs(1)).await.unwrap();
    assert_eq!(taken.len(), 1, "this one was under way when the server was killed");
    store.post_mail(&notice("grace")).await.unwrap();
    drop(store);

    let server = Server::start(folder.path(), &["--site-name", "Notes"]);
    // More may come than these: what had just left when the server was killed leaves again.
    for name in ["ada", "grace"] {
        let to = format!("To: <{name}@example.org>\r\n");
        let is_notice = |mail: &String| mail.contains(&to) && mail.contains("Your password at Notes was changed\r\n");
        while !mails(folder.path(), 4).iter().any(is_notice) {
            thread::sleep(Duration::from_millis(20));
        }
    }
    assert_eq!(get(server.address, "/readyz").json()["mail"], "ok");
}

/// Kills a server while a mail is on its way to one that never answers, and waits for the mail from the next.
fn a_mail_under_way_outlives_a_kill(folder: &Path, flags: &[&str]) {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let smtp = format!("smtp://{}", silent.local_addr().unwrap());
    let mut server = Server::start(folder, &[flags, &["--mail-url", &smtp]].concat());
    assert_eq!(register(server.address, "ada", PASSWORD).status, 201);
    let connection = silent.accept().unwrap();
    let asked = post(server.address, "/auth/forgot-password", &json!({"username": "ada"}));
    assert_eq!(asked.status, 202);
    server.kill();
    drop(connection);

    let server = Server::start(folder, flags);
    let mails = mails(folder, 2);
    assert!(mails.iter().all(|mail| mail.contains("To: <ada@example.org>\r\n")));
    let link = |path: &str| mails.iter().filter(|mail| mail.contains(&format!("/{path}?token="))).count();
    assert_eq!((mails.len(), link("verify-email"), link("reset-password")), (2, 1, 1));
    assert_eq!(get(server.address, "/readyz").json()["mail"], "ok");
}

#[test]
fn a_mail_under_way_outlives_a_kill_on_sqlite() {
    let folder = tempdir().unwrap();
    a_mail_under_way_outlives_a_kill(folder.path(), &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_under_way_outlives_a_kill_on_postgres() {
    let (folder, db) = (tempdir().unwrap(), TestDb::postgres().await);
    a_mail_under_way_outlives_a_kill(folder.path(), &["--database-url", db.url()]);
}

#[test]
fn settings_of_mail_are_checked() {
    let folder = tempdir().unwrap();
    let check = |arguments: &[&str]| {
        let checked = run(folder.path(), &[&["config", "check"], arguments].concat(), "");
        (checked.status.success(), String::from_utf8(checked.stdout).unwrap())
    };
    assert!(check(&["--mail-url", "smtps://me:hidden@mail.example", "--mail-from", "Notes <a@b.example>"]).0);
    let (fine, said) = check(&["--mail-url", "smtp://me:hidden@", "--mail-from", "nobody"]);
    assert!(
        !fine && said.contains("--mail-url: `mail_url` must be") && said.contains("--mail-from: `mail_from` must be")
    );
    assert!(!said.contains("hidden"), "{said}");
    let (fine, said) = check(&["--mail-url", "smtps://mail.example?ca=/nowhere.pem"]);
    assert!(!fine && said.contains("/nowhere.pem"), "{said}");

    fs::create_dir_all(folder.path().join("own/mail")).unwrap();
    fs::write(folder.path().join("own/mail/reset_password.txt"), "{{ name }}\n{% if %}").unwrap();
    let (fine, said) = check(&["--templates-dir", "own"]);
    assert!(!fine && said.contains("own/mail/reset_password.txt, line 2"), "{said}");
}
