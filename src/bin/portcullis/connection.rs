//! One connection, from its first byte to its last.

use std::{net::SocketAddr, pin::pin, time::Duration};

use axum::{Router, body::Body, extract::ConnectInfo};
use hyper::{Request, body::Incoming};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
    service::TowerToHyperService,
};
use tokio::{net::TcpStream, sync::watch, time::sleep};
use tower::service_fn;
use tower_service::Service;

/// How long a client may take to send the head of a request, and to let a connection rest between two.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// How long, once the server stops, a connection that has never sent a request may still begin its first.
const LAST_CHANCE: Duration = Duration::from_secs(1);

/// The largest head of a request, in bytes. Access tokens stay under 4 KiB.
const HEAD_MAX: u16 = 32 * 1024;

/// How many requests one HTTP/2 connection may have in flight.
const STREAMS_MAX: u32 = 128;

/// Answers the requests of one connection until the client leaves or `stopping` turns true; then the requests it has
/// begun are finished.
pub(crate) async fn converse(stream: TcpStream, peer: SocketAddr, app: Router, mut stopping: watch::Receiver<bool>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let (begun, mut has_begun) = watch::channel(false);
    let service = service_fn(move |mut request: Request<Incoming>| {
        begun.send_replace(true);
        request.extensions_mut().insert(ConnectInfo(peer));
        app.clone().call(request.map(Body::new))
    });
    let server = server();
    let mut connection = pin!(server.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service)));
    let mut stopping_early = stopping.clone();
    let silence = async {
        tokio::select! {
            () = sleep(HEAD_TIMEOUT) => (),
            () = async { told(&mut stopping_early).await; sleep(LAST_CHANCE).await } => (),
        }
    };
    // Telling the two versions of HTTP apart knows no time limit and ends at once when asked to stop. Until the first
    // request has begun, silence alone ends the connection.
    tokio::select! {
        ended = connection.as_mut() => return log(ended),
        () = told(&mut has_begun) => (),
        () = silence => return,
    }
    tokio::select! {
        ended = connection.as_mut() => return log(ended),
        () = told(&mut stopping) => connection.as_mut().graceful_shutdown(),
    }
    log(connection.await);
}

fn server() -> auto::Builder<TokioExecutor> {
    let mut server = auto::Builder::new(TokioExecutor::new());
    server.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(HEAD_MAX.into());
    server
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEAD_MAX.into())
        .keep_alive_interval(HEAD_TIMEOUT)
        .keep_alive_timeout(HEAD_TIMEOUT);
    server
}

/// Waits until it is so. If nobody can say so any more, it never will be.
async fn told(flag: &mut watch::Receiver<bool>) {
    if flag.wait_for(|so| *so).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Clients break off all the time; that is no one's defect.
fn log(ended: Result<(), Box<dyn std::error::Error + Send + Sync>>) {
    if let Err(error) = ended {
        tracing::debug!(error, "a connection broke");
    }
}
