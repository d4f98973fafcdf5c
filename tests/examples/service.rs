//! The service that follows a portcullis elsewhere, beside the server itself.

use serde_json::json;
use tempfile::tempdir;

use crate::{
    Example,
    client::{get, get_as, register, send, token},
    process::{Server, run},
};

const PASSWORD: &str = "correct horse battery staple";
const ISSUER: &str = "http://localhost:8400";

#[test]
fn the_service_takes_tokens_from_elsewhere_until_they_are_revoked_there() {
    let folder = tempdir().unwrap();
    let server = Server::start(folder.path(), &["--public-url", ISSUER]);
    let at = server.address;
    for name in ["reports", "ada"] {
        assert_eq!(register(at, name, PASSWORD).status, 201);
    }
    for command in [
        ["role", "set", "follower", "revocations:read"],
        ["role", "set", "reader", "reports:read"],
        ["user", "roles", "reports", "follower"],
        ["user", "roles", "ada", "reader"],
    ] {
        assert!(run(folder.path(), &command, "").status.success(), "{command:?}");
    }

    let bearer = format!("Bearer {}", token(at, "reports", PASSWORD));
    let body = json!({"name": "revocations", "scopes": ["revocations:read"]}).to_string();
    let length = body.len().to_string();
    let headers = [("authorization", &*bearer), ("content-type", "application/json"), ("content-length", &*length)];
    let made = send(at, "POST", "/auth/api-keys", &headers, &body);
    let key = folder.path().join("revocations-key");
    std::fs::write(&key, made.json()["key"].as_str().unwrap()).unwrap();

    let (key, reached) = (key.to_str().unwrap().to_owned(), format!("http://{at}"));
    let example = Example::start("service", |program| program.args([ISSUER, &key, "127.0.0.1:0", &reached]));
    let service = example.address;
    let ada = token(at, "ada", PASSWORD);
    // Until the stream has told everything for the first time, it is 503.
    let hello = std::iter::repeat_with(|| get_as(service, "/", &ada)).find(|answer| answer.status != 503).unwrap();
    let id = get_as(at, "/auth/me", &ada).json()["id"].as_str().unwrap().to_owned();
    assert_eq!(hello.body, format!("hello {id}\n"));
    assert_eq!(get_as(service, "/reports", &ada).body, "the reports\n");
    assert_eq!(get_as(service, "/reports", bearer.trim_start_matches("Bearer ")).status, 403);
    assert_eq!(get(service, "/").status, 401);

    assert_eq!(send(at, "POST", "/auth/logout", &[("authorization", &format!("Bearer {ada}"))], "").status, 204);
    let refused = std::iter::repeat_with(|| get_as(service, "/", &ada)).find(|answer| answer.status != 200).unwrap();
    assert_eq!((refused.status, refused.code()), (401, "invalid_token".to_owned()));
}
