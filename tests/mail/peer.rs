//! A mail server that others wrote, and Python's reader of mails: both say that what we send is mail. `scripts/test`
//! installs them.

use std::{
    env,
    io::{BufRead, BufReader, Lines},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use portcullis::{
    mail::{Letter, MailKind, MailRequest, MailUrl, SendError},
    secret::PlainToken,
    session::Device,
};
use serde_json::{Value, json};

use crate::support::{NOW, any_message, message, to, user};

/// The server, ended when dropped.
struct Aiosmtpd {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
    port: u16,
}

impl Aiosmtpd {
    fn start(user: &str, password: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let beside = || Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("peers");
        let peers = env::var_os("PORTCULLIS_PEERS").map_or_else(beside, PathBuf::from);
        let pem = root.join("tests/remote/pem");
        let mut process = Command::new(peers.join("python/bin/python"))
            .args(["-I", "-W", "ignore"])
            .arg(root.join("tests/mail/aiosmtpd_server.py"))
            .args([pem.join("server.pem"), pem.join("server.key.pem")])
            .args([user, password])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!(
                    "aiosmtpd cannot be started ({error}): scripts/test installs it, or `scripts/peers target/peers`"
                )
            });
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = lines.next().expect("aiosmtpd did not start").unwrap().parse().unwrap();
        Self { process, lines, port }
    }

    fn url(&self, credentials: &str) -> MailUrl {
        let authority = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/remote/pem/ca.pem");
        format!("smtp://{credentials}@localhost:{}?tls=required&ca={authority}", self.port).parse().unwrap()
    }

    fn next(&mut self) -> Value {
        serde_json::from_str(&self.lines.next().unwrap().unwrap()).unwrap()
    }
}

impl Drop for Aiosmtpd {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn aiosmtpd_takes_our_mail_and_python_reads_it() {
    let mut server = Aiosmtpd::start("me", "s/e:crét");
    let transport = server.url("me:s%2Fe%3Acr%C3%A9t").transport().unwrap();
    let site = "Bücher für alle und noch viel mehr".parse().unwrap();
    let kind = MailKind::VerifyEmail;
    let request = MailRequest::new(kind, to("ada@bücher.example"), NOW, &Device::default());
    let letter = Letter::to_user(&user("ada", "Žofie = \"Ž\" & Co"))
        .link(PlainToken::from_client("x".repeat(43)), NOW + Duration::from_mins(30))
        .code(PlainToken::from_client("K7QF2M9X".into()), NOW + Duration::from_mins(15));
    let message = message(|config| config.site_name = Some(site), request, letter).await.unwrap();
    transport.send(&message).await.unwrap();

    let read = server.next();
    assert_eq!(read["defects"], json!([]));
    assert_eq!((&read["tls"], &read["from"]), (&json!(true), &json!("portcullis@id.example")));
    assert_eq!(read["to"], json!(["ada@example.com"]));
    assert_eq!(read["headers"]["Subject"], message.subject());
    assert_eq!(read["headers"]["Message-ID"], message.message_id());
    assert_eq!(read["headers"]["Date"], "Sun, 22 Nov 2026 03:13:29 +0000");
    assert_eq!(read["headers"]["Auto-Submitted"], "auto-generated");
    let sender = "Bücher für alle und noch viel mehr <portcullis@id.example>";
    assert_eq!(read["headers"]["From"], sender);
    let line = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(line(read["parts"]["text/plain"].as_str().unwrap()), line(message.text()));
    assert_eq!(line(read["parts"]["text/html"].as_str().unwrap()), line(message.html()));
}

#[tokio::test]
async fn aiosmtpd_turns_a_wrong_password_away_for_now() {
    let server = Aiosmtpd::start("me", "right");
    let sent = server.url("me:wrong").transport().unwrap().send(&any_message().await).await;
    assert!(matches!(&sent, Err(SendError::Temporary(said)) if said.contains("does not accept")), "{sent:?}");
}
