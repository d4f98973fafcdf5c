//! `GET /metrics`, on a listener of its own: what is on the network for people is not for those who watch the server.

use std::net::SocketAddr;

use axum::{
    Router,
    http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName},
    routing::get,
};
use portcullis::{
    Portcullis,
    http::{method_not_allowed, not_found},
};
use tokio::net::TcpListener;

use crate::{listener, request};

const HEADERS: [(HeaderName, &str); 2] =
    [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"), (CACHE_CONTROL, "no-store")];

/// Answers at this address until the process ends, also while the server finishes the requests at hand.
pub(crate) async fn serve(address: SocketAddr, portcullis: Portcullis) -> Result<(), String> {
    let refused = |error| format!("cannot listen on {address} for metrics: {error}");
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    tracing::info!("metrics are on http://{}/metrics", listener.local_addr().map_err(refused)?);
    tokio::spawn(listener::listen(listener, routes(portcullis), std::future::pending()));
    Ok(())
}

fn routes(portcullis: Portcullis) -> Router {
    let metrics = move || {
        let portcullis = portcullis.clone();
        async move { (HEADERS, portcullis.metrics().await) }
    };
    let routes = Router::new().route("/metrics", get(metrics)).fallback(not_found);
    request::around(routes.method_not_allowed_fallback(method_not_allowed), false)
}
