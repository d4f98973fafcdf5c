//! Servers that are asked over HTTP in turns, each on a thread of its own.
#![allow(dead_code, reason = "each bench uses a part of it")]

use std::{convert::Infallible, error::Error, fs, net::SocketAddr, sync::mpsc, thread, time::Instant};

use http::{Request, Response};
use hyper::{
    body::{Body, Incoming},
    server::conn::http1,
};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::{Builder, Runtime},
    task::{JoinSet, LocalSet},
};
use tower::Service;

const CLIENT_THREADS: usize = 2;
/// How often each connection asks in a turn.
const REQUESTS: usize = 80;

/// A server and its thread.
pub(crate) struct Server {
    address: SocketAddr,
    /// Where the system says how long the thread has been running.
    statistics: String,
}

/// Serves on a thread of its own, for as long as the program runs.
pub(crate) fn serve<S, B>(service: S) -> Server
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: 'static,
    B: Body<Error: Into<Box<dyn Error + Send + Sync>>> + 'static,
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
pub(crate) struct Asked {
    server: Server,
    clients: Vec<Client>,
    /// Requests a second, in each turn.
    pub(crate) rates: Vec<f64>,
    /// Of the processor's time for one request.
    pub(crate) micros: Vec<f64>,
}

impl Asked {
    /// By so many connections as there are tokens.
    pub(crate) fn new(server: Server, tokens: &[String]) -> Self {
        let clients =
            tokens.chunks(tokens.len().div_ceil(CLIENT_THREADS)).map(|tokens| Client::new(server.address, tokens));
        Self { clients: clients.collect(), server, rates: Vec::new(), micros: Vec::new() }
    }

    fn connections(&self) -> usize {
        self.clients.iter().map(|client| client.connections.len()).sum()
    }

    /// Every connection asks as often as it shall. A turn is over when the last of them is done.
    pub(crate) fn turn(&mut self, counts: bool) {
        let (start, before) = (Instant::now(), self.server.processor_micros());
        thread::scope(|scope| {
            for client in &mut self.clients {
                scope.spawn(|| client.ask());
            }
        });
        let (took, ran) = (start.elapsed().as_secs_f64(), self.server.processor_micros() - before);
        if counts {
            #[expect(clippy::cast_precision_loss, reason = "it is small")]
            let requests = (self.connections() * REQUESTS) as f64;
            self.rates.push(requests / took);
            self.micros.push(ran / requests);
        }
    }
}

/// Asks all of them in turns, so often, and so that each comes after each other one.
pub(crate) fn ask_in_turns(servers: &mut [Asked], rounds: usize) {
    for round in 0..=rounds {
        let (forth, back) = (0..servers.len(), (0..servers.len()).rev());
        let order: Vec<_> = if round % 2 == 0 { forth.collect() } else { back.collect() };
        for index in order {
            servers[index].turn(round > 0);
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
        assert!(answer[..length].starts_with(b"HTTP/1.1 200"));
    }
    (stream, request)
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_io().build().unwrap()
}
