//! What Tower asks of a layer.

use std::{
    convert::Infallible,
    future::{Future, Ready, pending, ready},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::FutureExt;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use portcullis::{
    Principal,
    guard::{AuthError, AuthLayer, Authenticate, Credential, Rejection, RouteRule},
};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, limit::ConcurrencyLimit, service_fn};
use tower_test::mock;

use crate::support::{Doorman, Prompt, count, get_as, guard, principal};

/// Takes its time over every credential.
#[derive(Clone)]
struct Slow;

impl Authenticate for Slow {
    type Future = Pin<Box<dyn Future<Output = Result<Principal, AuthError>> + Send>>;

    fn authenticate(&self, _: Credential<'_>) -> Self::Future {
        Box::pin(async {
            tokio::task::yield_now().await;
            Ok(principal("slow", &[], None, "aal1"))
        })
    }
}

/// Panics when it is called without having been made ready, and takes a while to be ready. A clone starts anew.
#[derive(Debug)]
struct Picky {
    asked: usize,
    calls: Arc<AtomicUsize>,
}

impl Clone for Picky {
    fn clone(&self) -> Self {
        Self { asked: 0, calls: Arc::clone(&self.calls) }
    }
}

impl<B> Service<Request<B>> for Picky {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Ready<Result<Response<String>, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.asked += 1;
        if self.asked >= 3 {
            return Poll::Ready(Ok(()));
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        assert!(self.asked >= 3, "called without being ready");
        self.asked = 0;
        self.calls.fetch_add(1, Ordering::SeqCst);
        ready(Ok(Response::new(String::new())))
    }
}

async fn ready_up<S: Service<Request<String>, Error = Infallible>>(service: &mut S) -> &mut S {
    service.ready().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn br_8_the_service_that_was_made_ready_is_called_in_a_thousand_clones_at_once() {
    call_in_a_thousand_clones(Slow).await;
    call_in_a_thousand_clones(Prompt).await;
}

async fn call_in_a_thousand_clones<A>(authenticate: A)
where
    A: Authenticate<Future: Send> + Send + Sync + 'static,
{
    let calls = Arc::new(AtomicUsize::new(0));
    let layer = AuthLayer::builder(authenticate)
        .exclude("/public")
        .rule(http::Method::GET, "/optional", RouteRule::optional())
        .build()
        .unwrap();
    let service = layer.layer(Picky { asked: 0, calls: Arc::clone(&calls) });
    let clients = (0..1000).map(|_| {
        let mut service = service.clone();
        tokio::spawn(async move {
            let public = ready_up(&mut service).await.call(get_as("reader", "/public"));
            let first = ready_up(&mut service).await.call(get_as("reader", "/a"));
            let second = ready_up(&mut service).await.call(get_as("reader", "/optional"));
            let (public, second, first) = tokio::join!(public, second, first);
            [public, first, second].map(|response| response.unwrap().status())
        })
    });
    for client in clients.collect::<Vec<_>>() {
        assert_eq!(client.await.unwrap(), [StatusCode::OK; 3]);
    }
    assert_eq!(calls.load(Ordering::SeqCst), 3000);
}

#[tokio::test]
async fn br_8_readiness_is_that_of_the_inner_service() {
    let mut service = AuthLayer::new(Doorman).layer(Picky { asked: 0, calls: Arc::default() });
    let mut context = Context::from_waker(std::task::Waker::noop());
    let mut poll = || Service::<Request<()>>::poll_ready(&mut service, &mut context).is_ready();
    assert_eq!([poll(), poll(), poll()], [false, false, true]);
}

#[tokio::test]
async fn br_8_the_body_is_not_read_and_bodies_and_errors_pass_unchanged() {
    /// Neither cloned, read, made of a string, nor defaulted.
    struct Opaque(u8);
    #[derive(Debug, PartialEq)]
    struct Failure(&'static str);

    let guard = AuthLayer::builder(Doorman)
        .on_reject(|rejection: &Rejection| {
            rejection.response(Opaque(rejection.kind().status().as_u16().to_le_bytes()[0]))
        })
        .build()
        .unwrap();
    let service = guard.layer(service_fn(async |request: Request<Opaque>| match request.into_body() {
        Opaque(0) => Err(Failure("broken")),
        Opaque(byte) => Ok(Response::new(Opaque(byte + 1))),
    }));
    let ask = async |token: &str, body| {
        let request = Request::get("/").header("authorization", format!("Bearer {token}"));
        service.clone().oneshot(request.body(Opaque(body)).unwrap()).await
    };
    assert_eq!(ask("reader", 7).await.unwrap().body().0, 8);
    assert_eq!(ask("reader", 0).await.err(), Some(Failure("broken")));
    let refused = ask("forged", 7).await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(refused.body().0, 401_u16.to_le_bytes()[0]);
}

/// Never knows.
struct Never;

impl Authenticate for Never {
    type Future = std::future::Pending<Result<Principal, AuthError>>;

    fn authenticate(&self, _: Credential<'_>) -> Self::Future {
        pending()
    }
}

#[tokio::test]
async fn br_8_a_mock_is_asked_before_it_is_called_and_told_only_what_passes() {
    let (mut service, mut inner) = mock::spawn_layer::<Request<String>, Response<String>, _>(AuthLayer::new(Doorman));
    inner.allow(0);
    assert!(service.poll_ready::<Request<String>>().is_pending());
    inner.allow(1);
    assert!(service.is_woken());
    assert!(matches!(service.poll_ready::<Request<String>>(), Poll::Ready(Ok(()))));
    let refused = service.call(get_as("forged", "/")).await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    assert!(inner.poll_request().is_pending());

    inner.allow(1);
    assert!(matches!(service.poll_ready::<Request<String>>(), Poll::Ready(Ok(()))));
    let response = tokio::spawn(service.call(get_as("reader", "/")));
    let (request, answer) = inner.next_request().await.unwrap();
    assert_eq!(request.extensions().get::<Principal>().unwrap().id(), "reader");
    answer.send_response(Response::new("hello".to_owned()));
    assert_eq!(response.await.unwrap().unwrap().body(), "hello");

    inner.send_error("broken");
    match service.poll_ready::<Request<String>>() {
        Poll::Ready(Err(error)) => assert_eq!(error.to_string(), "broken"),
        other => panic!("{other:?}"),
    }
}

/// A service that is ready for one request at a time.
fn one_at_a_time() -> impl Service<Request<String>, Response = Response<String>, Error = Infallible> + Clone {
    ConcurrencyLimit::new(service_fn(|_: Request<String>| ready(Ok::<_, Infallible>(Response::default()))), 1)
}

/// Whether a clone can have what there is one of, although this service has not been dropped.
fn is_free<S: Service<Request<String>, Error = Infallible> + Clone>(service: &S) -> bool {
    service.clone().ready().now_or_never().is_some()
}

#[tokio::test]
async fn br_8_whoever_stops_waiting_gives_back_what_was_reserved() {
    let mut service = AuthLayer::new(Never).layer(one_at_a_time());
    let waiting = ready_up(&mut service).await.call(get_as("x", "/"));
    assert!(!is_free(&service));
    drop(waiting);
    assert!(is_free(&service));
}

#[tokio::test]
async fn br_8_a_refusal_gives_back_what_was_reserved() {
    // A connection that idles after it was refused must not keep others out.
    for token in ["forged", "a b", ""] {
        let mut waited_for = AuthLayer::new(Doorman).layer(one_at_a_time());
        let refused = ready_up(&mut waited_for).await.call(get_as(token, "/")).await.unwrap();
        assert!(refused.status().is_client_error());
        assert!(is_free(&waited_for), "{token:?}");
        let mut at_hand = AuthLayer::new(Prompt).layer(one_at_a_time());
        let refused = ready_up(&mut at_hand).await.call(get_as(token, "/")).await.unwrap();
        assert!(refused.status().is_client_error());
        assert!(is_free(&at_hand), "{token:?}");
    }
}

#[tokio::test]
async fn br_8_a_request_dropped_inside_is_dropped_there_too() {
    let (mut service, mut inner) = mock::spawn_layer::<Request<String>, Response<String>, _>(AuthLayer::new(Doorman));
    assert!(matches!(service.poll_ready::<Request<String>>(), Poll::Ready(Ok(()))));
    let guarded = Arc::new(());
    let mut request = get_as("reader", "/");
    request.extensions_mut().insert(Arc::clone(&guarded));
    let mut response = Box::pin(service.call(request));
    let mut context = Context::from_waker(std::task::Waker::noop());
    assert!(response.as_mut().poll(&mut context).is_pending());
    let (request, answer) = inner.next_request().await.unwrap();
    drop((response, request));
    assert_eq!(Arc::strong_count(&guarded), 1);
    answer.send_response(Response::default());
}

#[tokio::test]
async fn the_stock_answer_fits_the_usual_bodies() {
    let service =
        ServiceBuilder::new().layer(AuthLayer::new(Doorman)).service(service_fn(async |_: Request<Full<Bytes>>| {
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
        }));
    let refused = service.oneshot(Request::new(Full::default())).await.unwrap();
    let body = refused.into_body().collect().await.unwrap().to_bytes();
    assert!(body.starts_with(b"{\"type\":\"about:blank\""));
}

#[tokio::test]
async fn br_7_while_a_credential_is_being_checked_the_inner_service_is_not_called() {
    let calls = Arc::new(AtomicUsize::new(0));
    let mut service = AuthLayer::new(Never).layer(Picky { asked: 3, calls: Arc::clone(&calls) });
    let mut response = Box::pin(service.call(get_as("x", "/")));
    let mut context = Context::from_waker(std::task::Waker::noop());
    assert!(response.as_mut().poll(&mut context).is_pending());
    drop(response);
    assert_eq!(calls.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn br_7_a_check_that_panics_lets_nothing_through() {
    struct Broken;
    impl Authenticate for Broken {
        type Future = Ready<Result<Principal, AuthError>>;

        fn authenticate(&self, _: Credential<'_>) -> Self::Future {
            panic!("broken")
        }
    }
    let calls = Arc::new(AtomicUsize::new(0));
    let mut service = AuthLayer::new(Broken).layer(Picky { asked: 3, calls: Arc::clone(&calls) });
    let outcome = tokio::spawn(async move { service.call(get_as("x", "/")).await }).await;
    assert!(outcome.unwrap_err().is_panic());
    assert_eq!(calls.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn the_principal_reaches_the_service_through_a_slow_check() {
    let (response, calls) = count(&AuthLayer::new(Slow), get_as("x", "/")).await;
    assert_eq!((response.body().as_str(), calls), ("slow", 1));
}

#[tokio::test]
async fn what_is_at_hand_is_answered_as_what_is_waited_for() {
    let rules = [
        RouteRule::public(),
        RouteRule::optional(),
        RouteRule::authenticated(),
        RouteRule::scopes(["reports:write"]),
        RouteRule::second_factor(),
    ];
    let layers =
        rules.map(|rule| (AuthLayer::new(Doorman).with_rule(rule.clone()), AuthLayer::new(Prompt).with_rule(rule)));
    for (waited_for, at_hand) in layers {
        for token in ["reader", "strong", "forged", "down", "", "a b"] {
            let (one, calls) = count(&waited_for, get_as(token, "/")).await;
            let (other, others) = count(&at_hand, get_as(token, "/")).await;
            assert_eq!((one.status(), one.headers(), one.body()), (other.status(), other.headers(), other.body()));
            assert_eq!(calls, others, "{token}");
        }
    }
}

/// Counts how often it is cloned.
struct Counted(Arc<AtomicUsize>);

impl Clone for Counted {
    fn clone(&self) -> Self {
        self.0.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(&self.0))
    }
}

#[tokio::test]
async fn the_service_is_not_cloned_for_what_is_at_hand() {
    let clones = Arc::new(AtomicUsize::new(0));
    let counted = Counted(Arc::clone(&clones));
    let mut service = AuthLayer::new(Prompt).layer(service_fn(move |_: Request<String>| {
        let _ = &counted;
        ready(Ok::<_, Infallible>(Response::new(String::new())))
    }));
    for _ in 0..3 {
        assert_eq!(ready_up(&mut service).await.call(get_as("reader", "/")).await.unwrap().status(), StatusCode::OK);
    }
    assert_eq!(clones.load(Ordering::SeqCst), 0);
}

#[test]
fn debug_shows_no_credential() {
    let mut service = AuthLayer::new(Never).layer(Picky { asked: 3, calls: Arc::default() });
    let response = service.call(get_as("s3cret", "/"));
    let layer = guard().build().unwrap();
    assert!(!format!("{response:?} {:?} {layer:?} {:?}", service.clone(), guard()).contains("s3cret"));
}

#[test]
fn layer_service_and_future_can_cross_threads() {
    fn crosses<T: Send + Sync + Clone + 'static>(_: &T) {}
    let layer = guard().build().unwrap();
    crosses(&layer);
    crosses(&layer.layer(Picky { asked: 0, calls: Arc::default() }));
}
