//! A service that takes the tokens of a portcullis elsewhere: keys by URL, and what is revoked as it happens.
//!
//! ```sh
//! cargo run --example service --features remote-jwks -- http://localhost:8400 revocations-key 127.0.0.1:9000
//! ```
//!
//! The file holds an API key with the scope `revocations:read`. A fourth argument says where the issuer is reached from
//! here, if that is not its public address. `/` takes any token of it, `/reports` asks for a scope.
#![expect(clippy::print_stdout, reason = "it tells where it listens")]

use std::{env, error::Error, path::PathBuf};

use axum::routing::get;
use portcullis::{
    Principal,
    axum::GuardedRouter,
    guard::{AuthLayer, RouteRule},
    jwt::{JwtVerifier, RemoteKeys},
    revocation::RevocationFeed,
};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let issuer = arguments.next().unwrap_or_else(|| "http://localhost:8400".to_owned());
    let key: PathBuf = arguments.next().unwrap_or_else(|| "revocations-key".to_owned()).into();
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:9000".to_owned());
    let at = arguments.next().unwrap_or_else(|| issuer.clone());

    let mut keys = RemoteKeys::jwks(format!("{at}/.well-known/jwks.json"));
    let mut revoked =
        RevocationFeed::follow(format!("{at}/auth/revocations")).bearer(move || tokio::fs::read_to_string(key.clone()));
    if at.starts_with("http:") {
        (keys, revoked) = (keys.insecure_http(), revoked.insecure_http());
    }
    let keys = keys.build()?;
    // It fails here rather than answer 503 later.
    keys.refresh().await?;

    let verifier = JwtVerifier::new(keys).issuer(&issuer).audience(&issuer).revocations(revoked.build()?);
    let app = GuardedRouter::new()
        .route("/", get(hello), RouteRule::authenticated())
        .route("/reports", get(async || "the reports\n"), RouteRule::scopes(["reports:read"]))
        .guard(AuthLayer::new(verifier));

    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app.into_make_service()).await?;
    Ok(())
}

async fn hello(user: Principal) -> String {
    format!("hello {}\n", user.name().unwrap_or_else(|| user.id()))
}
