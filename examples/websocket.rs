//! A WebSocket that closes when the session behind it ends, or its token expires.
//!
//! ```sh
//! JWT_SECRET=… cargo run --example websocket --features axum -- 127.0.0.1:8080
//! ```
//!
//! A page opens it with `new WebSocket("ws://127.0.0.1:8080/echo", ["bearer", token])`, as a script can write no other
//! header there. It says back whatever it is told.
#![expect(clippy::print_stdout, reason = "it tells where it listens")]

use std::{env, error::Error, pin::pin};

use axum::{
    Router,
    extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    response::Response,
    routing::any,
};
use portcullis::{
    Principal,
    clock::SystemClock,
    guard::{AuthLayer, RuleError, Source},
    jwt::{JwtVerifier, KeyRing},
    revocation::RevocationSet,
};
use tokio::net::TcpListener;

/// A close code that is registered for this ("Unauthorized").
const UNAUTHORIZED: u16 = 3000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let secret = env::var("JWT_SECRET").map_err(|_| "set JWT_SECRET to the secret that tokens are signed with")?;
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());

    // Whoever ends sessions puts them in here; with accounts, `Portcullis::verifier` comes with such a set.
    let revocations = RevocationSet::default();
    let verifier = JwtVerifier::new(KeyRing::hs256(secret.as_bytes())?)
        .issuer("https://id.example")
        .audience("notes")
        .revocations(revocations);

    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app(verifier)?).await?;
    Ok(())
}

pub(crate) fn app(verifier: JwtVerifier) -> Result<Router, RuleError> {
    let guard = AuthLayer::builder(verifier).sources([Source::bearer(), Source::subprotocol("bearer")]).build()?;
    Ok(Router::new().route("/echo", any(open)).layer(guard))
}

async fn open(user: Principal, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(|socket| echo(socket, user))
}

async fn echo(mut socket: WebSocket, user: Principal) {
    let mut revoked = user.revoked();
    let mut expired = pin!(tokio::time::sleep(user.time_left(&SystemClock)));
    let reason = loop {
        tokio::select! {
            // First of all: nothing is answered once the session has ended, however much there is to answer.
            biased;
            () = &mut revoked => break "the session has ended",
            () = &mut expired => break "the token has expired",
            message = socket.recv() => match message {
                Some(Ok(message @ (Message::Text(_) | Message::Binary(_)))) => {
                    if socket.send(message).await.is_err() {
                        return;
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            },
        }
    };
    let close = CloseFrame { code: UNAUTHORIZED, reason: reason.into() };
    if let Err(error) = socket.send(Message::Close(Some(close))).await {
        tracing::debug!(%error, "the connection broke");
    }
}
