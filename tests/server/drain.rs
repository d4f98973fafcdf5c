//! SIGTERM cuts no request that was accepted.

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
    let length = body.len().to_string();
    let headers = [("content-type", "application/json"), ("content-length", &length), ("expect", "100-continue")];
    let mut login = Half::begin(server.address, "POST", "/auth/login", &headers).unwrap();
    login.wait_until_read();
    // A connection on which nothing was ever said does not hold the server up.
    let _silent = TcpStream::connect(server.address).unwrap();

    server.terminate();
    server.wait_for("stopping");
    assert_eq!(login.finish(&body).unwrap().status, 200);
    let (status, log) = server.ended();
    assert!(status.success());
    assert!(log.contains("stopped") && !log.contains("cut off"), "{log}");
}
