//! What the guard adds to a request in process, over a service that is always ready: its own work with an authenticator
//! that does nothing, and with tokens that were seen before or are seen for the first time.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "bench code")]

mod support;

use std::convert::Infallible;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use http::{Request, Response};
use portcullis::{guard::AuthLayer, jwt::Algorithm};
use support::{ALL, Anyone, Inner, Keys, acquainted, ask, last_path, request, scattered, with_rules};
use tower::{Layer, Service};

fn measure<S>(criterion: &mut Criterion, name: &str, mut service: S, path: &str, tokens: &[String])
where
    S: Service<Request<()>, Response = Response<String>, Error = Infallible>,
{
    let mut next = scattered(1, tokens.len());
    let mut group = criterion.benchmark_group("guard");
    group.bench_function(name, |bencher| {
        let make = || request(path, &tokens[next()]);
        bencher.iter_batched(make, |request| ask(&mut service, request), BatchSize::NumIterations(32));
    });
}

fn own_work(criterion: &mut Criterion) {
    let tokens = ["eyJhbGciOiJFUzI1NiJ9".repeat(25)];
    measure(criterion, "no guard", Inner, "/service0/items/7", &tokens);
    measure(criterion, "no rules", AuthLayer::new(Anyone::new()).layer(Inner), "/service0/items/7", &tokens);
    for (name, count) in [("1 rule", 1), ("1000 rules", 1000)] {
        measure(criterion, name, with_rules(Anyone::new(), count).layer(Inner), &last_path(count), &tokens);
    }
    let layer = with_rules(Anyone::new(), 1);
    measure(criterion, "1 rule, escaped path", layer.layer(Inner), "/service0/items/J%C3%BCrgen", &tokens);
    let excluding = AuthLayer::builder(Anyone::new()).exclude("/healthz").build().unwrap();
    measure(criterion, "excluded", excluding.layer(Inner), "/healthz", &tokens);
    measure(criterion, "1 rule, odd path", layer.layer(Inner), "//service0/./items/%61", &tokens);
}

fn seen_before(criterion: &mut Criterion) {
    for (algorithm, count) in ALL.map(|algorithm| (algorithm, 16)).into_iter().chain([(Algorithm::Es256, 100_000)]) {
        let keys = Keys::new(algorithm);
        let tokens = keys.tokens(count);
        let layer = AuthLayer::new(acquainted(keys.verifier(), &tokens));
        measure(criterion, &format!("{algorithm}, {count} seen before"), layer.layer(Inner), "/", &tokens);
    }
}

fn first_sight(criterion: &mut Criterion) {
    for algorithm in ALL {
        let keys = Keys::new(algorithm);
        let tokens = keys.tokens(16);
        let check = keys.bare_check(&tokens[0]);
        let mut group = criterion.benchmark_group("signature");
        group.bench_function(format!("{algorithm}, bare"), |bencher| bencher.iter(&check));
        group.finish();
        let layer = AuthLayer::new(keys.verifier().cache_capacity(0));
        measure(criterion, &format!("{algorithm}, first seen"), layer.layer(Inner), "/", &tokens);
    }
}

/// What expressions add to a request on a path that no pattern matches. The expressions do not match it either, so
/// that each of them is asked.
#[cfg(feature = "regex")]
fn expressions(criterion: &mut Criterion) {
    let tokens = ["eyJhbGciOiJFUzI1NiJ9".repeat(25)];
    for count in [1, 10, 100] {
        let texts = (0..count).map(|n| format!("/service{n}/(public|static)(/.*)?"));
        let guard = texts.fold(AuthLayer::builder(Anyone::new()), portcullis::guard::AuthLayerBuilder::exclude_regex);
        let name = format!("{count} expressions");
        measure(criterion, &name, guard.build().unwrap().layer(Inner), "/service0/items/7", &tokens);
    }
}

#[cfg(not(feature = "regex"))]
fn expressions(_: &mut Criterion) {}

criterion_group!(benches, own_work, seen_before, first_sight, expressions);
criterion_main!(benches);
