//! Keys found through an issuer's metadata.

use http::StatusCode;
use portcullis::jwt::{JwtVerifier, RemoteKeys, remote::RemoteError};
use serde_json::json;

use crate::{
    server::{Server, ok, status},
    support::{AUDIENCE, ISSUER, build, clock, key, resolve, set, token_of},
};

/// A server with metadata for this path that name this issuer and these keys, and with a document everywhere else.
async fn publishing(path: &'static str, issuer: impl Fn(&str) -> String, keys: impl Fn(&str) -> String) -> Server {
    let server = Server::down().await;
    let metadata =
        json!({ "issuer": issuer(&server.url()), "jwks_uri": keys(&server.url()), "other": [1] }).to_string();
    let document = set([&key("one")]);
    server.answer(move |request| match request.uri().path() {
        asked if asked == path => ok(metadata.clone()),
        "/certs" => ok(document.clone()),
        _ => status(StatusCode::NOT_FOUND),
    });
    server
}

const OPENID: &str = "/.well-known/openid-configuration";

#[tokio::test]
async fn keys_are_where_the_metadata_say() {
    let one = key("one");
    let server = Server::down().await;
    let issuer = server.url();
    let metadata = json!({ "issuer": issuer, "jwks_uri": format!("{issuer}/certs") }).to_string();
    let document = set([&one]);
    server.answer(move |request| match request.uri().path() {
        OPENID => ok(metadata.clone()),
        "/certs" => ok(document.clone()),
        _ => status(StatusCode::NOT_FOUND),
    });
    let clock = clock();
    let keys = build(RemoteKeys::discover(&issuer), &clock);
    let verifier = JwtVerifier::new(keys).issuer(&issuer).audience(AUDIENCE).clock(clock);
    assert_eq!(resolve(&verifier, &token_of(&one, &issuer)).await, Ok("u1".to_owned()));
    assert_eq!((server.hits(OPENID), server.hits("/certs")), (1, 1));
}

#[tokio::test]
async fn metadata_of_rfc_8414_do_where_there_are_no_others() {
    let path = "/.well-known/oauth-authorization-server/realms/a";
    let server = publishing(path, |url| format!("{url}/realms/a"), |url| format!("{url}/certs")).await;
    let keys = build(RemoteKeys::discover(format!("{}/realms/a", server.url())), &clock());
    keys.refresh().await.unwrap();
    assert_eq!(server.hits("/realms/a/.well-known/openid-configuration"), 1);
    assert_eq!((server.hits(path), server.hits("/certs")), (1, 1));
}

#[tokio::test]
async fn metadata_of_another_issuer_are_refused() {
    let spellings: [fn(&str) -> String; 5] = [
        |_| ISSUER.to_owned(),
        |url| format!("{url}/"),
        |url| url.to_uppercase(),
        |url| format!(" {url}"),
        |_| String::new(),
    ];
    for issuer in spellings {
        let server = publishing(OPENID, issuer, |url| format!("{url}/certs")).await;
        let keys = build(RemoteKeys::discover(server.url()), &clock());
        assert!(matches!(keys.refresh().await, Err(RemoteError::WrongIssuer)));
        assert_eq!(server.hits("/certs"), 0);
    }
}

#[tokio::test]
async fn metadata_point_at_proper_urls_only() {
    let addresses: [fn(&str) -> String; 5] = [
        |_| "/certs".to_owned(),
        |_| String::new(),
        |_| "file:///etc/passwd".to_owned(),
        |url| url.replace("http://", "http://me@") + "/certs",
        |url| format!("{url}/certs#1"),
    ];
    for address in addresses {
        let server = publishing(OPENID, str::to_owned, address).await;
        let keys = build(RemoteKeys::discover(server.url()), &clock());
        assert!(matches!(keys.refresh().await, Err(RemoteError::KeysUrl)));
        assert_eq!(server.hits("/certs"), 0);
    }
}

#[tokio::test]
async fn metadata_that_are_none_are_refused() {
    for document in ["", "[]", "{}", r#"{"issuer":7,"jwks_uri":"x"}"#, r#"{"issuer":"a","issuer":"b","jwks_uri":"x"}"#]
    {
        let server = Server::serving(document.to_owned()).await;
        let keys = build(RemoteKeys::discover(server.url()), &clock());
        assert!(matches!(keys.refresh().await, Err(RemoteError::Metadata)), "{document}");
    }
    let server = Server::answering(|_| status(StatusCode::NOT_FOUND)).await;
    let keys = build(RemoteKeys::discover(server.url()), &clock());
    assert!(matches!(keys.refresh().await, Err(RemoteError::Status(StatusCode::NOT_FOUND))));
    assert_eq!(server.all_hits(), 2);
}
