//! Other sites, and what they can make a browser do.

use axum::{
    Router,
    http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY},
    response::Html,
    routing::get,
};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    house::{House, listen, serve},
    site::PASSWORD,
};

/// A page elsewhere with a form that is sent here.
fn form(action: &str) -> Html<String> {
    Html(format!(
        "<!doctype html><title>Elsewhere</title><form method=post action='{action}'>\
         <input name=name value=eve><input name=password value='{PASSWORD}'><input name=everywhere value=on>\
         <button>Win</button></form>"
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn cs_2_forms_from_elsewhere_are_refused() {
    let mut house = House::open().await;
    house.user("ada").await;
    house.user("eve").await;
    house.log_in("ada", PASSWORD).await;
    house.is_at("/account", "ada@example.com").await;
    let before = house.cookie("portcullis").await;
    let (listener, port) = listen().await;
    let mut app = Router::new();
    for (number, path) in ["/login", "/logout", "/forgot-password", "/account/password"].into_iter().enumerate() {
        let page = form(&format!("{}{path}", house.url));
        let (sandboxed, silent) = (page.clone(), page.clone());
        app = app
            .route(&format!("/plain/{number}"), get(async || page))
            // Of no origin: `Origin: null`.
            .route(
                &format!("/null/{number}"),
                get(async || ([(CONTENT_SECURITY_POLICY, "sandbox allow-forms allow-scripts")], sandboxed)),
            )
            // A browser that may not say where it comes from says `Origin: null` too.
            .route(&format!("/silent/{number}"), get(async || ([(REFERRER_POLICY, "no-referrer")], silent)));
    }
    let served = serve(listener, app);
    // Another site, and another origin of the same site.
    for host in ["127.0.0.1", "localhost"] {
        for kind in ["plain", "null", "silent"] {
            for number in 0..4 {
                house.visit(&format!("http://{host}:{port}/{kind}/{number}")).await;
                house.press("Win").await;
                let text = house.text().await;
                assert!(text.contains("This form was not sent from here"), "{host} {kind} {number}: {text}");
            }
        }
    }
    assert_eq!(house.cookie("portcullis").await, before);
    house.visit("/account").await;
    house.is_at("/account", "ada@example.com").await;
    served.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn cs_2_a_form_that_says_nothing_of_its_origin_is_refused() {
    let mut house = House::open().await;
    house.user("ada").await;
    house.log_in("ada", PASSWORD).await;
    let cookie = house.cookie("portcullis").await.unwrap();
    // No browser of today sends a form like that.
    let authority = house.url.strip_prefix("http://").unwrap().to_owned();
    let mut connection = TcpStream::connect(authority.replace("localhost", "127.0.0.1")).await.unwrap();
    let head = "content-type: application/x-www-form-urlencoded\r\ncontent-length: 0\r\nconnection: close";
    let request =
        format!("POST /logout HTTP/1.1\r\nhost: {authority}\r\ncookie: portcullis={cookie}\r\n{head}\r\n\r\n");
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    house.visit("/account").await;
    house.is_at("/account", "ada@example.com").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn se_2_a_cookie_from_before_a_login_is_renewed() {
    let mut house = House::open().await;
    house.user("ada").await;
    house.user("eve").await;
    house.log_in("eve", PASSWORD).await;
    let planted = house.cookie("portcullis").await.unwrap();
    let made_up = format!("pcs_{}", "A".repeat(43));
    for value in [planted.as_str(), &made_up] {
        house.browser.call("Network.clearBrowserCookies", json!({})).await;
        house.visit("/login").await;
        let cookie = json!({"name": "portcullis", "value": value, "url": house.url, "httpOnly": true});
        house.browser.call("Network.setCookie", cookie).await;
        house.log_in("ada", PASSWORD).await;
        house.is_at("/account", "ada@example.com").await;
        assert_ne!(house.cookie("portcullis").await.unwrap(), value);
        // Nobody is logged in by what was planted.
        house.browser.call("Network.clearBrowserCookies", json!({})).await;
        house.browser.call("Network.setCookie", json!({"name": "portcullis", "value": value, "url": house.url})).await;
        house.visit("/account").await;
        house.is_at("/login?next=%2Faccount", "Log in").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_behind_the_guard_gets_people_back() {
    let mut house = House::open().await;
    let id = house.user("ada").await;
    house.visit("/notes/7?page=2").await;
    house.is_at("/login?next=%2Fnotes%2F7%3Fpage%3D2", "Log in").await;
    house.log_in("ada", "wrong password").await;
    house.log_in("ada", PASSWORD).await;
    house.is_at("/notes/7?page=2", &format!("the notes of {id}")).await;
    for bad in ["https%3A%2F%2Fevil.example", "%2F%2Fevil.example", "%2F%5Cevil.example", "javascript%3Aalert(1)"] {
        house.browser.call("Network.clearBrowserCookies", json!({})).await;
        house.visit(&format!("/login?next={bad}")).await;
        house.log_in("ada", PASSWORD).await;
        house.is_at("/account", "ada@example.com").await;
    }
}
