//! Pages on other origins: which of them may ask, and what they are told.

use serde_json::json;
use tempfile::tempdir;

use crate::{
    client::{Answer, get, register, send},
    process::Server,
};

const APP: &str = "https://app.example";

fn says_nothing_of_origins(answer: &Answer) -> bool {
    answer.header("access-control-allow-origin").is_none()
}

#[test]
fn a_page_of_a_stated_origin_asks_with_a_token_and_reads_refusals() {
    let folder = tempdir().unwrap();
    let server = Server::start(folder.path(), &["--cors-origins", &format!("http://localhost:5173,{APP}")]);
    let at = server.address;
    let asked = [
        ("origin", APP),
        ("access-control-request-method", "PATCH"),
        ("access-control-request-headers", "authorization,content-type"),
    ];
    let preflight = send(at, "OPTIONS", "/auth/me", &asked, "");
    assert_eq!(preflight.status, 200);
    assert_eq!(preflight.header("access-control-allow-origin"), Some(APP));
    assert!(preflight.header("access-control-allow-methods").unwrap().contains("PATCH"));
    assert_eq!(preflight.header("access-control-allow-headers"), Some("authorization,content-type"));
    assert_eq!(preflight.header("access-control-max-age"), Some("600"));

    assert_eq!(register(at, "ada", "correct horse battery staple").status, 201);
    let body = json!({"name": "ada", "password": "correct horse battery staple"}).to_string();
    let length = body.len().to_string();
    let headers = [("origin", APP), ("content-type", "application/json"), ("content-length", length.as_str())];
    let login = send(at, "POST", "/auth/login", &headers, &body);
    assert_eq!((login.status, login.header("access-control-allow-origin")), (200, Some(APP)));

    let refused = send(at, "GET", "/auth/me", &[("origin", APP)], "");
    assert_eq!((refused.status, refused.header("access-control-allow-origin")), (401, Some(APP)));
    assert_eq!(refused.header("access-control-expose-headers"), Some("retry-after,www-authenticate,x-request-id"));
    for answer in [&login, &get(at, "/.well-known/jwks.json")] {
        assert!(answer.header("vary").unwrap().contains("origin"), "a cache keeps them apart: {answer:?}");
    }
    for answer in [preflight, login, refused] {
        assert_eq!(answer.header("access-control-allow-credentials"), None, "a cookie shows a page nothing");
    }
}

#[test]
fn hd_3_no_other_origin_is_told_anything_and_pages_are_for_none() {
    let folder = tempdir().unwrap();
    let server = Server::start(folder.path(), &["--cors-origins", APP]);
    let at = server.address;
    for origin in ["null", "*", "https://evil.example", "http://app.example", "https://app.example.evil.example"] {
        for method in ["GET", "OPTIONS"] {
            let headers = [("origin", origin), ("access-control-request-method", "GET")];
            assert!(says_nothing_of_origins(&send(at, method, "/auth/methods", &headers, "")), "{method} {origin}");
        }
    }
    for path in ["/login", "/account", "/openapi.json", "/readyz", "/nowhere"] {
        assert!(says_nothing_of_origins(&send(at, "GET", path, &[("origin", APP)], "")), "{path}");
    }
}

#[test]
fn only_preflights_are_answered_by_themselves_and_none_for_proxies() {
    let folder = tempdir().unwrap();
    let server = Server::start(folder.path(), &["--cors-origins", APP]);
    let at = server.address;
    let bare = send(at, "OPTIONS", "/auth/me", &[("origin", APP)], "");
    assert_eq!((bare.status, bare.code().as_str()), (405, "method_not_allowed"));
    // A proxy takes every 200 for a yes.
    let preflight = [("origin", APP), ("access-control-request-method", "GET")];
    for headers in [&[][..], &preflight[..1], &preflight] {
        for method in ["OPTIONS", "GET"] {
            let answer = send(at, method, "/auth/verify", headers, "");
            assert!(matches!(answer.status, 401 | 405) && says_nothing_of_origins(&answer), "{method} {answer:?}");
        }
    }
}

#[test]
fn cs_3_a_cookie_changes_nothing_for_a_page_of_a_stated_origin() {
    let folder = tempdir().unwrap();
    let server = Server::start(folder.path(), &["--cors-origins", APP]);
    let at = server.address;
    assert_eq!(register(at, "ada", "correct horse battery staple").status, 201);
    let form = "name=ada&password=correct+horse+battery+staple";
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("content-length", &form.len().to_string()),
        ("sec-fetch-site", "same-origin"),
    ];
    let logged_in = send(at, "POST", "/login", &headers, form);
    let cookie = logged_in.header("set-cookie").unwrap().split(';').next().unwrap();
    let elsewhere = [("cookie", cookie), ("origin", APP), ("content-length", "0")];
    for site in [&[][..], &[("sec-fetch-site", "same-site")]] {
        let answer = send(at, "POST", "/auth/logout", &[&elsewhere, site].concat(), "");
        assert_eq!((answer.status, answer.code().as_str()), (403, "cross_origin"));
    }
    assert_eq!(send(at, "GET", "/auth/me", &elsewhere[..1], "").status, 200);
}

#[test]
fn hd_3_without_the_setting_no_origin_is_told_anything() {
    let folder = tempdir().unwrap();
    let server = Server::start(folder.path(), &[]);
    for method in ["GET", "OPTIONS"] {
        let headers = [("origin", "http://localhost:8400"), ("access-control-request-method", "GET")];
        assert!(says_nothing_of_origins(&send(server.address, method, "/auth/methods", &headers, "")), "{method}");
    }
}
