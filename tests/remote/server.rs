//! An issuer's server, on a port of its own, that counts what it is asked for.

use std::{
    collections::HashMap,
    convert::Infallible,
    future::{Future, ready},
    pin::Pin,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, task::JoinHandle};

pub(crate) type Answer = Response<Full<Bytes>>;
type Answering = Pin<Box<dyn Future<Output = Answer> + Send>>;
type Handler = Arc<dyn Fn(Request<Incoming>) -> Answering + Send + Sync>;

pub(crate) struct Server {
    address: String,
    state: Arc<State>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    /// Without one, connections are closed unanswered.
    handler: Mutex<Option<Handler>>,
    hits: Mutex<HashMap<String, usize>>,
}

impl Server {
    /// A server that is down: it closes every connection.
    pub(crate) async fn down() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                let Some(handler) = state.handler.lock().unwrap().clone() else {
                    state.count("down");
                    continue;
                };
                let service = service_fn(move |request: Request<Incoming>| {
                    state.count(request.uri().path());
                    let answer = handler(request);
                    async move { Ok::<_, Infallible>(answer.await) }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { address, state, task }
    }

    pub(crate) async fn answering(answer: impl Fn(Request<Incoming>) -> Answer + Send + Sync + 'static) -> Self {
        let server = Self::down().await;
        server.answer(answer);
        server
    }

    /// A server that has this document wherever it is asked for it.
    pub(crate) async fn serving(document: String) -> Self {
        let server = Self::down().await;
        server.serve(document);
        server
    }

    pub(crate) fn serve(&self, document: String) {
        self.answer(move |_| ok(document.clone()));
    }

    pub(crate) fn answer(&self, answer: impl Fn(Request<Incoming>) -> Answer + Send + Sync + 'static) {
        self.answer_later(move |request| Box::pin(ready(answer(request))));
    }

    pub(crate) fn answer_later(&self, handler: impl Fn(Request<Incoming>) -> Answering + Send + Sync + 'static) {
        *self.state.handler.lock().unwrap() = Some(Arc::new(handler));
    }

    pub(crate) fn go_down(&self) {
        *self.state.handler.lock().unwrap() = None;
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn keys_url(&self) -> String {
        format!("{}/keys", self.url())
    }

    /// How often it was asked for this path; `down` counts the connections that were closed.
    pub(crate) fn hits(&self, path: &str) -> usize {
        self.state.hits.lock().unwrap().get(path).copied().unwrap_or(0)
    }

    pub(crate) fn all_hits(&self) -> usize {
        self.state.hits.lock().unwrap().values().sum()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl State {
    fn count(&self, what: &str) {
        *self.hits.lock().unwrap().entry(what.to_owned()).or_default() += 1;
    }
}

pub(crate) fn ok(body: impl Into<Bytes>) -> Answer {
    Response::new(Full::new(body.into()))
}

pub(crate) fn status(status: StatusCode) -> Answer {
    let mut answer = ok("");
    *answer.status_mut() = status;
    answer
}
