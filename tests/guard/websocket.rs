//! A WebSocket behind the guard, over a real connection, as the example serves it.

#[expect(dead_code, reason = "of the example, only its routes are served")]
#[path = "../../examples/websocket.rs"]
mod example;

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use http::{HeaderValue, StatusCode, header::SEC_WEBSOCKET_PROTOCOL};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest, handshake::client::Response},
};

use crate::mint::Mint;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Serves the example on a port of its own, and says where.
async fn serve(mint: &Mint) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("ws://{}/echo", listener.local_addr().unwrap());
    let app = example::app(mint.verifier()).unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

async fn open(address: &str, protocols: Option<&str>) -> Result<(Socket, Response), Error> {
    let mut request = address.into_client_request().unwrap();
    if let Some(protocols) = protocols {
        request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_str(protocols).unwrap());
    }
    connect_async(request).await
}

async fn say(socket: &mut Socket, text: &str) -> Message {
    socket.send(Message::text(text)).await.unwrap();
    socket.next().await.unwrap().unwrap()
}

async fn closing_words(socket: &mut Socket) -> (u16, String) {
    match socket.next().await.unwrap().unwrap() {
        Message::Close(Some(frame)) => (frame.code.into(), frame.reason.to_string()),
        other => panic!("not closed: {other:?}"),
    }
}

#[tokio::test]
async fn the_subprotocol_is_echoed_and_the_token_is_not() {
    let mint = Mint::new();
    let address = serve(&mint).await;
    let token = mint.token("s1", "", Duration::from_mins(15));
    let (mut socket, response) = open(&address, Some(&format!("bearer, {token}"))).await.unwrap();
    assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
    assert_eq!(response.headers()[SEC_WEBSOCKET_PROTOCOL], "bearer");
    assert!(!format!("{response:?}").contains(&token));
    assert_eq!(say(&mut socket, "hello").await, Message::text("hello"));
}

#[tokio::test]
async fn a_websocket_is_refused_before_it_is_one() {
    let mint = Mint::new();
    let address = serve(&mint).await;
    let token = mint.token("s1", "", Duration::from_mins(15));
    let cases = [
        (None, StatusCode::UNAUTHORIZED),
        (Some("chat".to_owned()), StatusCode::UNAUTHORIZED),
        (Some("bearer, a.b.c".to_owned()), StatusCode::UNAUTHORIZED),
        (Some("bearer".to_owned()), StatusCode::BAD_REQUEST),
        (Some(format!("bearer, {token}, bearer, {token}")), StatusCode::BAD_REQUEST),
    ];
    for (protocols, expected) in cases {
        match open(&address, protocols.as_deref()).await {
            Err(Error::Http(response)) => assert_eq!(response.status(), expected, "{protocols:?}"),
            other => panic!("{protocols:?}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_websocket_closes_when_its_session_ends_and_no_other_does() {
    let mint = Mint::new();
    let address = serve(&mint).await;
    let open = async |session: &str| {
        let token = mint.token(session, "", Duration::from_mins(15));
        open(&address, Some(&format!("bearer, {token}"))).await.unwrap().0
    };
    let (mut one, mut other) = (open("s1").await, open("s2").await);
    assert_eq!(say(&mut one, "one").await, Message::text("one"));
    assert_eq!(say(&mut other, "other").await, Message::text("other"));

    mint.end_session("s1");
    assert_eq!(closing_words(&mut one).await, (3000, "the session has ended".to_owned()));
    assert_eq!(say(&mut other, "still there").await, Message::text("still there"));

    // A change of the user that leaves this generation good closes nothing, and one that does not, does.
    mint.raise_generation(1);
    assert_eq!(say(&mut other, "still there").await, Message::text("still there"));
    mint.raise_generation(2);
    assert_eq!(closing_words(&mut other).await, (3000, "the session has ended".to_owned()));
}

#[tokio::test]
async fn a_websocket_closes_when_its_token_expires() {
    let mint = Mint::new();
    let address = serve(&mint).await;
    let token = mint.token("s1", "", Duration::from_secs(1));
    let (mut socket, _) = open(&address, Some(&format!("bearer, {token}"))).await.unwrap();
    assert_eq!(closing_words(&mut socket).await, (3000, "the token has expired".to_owned()));
}
