//! What stands outside the guard, and what passes through it: CORS, and connections that become another protocol.

use std::io;

use axum::{extract::Request, response::Response, routing::get as on_get};
use http::{
    HeaderValue, Method, StatusCode,
    header::{CONNECTION, UPGRADE},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use portcullis::{
    Principal,
    axum::{Guarded, GuardedRouter},
    guard::RouteRule,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tower_http::cors::CorsLayer;

use crate::support::{guard, request, send, whoami};

fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(["https://app.example".parse::<HeaderValue>().unwrap()])
        .allow_methods([Method::GET])
        .allow_headers([http::header::AUTHORIZATION])
}

fn from_browser(method: Method, token: Option<&str>) -> Request {
    let mut request = request(method, "/mine", token);
    request.headers_mut().insert("origin", "https://app.example".parse().unwrap());
    request
}

fn preflight() -> Request {
    let mut request = from_browser(Method::OPTIONS, None);
    request.headers_mut().insert("access-control-request-method", "GET".parse().unwrap());
    request.headers_mut().insert("access-control-request-headers", "authorization".parse().unwrap());
    request
}

#[tokio::test]
async fn cors_outside_the_guard_answers_preflights_and_dresses_refusals() {
    let mine = || GuardedRouter::new().route("/mine", on_get(whoami), RouteRule::authenticated());
    let of_the_route = GuardedRouter::new().route("/mine", on_get(whoami).layer(cors()), RouteRule::authenticated());
    for app in [mine().guard(guard()).layer(cors()), of_the_route.guard(guard())] {
        let answer = send(app.clone(), preflight()).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.headers["access-control-allow-origin"], "https://app.example");
        assert_eq!(answer.headers["access-control-allow-methods"], "GET");
        let answer = send(app, from_browser(Method::GET, Some("reader"))).await;
        assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, "reader"));
        assert_eq!(answer.headers["access-control-allow-origin"], "https://app.example");
    }
    let answer = send(mine().guard(guard()).layer(cors()), from_browser(Method::GET, None)).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.headers["access-control-allow-origin"], "https://app.example");
    assert!(answer.headers.contains_key("www-authenticate"));
}

#[tokio::test]
async fn a_preflight_without_cors_reaches_no_handler_of_another_method() {
    let app = GuardedRouter::new().route("/mine", on_get(whoami), RouteRule::authenticated()).guard(guard());
    let answer = send(app.clone(), preflight()).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    let answer = send(app, from_browser(Method::OPTIONS, None)).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "no preflight");
}

/// Switches to a protocol in which the server says a name and hangs up.
async fn tell_name(user: Principal, request: Request) -> Response {
    let name = user.id().to_owned();
    let upgraded = hyper::upgrade::on(request);
    tokio::spawn(async move {
        let mut stream = TokioIo::new(upgraded.await.unwrap());
        stream.write_all(name.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
    });
    let switching = Response::builder().status(StatusCode::SWITCHING_PROTOCOLS);
    switching.header(CONNECTION, "upgrade").header(UPGRADE, "websocket").body(axum::body::Body::empty()).unwrap()
}

/// Serves one connection, asks on it for a WebSocket, and answers all that comes back.
async fn shake_hands(app: Guarded, token: Option<&str>) -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let mut client = TcpStream::connect(listener.local_addr()?).await?;
    let (server, _) = listener.accept().await?;
    tokio::spawn(async move {
        let service = TowerToHyperService::new(app);
        let connection = auto::Builder::new(TokioExecutor::new());
        connection.serve_connection_with_upgrades(TokioIo::new(server), service).await
    });
    let authorization = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    let handshake = format!(
        "GET /socket HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{authorization}\r\n"
    );
    client.write_all(handshake.as_bytes()).await?;
    client.shutdown().await?;
    let mut answer = String::new();
    client.read_to_string(&mut answer).await?;
    Ok(answer)
}

#[tokio::test]
async fn a_websocket_is_opened_for_whom_the_rule_lets_pass_and_for_no_other() {
    let rule = RouteRule::scopes(["notes:read"]);
    let app = GuardedRouter::new().route("/socket", on_get(tell_name), rule).guard(guard());
    let opened = shake_hands(app.clone(), Some("reader")).await.unwrap();
    assert!(opened.starts_with("HTTP/1.1 101 "), "{opened}");
    assert!(opened.ends_with("\r\n\r\nreader"), "{opened}");
    for (token, status) in
        [(None, "HTTP/1.1 401 "), (Some("forged"), "HTTP/1.1 401 "), (Some("tenant"), "HTTP/1.1 403 ")]
    {
        let refused = shake_hands(app.clone(), token).await.unwrap();
        assert!(refused.starts_with(status), "{refused}");
    }
}
