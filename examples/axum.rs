//! An axum service with accounts: routes of its own behind the guard, the account routes beside them.
//!
//! ```sh
//! cargo run --example axum -- sqlite:notes.db 127.0.0.1:8080
//! ```
//!
//! Open <http://localhost:8080>: the page there registers, logs in, with a passkey too, and asks for `/notes`. The pages
//! that come with the accounts begin at `/login`.
#![expect(clippy::print_stdout, reason = "it tells where it listens")]

use std::{env, error::Error, net::SocketAddr};

use axum::{response::Html, routing::get};
use portcullis::{Portcullis, Principal, axum::GuardedRouter, guard::RouteRule};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let database = env::args().nth(1).unwrap_or_else(|| "sqlite:notes.db".to_owned());
    let address = env::args().nth(2).unwrap_or_else(|| "127.0.0.1:8080".to_owned());

    let listener = TcpListener::bind(address).await?;
    // Browsers keep passkeys for a name, not for an address.
    let public_url = format!("http://localhost:{}", listener.local_addr()?.port());

    let auth = Portcullis::builder().public_url(&public_url).database(database).build().await?;
    let app = GuardedRouter::new()
        .route("/", get(async || Html(include_str!("clients/page.html"))), RouteRule::public())
        .route("/notes", get(notes), RouteRule::authenticated())
        .guard(auth.guard())
        .merge(auth.router())
        .merge(auth.pages());

    println!("listening on {public_url}");
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}

async fn notes(user: Principal) -> String {
    format!("the notes of {}\n", user.id())
}
