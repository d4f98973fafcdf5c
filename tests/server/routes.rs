//! What the server adds to the account routes, and how every bad request is answered.

use serde_json::json;
use tempfile::tempdir;

use crate::{
    client::{get, post, send},
    db::TestDb,
    process::Server,
};

const JSON: (&str, &str) = ("content-type", "application/json");

#[test]
fn bad_requests_are_answered_with_problem_documents() {
    let folder = tempdir().unwrap();
    let server = Server::start(folder.path(), &[]);
    let at = server.address;
    let login = |headers: &[(&str, &str)], body: &str| send(at, "POST", "/auth/login", headers, body);

    assert_eq!(get(at, "/nowhere").code(), "not_found");
    assert_eq!(get(at, "/auth/nowhere").code(), "not_found");
    for (path, allowed) in
        [("/auth/login", "POST"), ("/auth/me", "DELETE"), ("/healthz", "GET"), ("/openapi.json", "GET")]
    {
        let answer = send(at, "TRACE", path, &[], "");
        assert_eq!((answer.status, answer.code().as_str()), (405, "method_not_allowed"));
        assert!(answer.header("allow").unwrap().contains(allowed), "{answer:?}");
    }
    assert_eq!(login(&[JSON, ("content-length", "1")], "{").code(), "invalid_request");
    assert_eq!(
        login(&[("content-type", "text/plain"), ("content-length", "2")], "{}").code(),
        "unsupported_media_type"
    );
    let too_large = login(&[JSON, ("content-length", "65537")], &" ".repeat(65537));
    assert_eq!((too_large.status, too_large.code().as_str()), (413, "body_too_large"));
    let missing = post(at, "/auth/login", &json!({ "name": 1 }));
    assert_eq!((missing.status, missing.code().as_str()), (422, "invalid_fields"));
    let fields = json!([{ "field": "name", "code": "wrong_type" }, { "field": "password", "code": "missing" }]);
    assert_eq!(missing.json()["errors"], fields);
    assert_eq!(get(at, "/auth/me").header("www-authenticate").map(|challenge| &challenge[..6]), Some("Bearer"));
}

#[test]
fn health_documents_and_headers() {
    let folder = tempdir().unwrap();
    let server = Server::start(folder.path(), &[]);
    let at = server.address;

    for path in
        ["/healthz", "/readyz", "/openapi.json", "/docs/", "/docs/swagger-initializer.js", "/nowhere", "/auth/methods"]
    {
        let answer = get(at, path);
        assert_eq!(answer.status, if path == "/nowhere" { 404 } else { 200 }, "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("same-origin"), "{path}");
        assert!(answer.header("content-security-policy").unwrap().starts_with("default-src 'none'"), "{path}");
        let head = send(at, "HEAD", path, &[], "");
        assert_eq!((head.status, head.body.as_str()), (answer.status, ""), "{path}");
    }
    assert_eq!(get(at, "/healthz").header("cache-control"), Some("no-store"));
    assert_eq!(get(at, "/openapi.json").json()["openapi"], "3.1.0");
    assert_eq!(get(at, "/docs").header("location"), Some("/docs/"));
    let page = get(at, "/docs/").body + &get(at, "/docs/swagger-initializer.js").body;
    for part in [r#""/openapi.json""#, r#""validatorUrl": "none""#, r#""layout": "BaseLayout""#] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    assert!(!page.contains("https://"), "{page}");
    assert_eq!(get(at, "/docs/..%2fCargo.toml").code(), "not_found");

    let echoed = send(at, "GET", "/healthz", &[("x-request-id", "mine-1")], "");
    assert_eq!(echoed.header("x-request-id"), Some("mine-1"));
    let replaced = send(at, "GET", "/healthz", &[("x-request-id", "{mine}")], "");
    assert!(replaced.header("x-request-id").is_some_and(|id| id != "{mine}" && id.len() == 36));
}

#[tokio::test(flavor = "multi_thread")]
async fn not_ready_while_the_database_is_gone() {
    let folder = tempdir().unwrap();
    let db = TestDb::postgres().await;
    let server = Server::start(folder.path(), &["--database-url", db.url()]);
    assert_eq!(get(server.address, "/readyz").status, 200);
    drop(db);
    let answer = get(server.address, "/readyz");
    assert_eq!((answer.status, answer.code().as_str()), (503, "unavailable"));
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(get(server.address, "/healthz").status, 200);
}
