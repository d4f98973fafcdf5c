//! A bare hyper server behind the guard: no framework, no database.
//!
//! ```sh
//! JWT_SECRET=… cargo run --example hyper --no-default-features -- 127.0.0.1:8080
//! ```
//!
//! It takes access tokens of `https://id.example` for the audience `notes`, signed with HS256 and that secret, which
//! has at least 32 bytes. `/healthz` is open to everyone, and `/reports/{id}` to those with the scope `reports:read`.
#![expect(clippy::print_stdout, reason = "it tells where it listens")]

use std::{convert::Infallible, env, error::Error};

use http::{Method, Request, Response};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use portcullis::{
    Principal,
    guard::{AuthLayer, RouteRule},
    jwt::{JwtVerifier, KeyRing},
};
use tokio::net::TcpListener;
use tower::ServiceBuilder;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let secret = env::var("JWT_SECRET").map_err(|_| "set JWT_SECRET to the secret that tokens are signed with")?;
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());

    let keys = KeyRing::hs256(secret.as_bytes())?;
    let guard = AuthLayer::builder(JwtVerifier::new(keys).issuer("https://id.example").audience("notes"))
        .exclude("/healthz")
        .rule(Method::GET, "/reports/{id}", RouteRule::scopes(["reports:read"]))
        .build()?;
    let service = TowerToHyperService::new(ServiceBuilder::new().layer(guard).service_fn(hello));

    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        let service = service.clone();
        tokio::spawn(async move {
            let connection = auto::Builder::new(TokioExecutor::new());
            if let Err(error) = connection.serve_connection(TokioIo::new(stream), service).await {
                tracing::debug!(error, "the connection broke");
            }
        });
    }
}

async fn hello(request: Request<Incoming>) -> Result<Response<String>, Infallible> {
    let caller = request.extensions().get::<Principal>().map_or("stranger", Principal::id);
    Ok(Response::new(format!("hello {caller}\n")))
}
