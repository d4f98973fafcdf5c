//! SIGTERM cuts no request that was accepted, unless it comes twice.

use std::net::TcpStream;

use serde_json::json;
use tempfile::tempdir;

use crate::{
    client::{Half, register},
    process::Server,
};

#[test]
fn a_request_in_flight_is_finished_before_the_server_ends() {
    let folder = tempdir().unwrap();
    let mut server = Server::start(folder.path(), &[]);
    assert_eq!(register(server.address, "ada", "correct horse battery staple").status, 201);
    let body = json!({ "name": "ada", "password": "correct horse battery staple" }).to_string();
    let login = begun_login(&server, &body);
    // A connection on which nothing was ever said does not hold the server up.
    let _silent = TcpStream::connect(server.address).unwrap();

    server.terminate();
    server.wait_for("stopping");
    assert_eq!(login.finish(&body).unwrap().status, 200);
    let (status, log) = server.ended();
    assert!(status.success());
    assert!(log.contains("stopped") && !log.contains("cut off"), "{log}");
}

#[test]
fn whoever_tells_it_a_second_time_to_end_does_not_wait_for_a_request_in_flight() {
    let folder = tempdir().unwrap();
    let mut server = Server::start(folder.path(), &[]);
    let _login = begun_login(&server, "{}");

    server.terminate();
    server.wait_for("stopping");
    server.terminate();
    let (status, log) = server.ended();
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(log.contains("a second time"), "{log}");
}

/// A login that the server has begun to read, and that waits for its body.
fn begun_login(server: &Server, body: &str) -> Half {
    let length = body.len().to_string();
    let headers = [("content-type", "application/json"), ("content-length", &length), ("expect", "100-continue")];
    let mut login = Half::begin(server.address, "POST", "/auth/login", &headers).unwrap();
    login.wait_until_read();
    login
}
