//! The guard over HTTP, against the same hyper stack without it: `cargo bench --no-default-features --bench http`.
//!
//! Two servers, each on a thread of its own, are asked in turns over 64 connections by two threads that do as little as
//! they can: so the server's thread is what limits it. Every request carries a token that was seen before.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "bench code"
)]

#[path = "support/rounds.rs"]
mod rounds;
mod support;

use std::{
    convert::Infallible,
    future::{Ready, ready},
    hint::black_box,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use http::{Request, Response};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use portcullis::{guard::AuthLayer, jwt::Algorithm};
use rounds::median;
use support::{Keys, acquainted};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::{Builder, Runtime},
    task::{JoinSet, LocalSet},
};
use tower::{Layer, Service, service_fn};

const CONNECTIONS: usize = 64;
const CLIENT_THREADS: usize = 2;
const ROUNDS: usize = 15;
const ROUND: Duration = Duration::from_secs(1);

type Answer = Ready<Result<Response<String>, Infallible>>;

fn main() {
    println!("requests per second over {CONNECTIONS} connections: medians of {ROUNDS} rounds\n");
    println!("{:9} {:>9} {:>9} {:>7}", "", "bare", "guarded", "ratio");
    for algorithm in [Algorithm::Hs256, Algorithm::Es256] {
        let keys = Keys::new(algorithm);
        let tokens = keys.tokens(CONNECTIONS);
        let layer = AuthLayer::new(acquainted(keys.verifier(), &tokens));
        let servers = [serve(hello()), serve(layer.layer(hello()))];
        let mut rates = [Vec::new(), Vec::new()];
        for round in 0..=ROUNDS {
            for (server, rates) in servers.iter().zip(&mut rates) {
                let rate = ask(*server, &tokens);
                if round > 0 {
                    rates.push(rate);
                }
            }
        }
        let ratios = rates[0].iter().zip(&rates[1]).map(|(bare, guarded)| guarded / bare).collect();
        let [bare, guarded] = rates.map(median);
        println!("{:9} {bare:9.0} {guarded:9.0} {:7.3}", algorithm.to_string(), median(ratios));
    }
}

fn hello()
-> impl Service<Request<Incoming>, Response = Response<String>, Error = Infallible, Future = Answer> + Clone + Send {
    service_fn(|request| {
        black_box::<Request<Incoming>>(request);
        ready(Ok(Response::new("hello".to_owned())))
    })
}

/// Serves on a thread of its own, for as long as the program runs.
fn serve<S>(service: S) -> SocketAddr
where
    S: Service<Request<Incoming>, Response = Response<String>, Error = Infallible> + Clone + Send + 'static,
    S::Future: 'static,
{
    let (address, listening) = mpsc::channel();
    thread::spawn(move || {
        LocalSet::new().block_on(&runtime(), async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            address.send(listener.local_addr().unwrap()).unwrap();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                let service = TowerToHyperService::new(service.clone());
                tokio::task::spawn_local(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
    });
    listening.recv().unwrap()
}

/// How many requests the server answers in a second.
fn ask(server: SocketAddr, tokens: &[String]) -> f64 {
    let (over, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let start = Instant::now();
    thread::scope(|scope| {
        for tokens in tokens.chunks(CONNECTIONS / CLIENT_THREADS) {
            let (over, answered) = (&over, &answered);
            scope.spawn(move || {
                runtime().block_on(async {
                    let mut connections = JoinSet::new();
                    for token in tokens {
                        connections.spawn(keep_asking(server, token.clone(), Arc::clone(over), Arc::clone(answered)));
                    }
                    connections.join_all().await;
                });
            });
        }
        thread::sleep(ROUND);
        over.store(true, Relaxed);
    });
    #[expect(clippy::cast_precision_loss, reason = "it is small")]
    let answered = answered.load(Relaxed) as f64;
    answered / start.elapsed().as_secs_f64()
}

/// One connection, with one request under way at a time. All answers are as long as the first.
async fn keep_asking(server: SocketAddr, token: String, over: Arc<AtomicBool>, answered: Arc<AtomicU64>) {
    let request = format!("GET / HTTP/1.1\r\nhost: notes.example\r\nauthorization: Bearer {token}\r\n\r\n");
    let mut stream = TcpStream::connect(server).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut answer = [0; 1024];
    let mut count = 0;
    while !over.load(Relaxed) {
        stream.write_all(request.as_bytes()).await.unwrap();
        let length = stream.read(&mut answer).await.unwrap();
        assert!(answer[..length].starts_with(b"HTTP/1.1 200") && answer[..length].ends_with(b"hello"));
        count += 1;
    }
    answered.fetch_add(count, Relaxed);
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_io().build().unwrap()
}
