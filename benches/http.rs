//! The guard over HTTP, against the same hyper stack without it: `cargo bench --no-default-features --bench http`.
//!
//! Two servers, each on a thread of its own, are asked in turns over 64 connections each by two threads that do as
//! little as they can: so the server's thread is what limits it. Every request carries a token that was seen before.
//!
//! The ratio is the median over 200 pairs of turns. A turn takes some 50 ms, so that what else slows the machine down, which comes and goes in seconds, falls on both; and
//! every other pair of turns begins with the other server. What is compared is the two of one pair. Beside that stands
//! the processor time that the server's thread took for a request, by the system's own count.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "bench code"
)]

#[path = "support/over_http.rs"]
mod over_http;
#[path = "support/reach.rs"]
mod reach;
#[path = "support/rounds.rs"]
mod rounds;
mod support;

use std::{
    convert::Infallible,
    future::{Ready, ready},
    hint::black_box,
};

use http::{Request, Response};
use hyper::body::Incoming;
use over_http::{Asked, ask_in_turns, serve};
use portcullis::guard::AuthLayer;
use reach::Table;
use rounds::median;
use support::{ALL, Keys, acquainted};
use tower::{Layer, Service, service_fn};

const CONNECTIONS: usize = 64;
const ROUNDS: usize = 200;

type Answer = Ready<Result<Response<String>, Infallible>>;

fn main() {
    let mut table = Table::default();
    for algorithm in ALL {
        let keys = Keys::new(algorithm);
        let tokens = keys.tokens(CONNECTIONS);
        let layer = AuthLayer::new(acquainted(keys.verifier(), &tokens));
        let mut servers = [Asked::new(serve(hello()), &tokens), Asked::new(serve(layer.layer(hello())), &tokens)];
        ask_in_turns(&mut servers, ROUNDS);
        report(&mut table, &algorithm.to_string(), &servers);
    }
    table.print();
}

fn report(table: &mut Table, algorithm: &str, [bare, guarded]: &[Asked; 2]) {
    let ratios: Vec<_> = bare.rates.iter().zip(&guarded.rates).map(|(bare, guarded)| guarded / bare).collect();
    let [low, middle, high] = [1, 2, 3].map(|quarter| at_quarter(&ratios, quarter));
    let [bare_rate, rate] = [bare, guarded].map(|server| median(server.rates.clone()));
    let [bare_cpu, cpu] = [bare, guarded].map(|server| median(server.micros.clone()));
    println!("{algorithm}, bare and guarded: {bare_rate:.0} and {rate:.0} requests/s");
    println!("  a quarter of the ratios are below {low:.3}, a quarter above {high:.3}");
    println!("  processor: {bare_cpu:.2} and {cpu:.2} µs a request, {:.2} added", cpu - bare_cpu);
    table.at_least(
        &format!("over HTTP, {CONNECTIONS} connections, {algorithm}: requests/s of bare hyper"),
        0.95,
        middle,
    );
}

fn at_quarter(values: &[f64], quarter: usize) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[values.len() * quarter / 4]
}

fn hello()
-> impl Service<Request<Incoming>, Response = Response<String>, Error = Infallible, Future = Answer> + Clone + Send {
    service_fn(|request| {
        black_box::<Request<Incoming>>(request);
        ready(Ok(Response::new("hello".to_owned())))
    })
}
