//! Where mail arrives: a server that takes everything, and counts what comes twice.

use std::{
    collections::HashMap,
    io::{self, BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

pub struct PostOffice {
    address: SocketAddr,
    arrived: Arc<Mutex<Arrived>>,
}

#[derive(Default)]
struct Arrived {
    /// How often each mail came, by its id.
    times: HashMap<String, usize>,
    /// The texts that each address got, oldest first.
    texts: HashMap<String, Vec<String>>,
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
        let link = format!("/{page}?token=");
        let texts = arrived.texts.get(to).map(Vec::as_slice).unwrap_or_default();
        let token = |text: &String| {
            let rest = text.split(&link).nth(1)?;
            Some(rest.chars().take_while(|char| char.is_ascii_alphanumeric() || "-_".contains(*char)).collect())
        };
        texts.iter().filter_map(token).collect()
    }

    /// How many mails came, and how many of those a further time.
    pub fn count(&self) -> (usize, usize) {
        let arrived = self.arrived.lock().unwrap();
        (arrived.times.len(), arrived.times.values().map(|times| times - 1).sum())
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

fn keep(arrived: &Mutex<Arrived>, to: &str, text: &str) {
    let id = text.lines().find_map(|line| line.strip_prefix("Message-ID: ")).expect("a mail has an id").to_owned();
    let mut arrived = arrived.lock().unwrap();
    *arrived.times.entry(id).or_default() += 1;
    // One that comes a further time has another link, as only the hash of the first one is known to who sends it.
    arrived.texts.entry(to.to_owned()).or_default().push(text.to_owned());
}
