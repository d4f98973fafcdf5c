//! An axum service with accounts: routes of its own behind the guard, the account routes beside them.
//!
//! ```sh
//! cargo run --example axum -- sqlite:notes.db 127.0.0.1:8080
//! ```
//!
//! Register at `/auth/register`, log in at `/auth/login`, and send the access token to `/notes`.
#![expect(clippy::print_stdout, reason = "it tells where it listens")]

use std::{env, error::Error, net::SocketAddr};

use axum::routing::get;
use portcullis::{Portcullis, Principal, axum::GuardedRouter, guard::RouteRule};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let database = env::args().nth(1).unwrap_or_else(|| "sqlite:notes.db".to_owned());
    let address = env::args().nth(2).unwrap_or_else(|| "127.0.0.1:8080".to_owned());

    let auth = Portcullis::builder().public_url("http://localhost:8080").database(database).build().await?;
    let app = GuardedRouter::new()
        .route("/", get(async || "log in at /auth/login\n"), RouteRule::public())
        .route("/notes", get(notes), RouteRule::authenticated())
        .guard(auth.guard())
        .merge(auth.router())
        .merge(auth.pages());

    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}

async fn notes(user: Principal) -> String {
    format!("the notes of {}\n", user.id())
}
