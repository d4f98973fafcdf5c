//! `/metrics`, where it is asked for and nowhere else.

use std::net::SocketAddr;

use tempfile::tempdir;

use crate::{
    client::{Answer, get, login, register, send},
    db::TestDb,
    process::Server,
    prometheus::Scrape,
};

const PASSWORD: &str = "correct horse battery staple";

fn start(flags: &[&str]) -> (Server, SocketAddr, tempfile::TempDir) {
    let folder = tempdir().unwrap();
    let mut server = Server::start(folder.path(), &[&["--metrics-listen", "127.0.0.1:0"], flags].concat());
    let line = server.told("metrics are on http://");
    let address = line.split("metrics are on http://").nth(1).unwrap().split('/').next().unwrap().parse().unwrap();
    (server, address, folder)
}

fn scrape(answer: Answer) -> Scrape {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    Scrape::of(answer.body)
}

#[test]
fn metrics_are_on_their_own_listener_and_nothing_else_is() {
    let (server, metrics, _folder) = start(&[]);
    assert_eq!(register(server.address, "ada", PASSWORD).status, 201);
    assert_eq!(login(server.address, "ada", PASSWORD).status, 200);
    assert_eq!(get(server.address, "/no/secret-in-the-path").status, 404);

    let figures = scrape(get(metrics, "/metrics"));
    assert!(figures.value(r#"portcullis_logins_total{outcome="success",factor="pwd"}"#) > 0.9);
    assert!(figures.value(r#"portcullis_http_requests_total{method="POST",route="/auth/login",status="2xx"}"#) > 0.9);
    assert!(figures.value(r#"portcullis_http_requests_total{method="GET",route="(none)",status="4xx"}"#) > 0.9);
    assert!(!figures.text().contains("secret-in-the-path"));

    assert_eq!(get(server.address, "/metrics").code(), "not_found");
    for path in ["/", "/healthz", "/auth/methods", "/login"] {
        assert_eq!(get(metrics, path).code(), "not_found", "{path}");
    }
    assert_eq!(send(metrics, "POST", "/metrics", &[], "").code(), "method_not_allowed");
}

#[test]
fn metrics_are_off_unless_they_are_asked_for() {
    let folder = tempdir().unwrap();
    let server = Server::start(folder.path(), &[]);
    assert_eq!(get(server.address, "/metrics").code(), "not_found");
    server.terminate();
    assert!(!server.ended().1.contains("metrics"));
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_told_while_the_database_is_gone() {
    let db = TestDb::postgres().await;
    let (_server, metrics, _folder) = start(&["--database-url", db.url()]);
    let figures = scrape(get(metrics, "/metrics"));
    assert!(figures.value("portcullis_database_up") > 0.9 && figures.has("portcullis_mail_waiting"));
    drop(db);
    let figures = scrape(get(metrics, "/metrics"));
    assert!(figures.has("portcullis_database_up") && figures.value("portcullis_database_up") < 0.1);
    assert!(!figures.has("portcullis_mail_waiting") && figures.has("portcullis_revocations_age_seconds"));
}
