//! An issuer on a port, and a guard elsewhere that follows it.

use std::{
    convert::Infallible,
    future::ready,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    http::{Request, Response, StatusCode},
};
use portcullis::{
    clock::Timestamp,
    guard::AuthLayer,
    jwt::JwtVerifier,
    revocation::{RevocationFeed, RevocationSet},
    testing::ManualClock,
};
use tokio::{net::TcpListener, sync::oneshot};
use tower::{Layer, ServiceExt, service_fn};

use crate::{
    app::{PASSWORD, TestApp},
    db::TestDb,
};

/// When the tests take place.
pub const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);

/// Accounts that are served on a port, and an operator's token.
pub struct Issuer {
    pub app: TestApp,
    pub operator: String,
    address: SocketAddr,
    stop: Mutex<Option<oneshot::Sender<()>>>,
}

impl Issuer {
    pub async fn start(db: TestDb) -> Self {
        let app = TestApp::new(db).await;
        app.register("operator", "operator@example.com").await.expect(StatusCode::CREATED);
        app.db.make_admin("operator").await;
        let operator = app.token("operator", PASSWORD).await;
        let issuer = Self { app, operator, address: ([127, 0, 0, 1], 0).into(), stop: Mutex::default() };
        let listener = TcpListener::bind(issuer.address).await.unwrap();
        let address = listener.local_addr().unwrap();
        issuer.listen(listener, issuer.app.portcullis.router());
        Self { address, ..issuer }
    }

    fn listen(&self, listener: TcpListener, routes: Router) {
        let (stop, stopped) = oneshot::channel::<()>();
        *self.stop.lock().unwrap() = Some(stop);
        let service = routes.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move {
            tokio::select! {
                _ = stopped => (),
                served = async { axum::serve(listener, service).await } => served.unwrap(),
            }
        });
    }

    /// Stops listening, and ends all streams. What it revokes from now on it tells nobody.
    pub fn stop(&self) {
        drop(self.stop.lock().unwrap().take());
        self.app.portcullis.end_streams();
    }

    /// Another process takes over, on the same database and at the same address.
    pub async fn started_again(self) -> Self {
        let app = self.app.another_process().await;
        let listener = loop {
            // The one that was stopped may not have let go of the port yet.
            match TcpListener::bind(self.address).await {
                Ok(listener) => break listener,
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        };
        let issuer = Self { app, ..self };
        issuer.listen(listener, issuer.app.portcullis.router());
        issuer
    }

    pub fn url(&self) -> String {
        format!("http://{}/auth/revocations", self.address)
    }

    /// A feed that asks with the operator's token.
    pub fn feed(&self) -> RevocationFeed {
        let token = self.operator.clone();
        feed(&self.url(), &self.app.clock, move || token.clone())
    }

    /// A guard in another program that minds this set.
    pub fn guard(&self, revocations: &RevocationSet) -> Guard {
        Guard(self.app.portcullis.verifier().revocations(revocations.clone()))
    }

    pub async fn log_out(&self, token: &str) {
        self.app.post("/auth/logout").bearer(token).send().await.expect(StatusCode::NO_CONTENT);
    }
}

/// A feed over plain http, with this clock.
pub fn feed(url: &str, clock: &Arc<ManualClock>, token: impl Fn() -> String + Send + Sync + 'static) -> RevocationFeed {
    let token = move || ready(Ok::<_, Infallible>(token()));
    RevocationFeed::follow(url).bearer(token).insecure_http().clock(clock.clone())
}

/// A guard that shares no more with the issuer than its keys.
pub struct Guard(JwtVerifier);

impl Guard {
    /// What a request with this token is answered, and after how many seconds it should come back.
    pub async fn ask(&self, token: &str) -> (u16, Option<u64>) {
        let inner = service_fn(|_: Request<()>| ready(Ok::<_, Infallible>(Response::new(String::new()))));
        let request = Request::get("/").header("authorization", format!("Bearer {token}")).body(()).unwrap();
        let response = AuthLayer::new(self.0.clone()).layer(inner).oneshot(request).await.unwrap();
        let retry_after = response.headers().get("retry-after").map(|value| value.to_str().unwrap().parse().unwrap());
        (response.status().as_u16(), retry_after)
    }

    pub async fn ask_until(&self, token: &str, status: u16) {
        while self.ask(token).await.0 != status {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

pub async fn until(mut happened: impl FnMut() -> bool) {
    while !happened() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// A server that answers every request in the same way, and counts them.
pub struct Strange {
    pub url: String,
    asked: Arc<AtomicUsize>,
}

impl Strange {
    pub async fn answering(answer: impl Fn(Request<Body>) -> Response<Body> + Clone + Send + Sync + 'static) -> Self {
        let asked = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&asked);
        let routes = Router::new().fallback(move |request: Request<Body>| {
            counted.fetch_add(1, Ordering::SeqCst);
            ready(answer(request))
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/auth/revocations", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { url, asked }
    }

    /// A stream that says this and ends.
    pub async fn saying(text: impl Into<String>) -> Self {
        let text = text.into();
        Self::answering(move |_| stream(text.clone())).await
    }

    /// Waits until the feed has come back so often.
    pub async fn asked(&self, times: usize) {
        until(|| self.asked.load(Ordering::SeqCst) >= times).await;
    }
}

pub fn stream(text: impl Into<Body>) -> Response<Body> {
    Response::builder().header("content-type", "text/event-stream").body(text.into()).unwrap()
}
