//! Taking connections until told to stop, and then seeing the accepted ones through.

use std::{io, net::SocketAddr, pin::pin, time::Duration};

use axum::Router;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
    time::{sleep, timeout},
};

use crate::connection::converse;

/// How long the accepted requests have to be finished once the server stops.
const DRAIN: Duration = Duration::from_secs(30);

/// How long to wait before trying again where there is no file descriptor left for a connection.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stop` is done; then takes no more connections and finishes the requests of those it has.
pub(crate) async fn listen(listener: TcpListener, app: Router, stop: impl Future<Output = ()>) {
    let (stopping, _) = watch::channel(false);
    // Each connection holds a sender. None left means that every one has ended.
    let (alive, mut all_ended) = mpsc::channel::<()>(1);
    let take = |(stream, peer): (TcpStream, SocketAddr)| {
        let (app, stopping, alive) = (app.clone(), stopping.subscribe(), alive.clone());
        tokio::spawn(async move {
            converse(stream, peer, app, stopping).await;
            drop(alive);
        });
    };
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok(connection) => take(connection),
                Err(error) => after(&error).await,
            },
        }
    }
    tracing::info!("stopping: no new connections, finishing the requests at hand");
    // What the system has accepted on our behalf counts as accepted.
    backlog(listener).into_iter().for_each(take);
    stopping.send_replace(true);
    drop(alive);
    if timeout(DRAIN, all_ended.recv()).await.is_err() {
        tracing::warn!("some requests took too long and were cut off");
    }
}

/// The connections that wait to be accepted. The listener is closed after the last.
fn backlog(listener: TcpListener) -> Vec<(TcpStream, SocketAddr)> {
    let Ok(listener) = listener.into_std() else { return Vec::new() };
    let waiting = std::iter::from_fn(|| listener.accept().ok());
    waiting
        .filter_map(|(stream, peer)| {
            stream.set_nonblocking(true).ok()?;
            Some((TcpStream::from_std(stream).ok()?, peer))
        })
        .collect()
}

/// Nothing that goes wrong with one connection ends the server.
async fn after(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::warn!(%error, "a connection could not be accepted");
        sleep(PAUSE).await;
    }
}
