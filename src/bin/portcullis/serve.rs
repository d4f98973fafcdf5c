//! `portcullis serve`

use std::{error::Error, io, time::Duration};

use axum::{Router, response::Redirect, routing::get};
use portcullis::{Portcullis, http::method_not_allowed};
use tokio::net::TcpListener;

use crate::{cors, docs, first_admin, health, listener, metrics, open, request, settings::Settings};

/// How long mail that is under way holds up the end.
const FOR_MAIL: Duration = Duration::from_secs(10);

/// Serves the accounts until the process is told to stop, and then finishes what was begun unless it is told again.
pub(crate) async fn serve(settings: &Settings) -> Result<(), Box<dyn Error>> {
    warn(settings);
    let portcullis = open::portcullis(settings).await?;
    let address = settings.listen;
    let listener = TcpListener::bind(address).await.map_err(|error| format!("cannot listen on {address}: {error}"))?;
    first_admin::announce(portcullis.accounts(), settings).await?;
    let (told, told_again) = (told_to_stop(1)?, told_to_stop(2)?);
    let streaming = portcullis.clone();
    let stop = async move {
        told.await;
        streaming.end_streams();
    };
    if let Some(address) = settings.metrics_listen {
        metrics::serve(address, portcullis.clone()).await?;
    }
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "listening on http://{}", listener.local_addr()?);
    let seen_through = async {
        listener::listen(listener, routes(&portcullis, settings), stop).await;
        if tokio::time::timeout(FOR_MAIL, portcullis.accounts().close_mail()).await.is_err() {
            tracing::warn!("mail was under way; it will be sent again by the next start");
        }
    };
    tokio::select! {
        () = seen_through => {
            tracing::info!("stopped");
            Ok(())
        }
        () = told_again => Err("told to stop a second time: what was under way has been cut off".into()),
    }
}

fn warn(settings: &Settings) {
    if settings.insecure_http {
        tracing::warn!("insecure_http is on: passwords and tokens may cross the network unprotected");
    }
    if settings.config.insecure_no_limits {
        tracing::warn!("insecure_no_limits is on: passwords can be guessed without limit; for load tests only");
    }
}

fn routes(portcullis: &Portcullis, settings: &Settings) -> Router {
    let own = Router::new()
        .route("/", get(|| async { Redirect::to("/account") }))
        .merge(health::routes(portcullis.accounts().clone()))
        .merge(docs::routes())
        .method_not_allowed_fallback(method_not_allowed);
    let accounts = cors::open_to(portcullis.router(), &settings.cors_origins);
    let routes = accounts.merge(portcullis.pages()).merge(own);
    let by_https = portcullis.accounts().config().public_url.is_https();
    portcullis.watched(request::around(routes.fallback_service(portcullis.nothing_here()), by_https))
}

/// Done when the process has been asked so many times to end: by SIGTERM, or by SIGINT, which is Ctrl-C.
#[cfg(unix)]
fn told_to_stop(times: usize) -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        for _ in 0..times {
            tokio::select! {
                _ = terminate.recv() => (),
                _ = interrupt.recv() => (),
            }
        }
    })
}

/// Done when the process has been asked so many times to end by Ctrl-C.
#[cfg(not(unix))]
fn told_to_stop(times: usize) -> io::Result<impl Future<Output = ()>> {
    Ok(async move {
        for _ in 0..times {
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending().await
            }
        }
    })
}
