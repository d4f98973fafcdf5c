//! The guard over HTTP, against the same hyper stack without it: `cargo bench --no-default-features --bench http`.
//!
//! Two servers, each on a thread of its own, are asked in turns over 64 connections each by two threads that do as
//! little as they can: so the server's thread is what limits it. Every request carries a token that was seen before.
//!
//! A turn takes some 50 ms, so that what else slows the machine down, which comes and goes in seconds, falls on both; and
//! every other pair of turns begins with the other server. What is compared is the two of one pair. Beside that stands
//! the processor time that the server's thread took for a request, by the system's own count.
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
    fs,
    future::{Ready, ready},
    hint::black_box,
    net::SocketAddr,
    sync::mpsc,
    thread,
    time::Instant,
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
const ROUNDS: usize = 200;
/// How often each connection asks in a turn.
const REQUESTS: usize = 80;

type Answer = Ready<Result<Response<String>, Infallible>>;

fn main() {
    println!(
        "{CONNECTIONS} connections: medians of {ROUNDS} pairs of turns (a quarter of the ratios are below, and above)\n"
    );
    println!(
        "{:6} {:>26} {:>28} {:>36}",
        "", "requests/s bare, guarded", "their ratio", "processor µs bare, guarded, added"
    );
    for algorithm in [Algorithm::Hs256, Algorithm::Es256] {
        let keys = Keys::new(algorithm);
        let tokens = keys.tokens(CONNECTIONS);
        let layer = AuthLayer::new(acquainted(keys.verifier(), &tokens));
        let mut servers = [Asked::new(serve(hello()), &tokens), Asked::new(serve(layer.layer(hello())), &tokens)];
        for round in 0..=ROUNDS {
            for index in if round % 2 == 0 { [0, 1] } else { [1, 0] } {
                servers[index].turn(round > 0);
            }
        }
        report(algorithm, &servers);
    }
}

fn report(algorithm: Algorithm, [bare, guarded]: &[Asked; 2]) {
    let ratios: Vec<_> = bare.rates.iter().zip(&guarded.rates).map(|(bare, guarded)| guarded / bare).collect();
    let [low, middle, high] = [1, 2, 3].map(|quarter| at_quarter(&ratios, quarter));
    let [bare_rate, rate] = [bare, guarded].map(|server| median(server.rates.clone()));
    let [bare_cpu, cpu] = [bare, guarded].map(|server| median(server.micros.clone()));
    println!(
        "{:6} {bare_rate:15.0} {rate:10.0} {middle:12.3} ({low:.3}, {high:.3}) {bare_cpu:18.2} {cpu:8.2} {:8.2}",
        algorithm.to_string(),
        cpu - bare_cpu,
    );
}

fn at_quarter(values: &[f64], quarter: usize) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[values.len() * quarter / 4]
}

fn hello()
-> impl Service<Request<Incoming>, Response = Response<String>, Error = Infallible, Future = Answer> + Clone + Send {
    service_fn(|request| {
        black_box::<Request<Incoming>>(request);
        ready(Ok(Response::new("hello".to_owned())))
    })
}

/// A server and its thread.
struct Server {
    address: SocketAddr,
    /// Where the system says how long the thread has been running.
    statistics: String,
}

/// Serves on a thread of its own, for as long as the program runs.
fn serve<S>(service: S) -> Server
where
    S: Service<Request<Incoming>, Response = Response<String>, Error = Infallible> + Clone + Send + 'static,
    S::Future: 'static,
{
    let (server, listening) = mpsc::channel();
    thread::spawn(move || {
        LocalSet::new().block_on(&runtime(), async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let own = fs::read_link("/proc/thread-self").unwrap_or_default();
            let statistics = format!("/proc/{}/schedstat", own.display());
            server.send(Server { address: listener.local_addr().unwrap(), statistics }).unwrap();
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

impl Server {
    /// How many microseconds its thread has run; nothing where the system does not tell.
    fn processor_micros(&self) -> f64 {
        let told = fs::read_to_string(&self.statistics).unwrap_or_default();
        told.split(' ').next().and_then(|nanos| nanos.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1000.0
    }
}

/// A server that is asked, and what came of it in each turn.
struct Asked {
    server: Server,
    clients: Vec<Client>,
    rates: Vec<f64>,
    /// Of the processor's time for one request.
    micros: Vec<f64>,
}

impl Asked {
    fn new(server: Server, tokens: &[String]) -> Self {
        let clients = tokens.chunks(CONNECTIONS / CLIENT_THREADS).map(|tokens| Client::new(server.address, tokens));
        Self { clients: clients.collect(), server, rates: Vec::new(), micros: Vec::new() }
    }

    /// Every connection asks as often as it shall. A turn is over when the last of them is done.
    fn turn(&mut self, counts: bool) {
        let (start, before) = (Instant::now(), self.server.processor_micros());
        thread::scope(|scope| {
            for client in &mut self.clients {
                scope.spawn(|| client.ask());
            }
        });
        let (took, ran) = (start.elapsed().as_secs_f64(), self.server.processor_micros() - before);
        if counts {
            #[expect(clippy::cast_precision_loss, reason = "it is small")]
            let requests = (CONNECTIONS * REQUESTS) as f64;
            self.rates.push(requests / took);
            self.micros.push(ran / requests);
        }
    }
}

/// One thread's share of the connections.
struct Client {
    runtime: Runtime,
    connections: Vec<(TcpStream, String)>,
}

impl Client {
    fn new(server: SocketAddr, tokens: &[String]) -> Self {
        let runtime = runtime();
        let connect = async |token: &String| {
            let stream = TcpStream::connect(server).await.unwrap();
            stream.set_nodelay(true).unwrap();
            (stream, format!("GET / HTTP/1.1\r\nhost: notes.example\r\nauthorization: Bearer {token}\r\n\r\n"))
        };
        let connections = tokens.iter().map(|token| runtime.block_on(connect(token))).collect();
        Self { runtime, connections }
    }

    fn ask(&mut self) {
        self.runtime.block_on(async {
            let asking = self.connections.drain(..).map(keep_asking);
            let asking: JoinSet<_> = asking.collect();
            self.connections = asking.join_all().await;
        });
    }
}

/// One connection, with one request under way at a time. All answers are as long as the first.
async fn keep_asking((mut stream, request): (TcpStream, String)) -> (TcpStream, String) {
    let mut answer = [0; 1024];
    for _ in 0..REQUESTS {
        stream.write_all(request.as_bytes()).await.unwrap();
        let length = stream.read(&mut answer).await.unwrap();
        assert!(answer[..length].starts_with(b"HTTP/1.1 200") && answer[..length].ends_with(b"hello"));
    }
    (stream, request)
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_io().build().unwrap()
}
