//! `portcullis healthcheck`, beside a server, beside none and beside something else.

use std::{
    io::{Read, Write},
    net::TcpListener,
    process::Output,
    thread,
};

use serde_json::{Value, json};
use tempfile::tempdir;
use tokio::net::TcpSocket;

use crate::process::{Server, run};

/// What the command says of this address, and its exit code.
fn check(address: &str, more: &[&str]) -> (Option<i32>, Value) {
    let folder = tempdir().unwrap();
    let arguments = [&["healthcheck", "--json", "--listen", address], more].concat();
    let Output { status, stdout, stderr } = run(folder.path(), &arguments, "");
    let said = serde_json::from_slice(&stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&stderr)));
    assert_eq!(folder.path().read_dir().unwrap().count(), 0, "it asks, and makes nothing");
    (status.code(), said)
}

#[test]
fn a_server_that_is_ready_is_found() {
    let folder = tempdir().unwrap();
    let server = Server::start(folder.path(), &[]);
    let ready = (Some(0), json!({ "ready": true, "status": 200 }));
    assert_eq!(check(&server.address.to_string(), &[]), ready);
    assert_eq!(check(&format!("0.0.0.0:{}", server.address.port()), &["--insecure-http"]), ready);
    let listen = server.address.to_string();
    let told = run(folder.path(), &["healthcheck", "--listen", &listen], "");
    assert_eq!((told.status.code(), told.stdout.as_slice()), (Some(0), &b"ready\n"[..]));
}

#[test]
fn where_there_is_no_server_it_fails() {
    // Nobody else can have the port, and nobody listens.
    let held = TcpSocket::new_v4().unwrap();
    held.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = held.local_addr().unwrap().to_string();
    assert_eq!(check(&address, &[]), (Some(1), json!({ "ready": false, "status": null })));
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    assert_eq!(check(&address, &[]), (Some(1), json!({ "ready": false, "status": null })));
}

#[test]
fn a_server_that_is_not_ready_or_none_of_http_fails() {
    for (answer, status) in [
        ("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n", json!(503)),
        ("SSH-2.0-OpenSSH_9.2\r\n", Value::Null),
        ("", Value::Null),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let answering = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let read = stream.read(&mut request).unwrap();
            assert!(request[..read].starts_with(b"GET /readyz HTTP/1.1\r\n"));
            stream.write_all(answer.as_bytes()).unwrap();
        });
        assert_eq!(check(&address, &[]), (Some(1), json!({ "ready": false, "status": status })), "{answer}");
        answering.join().unwrap();
    }
}
