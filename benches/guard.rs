//! What the guard adds to a request in process: over a service that is always ready and an authenticator that does
//! nothing, so that only the guard's own work is left.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "bench code")]

use std::{
    convert::Infallible,
    future::{Future, Ready, ready},
    hint::black_box,
    pin::pin,
    task::{Context, Poll, Waker},
};

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use http::{Method, Request, Response};
use portcullis::{
    CredentialKind, Identity, Principal,
    clock::Timestamp,
    guard::{AuthError, AuthLayer, AuthLayerBuilder, Authenticate, Credential, RouteRule},
};
use tower::{Layer, Service, service_fn};

/// Takes every token, at once.
struct Anyone(Principal);

impl Authenticate for Anyone {
    type Future = Ready<Result<Principal, AuthError>>;

    fn authenticate(&self, _: Credential<'_>) -> Self::Future {
        ready(Ok(self.0.clone()))
    }
}

fn anyone() -> Anyone {
    Anyone(Principal::new(Identity {
        id: "u1".to_owned(),
        name: None,
        email: None,
        scopes: ["notes:read"].into_iter().collect(),
        roles: Vec::new(),
        session: None,
        amr: Vec::new(),
        acr: None,
        auth_time: None,
        expires_at: Timestamp::from_secs(0),
        credential: CredentialKind::AccessToken,
    }))
}

/// A layer with this many rules, of which the last one is asked for.
fn with_rules<A>(authenticate: A, count: usize) -> AuthLayer<A> {
    let paths = (0..count).map(|n| format!("/service{n}/items/{{id}}"));
    let state = |guard: AuthLayerBuilder<A>, path| guard.rule(Method::GET, path, RouteRule::scopes(["notes:read"]));
    paths.fold(AuthLayer::builder(authenticate), state).build().unwrap()
}

/// Half a kilobyte, as access tokens are.
fn token() -> String {
    "eyJhbGciOiJFUzI1NiJ9".repeat(25)
}

fn request(path: &str, token: &str) -> Request<()> {
    Request::get(path).header("authorization", format!("Bearer {token}")).body(()).unwrap()
}

fn inner() -> impl Service<Request<()>, Response = Response<String>, Error = Infallible, Future: Send> + Clone {
    service_fn(|request| {
        black_box::<Request<()>>(request);
        ready(Ok(Response::new(String::new())))
    })
}

/// One request through a service that never waits.
fn ask<S: Service<Request<()>, Response = Response<String>, Error = Infallible>>(
    service: &mut S,
    request: Request<()>,
) -> Response<String> {
    let mut context = Context::from_waker(Waker::noop());
    let Poll::Ready(Ok(())) = service.poll_ready(&mut context) else { panic!("not ready") };
    match pin!(service.call(request)).poll(&mut context) {
        Poll::Ready(Ok(response)) => response,
        Poll::Pending => panic!("it waits"),
    }
}

fn measure<S>(criterion: &mut Criterion, name: &str, mut service: S, path: &str, token: &str)
where
    S: Service<Request<()>, Response = Response<String>, Error = Infallible>,
{
    let mut group = criterion.benchmark_group("guard");
    group.bench_function(name, |bencher| {
        bencher.iter_batched(|| request(path, token), |request| ask(&mut service, request), BatchSize::SmallInput);
    });
}

fn own_work(criterion: &mut Criterion) {
    let token = token();
    let tables = [("1 rule", 1), ("1000 rules", 1000)].map(|(name, count)| (name, count, with_rules(anyone(), count)));
    measure(criterion, "no guard", inner(), "/service0/items/7", &token);
    measure(criterion, "no rules", AuthLayer::new(anyone()).layer(inner()), "/service0/items/7", &token);
    for (name, count, layer) in tables {
        measure(criterion, name, layer.layer(inner()), &format!("/service{}/items/7", count - 1), &token);
    }
    let layer = with_rules(anyone(), 1);
    measure(criterion, "1 rule, escaped path", layer.layer(inner()), "/service0/items/J%C3%BCrgen", &token);
    let excluding = AuthLayer::builder(anyone()).exclude("/healthz").build().unwrap();
    measure(criterion, "excluded", excluding.layer(inner()), "/healthz", &token);
    measure(criterion, "1 rule, odd path", layer.layer(inner()), "//service0/./items/%2561", &token);
}

/// What expressions add to a request on a path that no pattern matches. The expressions do not match it either, so
/// that each of them is asked.
#[cfg(feature = "regex")]
fn expressions(criterion: &mut Criterion) {
    let token = token();
    for count in [1, 10, 100] {
        let texts = (0..count).map(|n| format!("/service{n}/(public|static)(/.*)?"));
        let guard = texts.fold(AuthLayer::builder(anyone()), AuthLayerBuilder::exclude_regex);
        let name = format!("{count} expressions");
        measure(criterion, &name, guard.build().unwrap().layer(inner()), "/service0/items/7", &token);
    }
}

#[cfg(not(feature = "regex"))]
fn expressions(_: &mut Criterion) {}

criterion_group!(benches, own_work, expressions);
criterion_main!(benches);
