//! A gRPC server behind the guard, with a stream that ends when the session behind it does.
//!
//! ```sh
//! JWT_SECRET=… cargo run --example tonic --no-default-features -- 127.0.0.1:50051
//! ```
//!
//! It serves the health service of gRPC, `grpc.health.v1.Health`: anyone may `Check`, and those with the scope
//! `health:watch` may `Watch`.
#![expect(clippy::print_stdout, reason = "it tells where it listens")]

use std::{env, error::Error, future::ready, pin::Pin};

use futures_util::{FutureExt, Stream, StreamExt, stream};
use http::Method;
use portcullis::{
    Principal,
    clock::SystemClock,
    guard::{AuthLayer, Grpc, RouteRule},
    jwt::{JwtVerifier, KeyRing},
    revocation::RevocationSet,
};
use tokio::net::TcpListener;
use tonic::{
    Request, Response, Status,
    transport::{Server, server::TcpIncoming},
};
use tonic_health::{
    ServingStatus,
    pb::{
        HealthCheckRequest, HealthCheckResponse,
        health_server::{Health, HealthServer},
    },
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let secret = env::var("JWT_SECRET").map_err(|_| "set JWT_SECRET to the secret that tokens are signed with")?;
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:50051".to_owned());

    // Whoever ends sessions puts them in here; with accounts, `Portcullis::verifier` comes with such a set.
    let revocations = RevocationSet::default();
    let verifier = JwtVerifier::new(KeyRing::hs256(secret.as_bytes())?)
        .issuer("https://id.example")
        .audience("notes")
        .revocations(revocations);

    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    serve(listener, verifier).await
}

pub(crate) async fn serve(listener: TcpListener, verifier: JwtVerifier) -> Result<(), Box<dyn Error + Send + Sync>> {
    let guard = AuthLayer::builder(verifier)
        .exclude("/grpc.health.v1.Health/Check")
        .rule(Method::POST, "/grpc.health.v1.Health/Watch", RouteRule::scopes(["health:watch"]))
        .on_reject(Grpc)
        .build()?;
    let server = Server::builder().layer(guard).add_service(HealthServer::new(AlwaysWell));
    Ok(server.serve_with_incoming(TcpIncoming::from(listener)).await?)
}

struct AlwaysWell;

#[tonic::async_trait]
impl Health for AlwaysWell {
    type WatchStream = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

    async fn check(&self, _: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        Ok(Response::new(well()))
    }

    async fn watch(&self, request: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let user = request.extensions().get::<Principal>().ok_or_else(|| Status::internal("no guard before it"))?;
        let ended = ended(user.clone()).map(Err).into_stream();
        let states = stream::once(ready(Ok(well())));
        Ok(Response::new(Box::pin(states.chain(ended))))
    }
}

/// What a stream ends with, when its time has come.
async fn ended(user: Principal) -> Status {
    tokio::select! {
        () = user.revoked() => Status::unauthenticated("the session has ended"),
        () = tokio::time::sleep(user.time_left(&SystemClock)) => Status::unauthenticated("the token has expired"),
    }
}

fn well() -> HealthCheckResponse {
    HealthCheckResponse { status: ServingStatus::Serving as i32 }
}
