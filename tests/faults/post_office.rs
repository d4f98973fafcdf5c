//! Where mail arrives: a server that takes everything, and counts what comes twice.

use std::{
    collections::{HashMap, HashSet},
    io::{self, BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

pub struct PostOffice {
    address: SocketAddr,
    arrived: Arc<Mutex<Arrived>>,
}

/// What each address got, oldest first.
type Arrived = HashMap<String, Vec<Mail>>;

struct Mail {
    /// The same for every attempt to send it.
    id: String,
    text: String,
}

impl Mail {
    /// The token, if it has a link to this page.
    fn token(&self, page: &str) -> Option<String> {
        let rest = self.text.split(&format!("/{page}?token=")).nth(1)?;
        Some(rest.chars().take_while(|char| char.is_ascii_alphanumeric() || "-_".contains(*char)).collect())
    }
}

impl PostOffice {
    pub fn open() -> Self {
        let listener = TcpListener::bind("0.0.0.0:0").unwrap();
        let address = listener.local_addr().unwrap();
        let arrived = Arc::<Mutex<Arrived>>::default();
        let taken = Arc::clone(&arrived);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let taken = Arc::clone(&taken);
                // Whoever is killed in the middle of a mail has not sent it.
                thread::spawn(move || drop(talk(&stream, &taken)));
            }
        });
        Self { address, arrived }
    }

    /// Where it is, for those in another network or in this one.
    pub fn address(&self, elsewhere: bool) -> String {
        let host = if elsewhere { std::env::var("PORTCULLIS_FAULT_HOST").unwrap() } else { "127.0.0.1".to_owned() };
        format!("{host}:{}", self.address.port())
    }

    /// The tokens of one kind that this address was sent, oldest first.
    pub fn tokens(&self, to: &str, page: &str) -> Vec<String> {
        let arrived = self.arrived.lock().unwrap();
        arrived.get(to).into_iter().flatten().filter_map(|mail| mail.token(page)).collect()
    }

    /// How many mails of one kind this address was sent, however often each of them came.
    pub fn count_of(&self, to: &str, page: &str) -> usize {
        let arrived = self.arrived.lock().unwrap();
        let of_kind = arrived.get(to).into_iter().flatten().filter(|mail| mail.token(page).is_some());
        of_kind.map(|mail| &mail.id).collect::<HashSet<_>>().len()
    }

    /// How many mails came, and how often one came a further time.
    pub fn count(&self) -> (usize, usize) {
        let arrived = self.arrived.lock().unwrap();
        let (all, distinct) = (arrived.values().flatten().count(), arrived.values().flatten().map(|mail| &mail.id));
        let distinct = distinct.collect::<HashSet<_>>().len();
        (distinct, all - distinct)
    }
}

fn talk(stream: &TcpStream, arrived: &Mutex<Arrived>) -> io::Result<()> {
    let (mut lines, mut to) = (BufReader::new(stream.try_clone()?), String::new());
    let say = |text: &str| { stream }.write_all(text.as_bytes());
    say("220 post.example\r\n")?;
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let command = line.trim_end().to_ascii_uppercase();
        if command.starts_with("RCPT TO:") {
            line.split(['<', '>']).nth(1).unwrap_or_default().clone_into(&mut to);
        }
        if command == "DATA" {
            say("354 go on\r\n")?;
            let text = text_of(&mut lines)?;
            keep(arrived, &to, &text);
        }
        if command == "QUIT" {
            return say("221 goodbye\r\n");
        }
        say("250 fine\r\n")?;
    }
}

/// A mail up to the dot that ends it, without the soft breaks of quoted-printable.
fn text_of(lines: &mut impl BufRead) -> io::Result<String> {
    let mut text = String::new();
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if line == ".\r\n" {
            return Ok(text.replace("=\r\n", "").replace("=3D", "="));
        }
        text.push_str(&line);
    }
}

/// One that comes a further time has another link, as only the hash of the first one is known to who sends it; and the
/// number of the attempt behind its id.
fn keep(arrived: &Mutex<Arrived>, to: &str, text: &str) {
    let id = text.lines().find_map(|line| line.strip_prefix("Message-ID: <")).expect("a mail has an id");
    let (id, _) = id.split_once('.').expect("and each attempt its number");
    let mail = Mail { id: id.to_owned(), text: text.to_owned() };
    arrived.lock().unwrap().entry(to.to_owned()).or_default().push(mail);
}
