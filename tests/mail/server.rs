//! A mail server on a port of its own, that says what a test wants it to say.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Mutex},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
};

/// A mail that the server took charge of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    pub from: String,
    pub to: String,
    pub data: String,
    pub over_tls: bool,
    pub as_user: Option<String>,
}

/// What the server is like.
#[derive(Clone, Debug, Default)]
pub struct Manners {
    pub starttls: bool,
    /// The user name and the password it asks for.
    pub asks_for: Option<(&'static str, &'static str)>,
    /// Closes every connection at once.
    pub down: bool,
}

/// What the server answers to the next command of this name instead of what it would.
#[derive(Clone, Copy, Debug)]
pub enum Instead {
    Say(&'static str),
    /// Closes the connection; for `.` before the mail is there whole.
    GoAway,
    /// Takes the mail, and closes the connection without saying so.
    TakeAndGoAway,
}

pub struct Server {
    pub port: u16,
    state: Arc<State>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    manners: Mutex<Manners>,
    surprises: Mutex<VecDeque<(&'static str, Instead)>>,
    received: Mutex<Vec<Received>>,
    heard: Mutex<Vec<String>>,
}

impl Server {
    pub async fn start(manners: Manners) -> Self {
        Self::begin(manners, false).await
    }

    /// One that speaks TLS from the first byte.
    pub async fn start_tls() -> Self {
        Self::begin(Manners::default(), true).await
    }

    async fn begin(manners: Manners, wrapped: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State { manners: Mutex::new(manners), ..State::default() });
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                // A client that hangs up ends its conversation and nothing else.
                tokio::spawn(async move { state.serve(stream, wrapped).await });
            }
        });
        Self { port, state, task }
    }

    pub fn change(&self, change: impl FnOnce(&mut Manners)) {
        change(&mut self.state.manners.lock().unwrap());
    }

    /// The next time it hears this command. Of several, each is met once, in their order.
    pub fn surprise(&self, command: &'static str, instead: Instead) {
        self.state.surprises.lock().unwrap().push_back((command, instead));
    }

    pub fn received(&self) -> Vec<Received> {
        self.state.received.lock().unwrap().clone()
    }

    /// The ids of the mails that arrived for this address, in their order.
    pub fn ids_for(&self, address: &str) -> Vec<String> {
        let received = self.received();
        let of_address = received.iter().filter(|mail| mail.to == address);
        of_address.map(|mail| mail.data.split("Message-ID: <").nth(1).unwrap()[..32].to_owned()).collect()
    }

    /// Every line that was said to it in plain sight.
    pub fn overheard(&self) -> String {
        self.state.heard.lock().unwrap().join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl State {
    async fn serve(&self, stream: TcpStream, wrapped: bool) -> io::Result<()> {
        if self.manners.lock().unwrap().down {
            return Ok(());
        }
        let greeting = "220 mail.example ESMTP\r\n";
        if wrapped {
            let stream = acceptor().accept(stream).await?;
            return self.converse(stream, greeting, true).await.map(drop);
        }
        if let Some(stream) = self.converse(stream, greeting, false).await? {
            let stream = acceptor().accept(stream).await?;
            self.converse(stream, "", true).await?;
        }
        Ok(())
    }

    /// Talks until the client quits, or wants TLS: then it gives the stream back.
    async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
        greeting: &str,
        over_tls: bool,
    ) -> io::Result<Option<S>> {
        let mut stream = BufReader::new(stream);
        stream.write_all(greeting.as_bytes()).await?;
        let manners = self.manners.lock().unwrap().clone();
        let (mut from, mut to, mut as_user) = (String::new(), String::new(), None);
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(None);
            }
            if !over_tls {
                self.heard.lock().unwrap().push(line.clone());
            }
            let line = line.trim_end();
            let command = line.split([' ', ':']).next().unwrap().to_ascii_uppercase();
            match self.surprise_at(&command) {
                Some(Instead::Say(answer)) => {
                    stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
                    continue;
                }
                Some(_) => return Ok(None),
                None => (),
            }
            let allowed = as_user.is_some() || manners.asks_for.is_none();
            let answer = match command.as_str() {
                "EHLO" => capabilities(&manners, over_tls),
                "STARTTLS" if manners.starttls && !over_tls => {
                    stream.write_all(b"220 go ahead\r\n").await?;
                    return Ok(Some(stream.into_inner()));
                }
                "AUTH" => match authenticated(line, manners.asks_for) {
                    Some(user) => {
                        as_user = Some(user);
                        "235 welcome\r\n".to_owned()
                    }
                    None => format!("535 {line}? no\r\n"),
                },
                "MAIL" if !allowed => "530 authentication required\r\n".to_owned(),
                "MAIL" => {
                    from = inside(line);
                    "250 ok\r\n".to_owned()
                }
                "RCPT" => {
                    to = inside(line);
                    "250 ok\r\n".to_owned()
                }
                "DATA" => {
                    stream.write_all(b"354 go ahead\r\n").await?;
                    let Some(data) = self.data(&mut stream).await? else { return Ok(None) };
                    let mail =
                        Received { from: from.clone(), to: to.clone(), data, over_tls, as_user: as_user.clone() };
                    match self.surprise_at("END") {
                        Some(Instead::Say(answer)) => format!("{answer}\r\n"),
                        Some(Instead::GoAway) => return Ok(None),
                        Some(Instead::TakeAndGoAway) => {
                            self.received.lock().unwrap().push(mail);
                            return Ok(None);
                        }
                        None => {
                            self.received.lock().unwrap().push(mail);
                            "250 queued\r\n".to_owned()
                        }
                    }
                }
                "QUIT" => {
                    stream.write_all(b"221 bye\r\n").await?;
                    return Ok(None);
                }
                _ => "502 what?\r\n".to_owned(),
            };
            stream.write_all(answer.as_bytes()).await?;
        }
    }

    fn surprise_at(&self, command: &str) -> Option<Instead> {
        let mut surprises = self.surprises.lock().unwrap();
        let index = surprises.iter().position(|(at, _)| *at == command)?;
        surprises.remove(index).map(|(_, instead)| instead)
    }

    /// The mail up to the line that is a dot, without the dots that stand before others. `None` if the server goes away
    /// on the way.
    async fn data<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: &mut BufReader<S>) -> io::Result<Option<String>> {
        let mut data = String::new();
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 || self.surprise_at("LINE").is_some() {
                return Ok(None);
            }
            assert!(line.ends_with("\r\n") && line.len() <= 1000 && line.is_ascii(), "{line:?}");
            if line == ".\r\n" {
                return Ok(Some(data));
            }
            data.push_str(line.strip_prefix('.').unwrap_or(&line));
        }
    }
}

fn capabilities(manners: &Manners, over_tls: bool) -> String {
    let starttls = if manners.starttls && !over_tls { "250-STARTTLS\r\n" } else { "" };
    let auth = if manners.asks_for.is_some() { "250-AUTH PLAIN LOGIN\r\n" } else { "" };
    format!("250-mail.example\r\n{starttls}{auth}250 SIZE 1000000\r\n")
}

fn inside(line: &str) -> String {
    line.split(['<', '>']).nth(1).unwrap().to_owned()
}

/// Who shows the right password, by `AUTH PLAIN` (RFC 4616).
fn authenticated(line: &str, expected: Option<(&str, &str)>) -> Option<String> {
    let shown = STANDARD.decode(line.strip_prefix("AUTH PLAIN ")?).ok()?;
    let (user, password) = expected?;
    (shown == format!("\0{user}\0{password}").into_bytes()).then(|| user.to_owned())
}

fn acceptor() -> TlsAcceptor {
    let chain =
        CertificateDer::pem_slice_iter(include_bytes!("../remote/pem/server.pem")).map(Result::unwrap).collect();
    let private = PrivateKeyDer::from_pem_slice(include_bytes!("../remote/pem/server.key.pem")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}
