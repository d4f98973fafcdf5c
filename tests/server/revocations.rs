//! What one process revokes, seen by another one and by those who follow it.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpStream},
    thread,
    time::Duration,
};

use tempfile::tempdir;

use crate::{
    client::{get_as, register, send, token},
    process::{Server, run},
};

const PASSWORD: &str = "correct horse battery staple";

/// Opens the stream of revocations and waits for its first event.
fn follow(address: SocketAddr, token: &str) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = "GET /auth/revocations HTTP/1.1\r\nhost: id.example\r\nauthorization: Bearer ";
    write!(stream, "{head}{token}\r\n\r\n").unwrap();
    let mut stream = BufReader::new(stream);
    wait_for(&mut stream, "event: current");
    stream
}

fn wait_for(stream: &mut impl BufRead, text: &str) {
    let mut line = String::new();
    while !line.contains(text) {
        line.clear();
        assert_ne!(stream.read_line(&mut line).unwrap(), 0, "the stream has ended");
    }
}

#[test]
fn se_4_what_one_process_revokes_another_one_refuses() {
    let folder = tempdir().unwrap();
    let (one, other) = (Server::start(folder.path(), &[]), Server::start(folder.path(), &[]));
    assert_eq!(register(one.address, "ada", PASSWORD).status, 201);
    let (ended, good) = (token(one.address, "ada", PASSWORD), token(other.address, "ada", PASSWORD));
    for token in [&ended, &good] {
        assert_eq!(get_as(other.address, "/auth/me", token).status, 200);
    }
    let bearer = format!("Bearer {ended}");
    assert_eq!(send(one.address, "POST", "/auth/logout", &[("authorization", &bearer)], "").status, 204);
    while get_as(other.address, "/auth/me", &ended).status != 401 {
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(get_as(other.address, "/auth/me", &good).status, 200);
}

#[test]
fn a_stream_of_revocations_does_not_hold_up_the_server_when_it_stops() {
    let folder = tempdir().unwrap();
    let add = ["user", "add", "operator", "operator@example.org", "--admin", "--password-stdin"];
    assert!(run(folder.path(), &add, PASSWORD).status.success());
    let mut server = Server::start(folder.path(), &[]);
    assert_eq!(register(server.address, "ada", PASSWORD).status, 201);
    let ended = token(server.address, "ada", PASSWORD);
    let mut stream = follow(server.address, &token(server.address, "operator", PASSWORD));
    let bearer = format!("Bearer {ended}");
    assert_eq!(send(server.address, "POST", "/auth/logout", &[("authorization", &bearer)], "").status, 204);
    wait_for(&mut stream, "\"sid\"");

    server.terminate();
    server.wait_for("stopping");
    // The end of a chunked body: the stream ended, it was not cut.
    let mut last = String::new();
    while stream.read_line(&mut last).unwrap() != 0 {}
    assert!(last.ends_with("0\r\n\r\n"), "{last:?}");
    let (status, log) = server.ended();
    assert!(status.success());
    assert!(log.contains("stopped") && !log.contains("cut off"), "{log}");
}
