//! A client that does no more than it must: one request on one connection, and every byte of the answer.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
};

use serde_json::{Value, json};

/// What the server is called unless it is told another name.
const HOST: &str = "localhost:8400";

/// What the server answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    head: String,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// The code of a problem document, which it must be.
    pub fn code(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        assert_eq!(self.json()["status"], self.status);
        self.json()["code"].as_str().unwrap().to_owned()
    }
}

/// A request that has not been sent whole yet.
pub struct Half(BufReader<TcpStream>);

impl Half {
    /// Sends the head; `content-length` and the like are up to the caller.
    pub fn begin(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)]) -> io::Result<Self> {
        let mut stream = TcpStream::connect(address)?;
        let headers: String = headers.iter().map(|(name, value)| [name, ": ", value, "\r\n"].concat()).collect();
        let first = format!("{method} {path} HTTP/1.1\r\nhost: {HOST}\r\nconnection: close\r\n");
        stream.write_all([&first, &headers, "\r\n"].concat().as_bytes())?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Waits until the server has begun to read the body, which it says to `expect: 100-continue`.
    pub fn wait_until_read(&mut self) {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        assert_eq!(line, "HTTP/1.1 100 Continue\r\n");
        self.0.read_line(&mut line).unwrap();
    }

    /// Sends the body and reads the answer.
    pub fn finish(mut self, body: &str) -> io::Result<Answer> {
        self.0.get_mut().write_all(body.as_bytes())?;
        let mut text = String::new();
        self.0.read_to_string(&mut text)?;
        let (head, body) = text.split_once("\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
        let status = head.get(9..12).and_then(|status| status.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
        Ok(Answer { status, head: head.to_owned(), body: body.to_owned() })
    }
}

/// Sends a request with a JSON body.
pub fn try_post(address: SocketAddr, path: &str, body: &Value) -> io::Result<Answer> {
    let body = body.to_string();
    let headers = [("content-type", "application/json"), ("content-length", &body.len().to_string())];
    Half::begin(address, "POST", path, &headers)?.finish(&body)
}

pub fn post(address: SocketAddr, path: &str, body: &Value) -> Answer {
    try_post(address, path, body).unwrap()
}

pub fn send(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    Half::begin(address, method, path, headers).unwrap().finish(body).unwrap()
}

pub fn get(address: SocketAddr, path: &str) -> Answer {
    send(address, "GET", path, &[], "")
}

pub fn get_as(address: SocketAddr, path: &str, token: &str) -> Answer {
    send(address, "GET", path, &[("authorization", &format!("Bearer {token}"))], "")
}

pub fn register(address: SocketAddr, name: &str, password: &str) -> Answer {
    let email = format!("{name}@example.org");
    post(address, "/auth/register", &json!({ "username": name, "email": email, "password": password }))
}

pub fn login(address: SocketAddr, name: &str, password: &str) -> Answer {
    post(address, "/auth/login", &json!({ "name": name, "password": password }))
}

/// The access token of a login that must succeed.
pub fn token(address: SocketAddr, name: &str, password: &str) -> String {
    let answer = login(address, name, password);
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["access_token"].as_str().unwrap().to_owned()
}
