//! What the guard has to reach, as ratios in one run: `cargo bench --no-default-features --bench targets`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "bench code"
)]

#[path = "support/reach.rs"]
mod reach;
#[path = "support/rounds.rs"]
mod rounds;
mod support;

use std::{env, hint::black_box, sync::Barrier, thread, time::Duration, time::Instant};

use portcullis::{guard::AuthLayer, jwt::Algorithm};
use reach::Table;
use rounds::{Row, nanos_of, run};
use support::{ALL, Inner, Keys, acquainted, ask, last_path, request, scattered, with_rules};
use tower::Layer;

/// So few requests at a time that making them beforehand does not push out of the caches what they are about to meet.
const BATCH: usize = 32;
const MANY: usize = 100_000;
const THREADS: usize = 4;

fn main() {
    // The arguments of cargo are not for us.
    let only = env::args().skip(1).find(|argument| argument != "--bench");
    let is_wanted = |part: &str| only.as_deref().is_none_or(|only| only == part);
    let mut table = Table::default();
    let es256_check = es256_check();
    if is_wanted("hot") {
        for algorithm in ALL {
            seen_before(&mut table, algorithm, (16, 300.0), es256_check);
        }
    }
    if is_wanted("many") {
        seen_before(&mut table, Algorithm::Es256, (MANY, 600.0), es256_check);
        bare_comparison(&mut table);
    }
    if is_wanted("threads") {
        for count in [16, MANY] {
            seen_before_by_all_threads(&mut table, count);
        }
    }
    if is_wanted("first") {
        for algorithm in ALL {
            first_sight(&mut table, algorithm, es256_check);
        }
    }
    if is_wanted("rules") {
        rules(&mut table, es256_check);
    }
    table.print();
}

/// How fast this machine is: the nanoseconds that the check of an ES256 signature takes and nothing else.
fn es256_check() -> f64 {
    let keys = Keys::new(Algorithm::Es256);
    let check = keys.bare_check(&keys.tokens(1)[0]);
    nanos_of(|| assert!(check()))
}

fn seen_before(table: &mut Table, algorithm: Algorithm, (count, most): (usize, f64), es256_check: f64) {
    let keys = Keys::new(algorithm);
    let tokens = keys.tokens(count);
    let mut guarded = AuthLayer::new(acquainted(keys.verifier(), &tokens)).layer(Inner);
    let (mut one, mut other) = (scattered(1, count), scattered(2, count));
    let mut bare = Row::batched("", BATCH, || request("/", &tokens[one()]), |request| ask(&mut Inner, request));
    let mut row = Row::batched("", BATCH, || request("/", &tokens[other()]), |request| ask(&mut guarded, request));
    run(5000, &mut [&mut bare, &mut row]);
    let what = format!("{algorithm}, token seen before, one of {count}: added to a request");
    table.nanos(&what, most, (row.beyond(&bare), row.best_beyond(&bare)), es256_check);
}

/// What it takes at the very least to find one of so many tokens and to compare the whole of it: a list that says where
/// each of them is, without any hash, count or check, against a comparison with one that has just been used.
fn bare_comparison(table: &mut Table) {
    let tokens = Keys::new(Algorithm::Es256).tokens(MANY);
    // What is compared with has not been read by whoever made the request.
    let copies = tokens.clone();
    let (mut one, mut other) = (scattered(1, MANY), scattered(2, MANY));
    let hot = |number: usize| (tokens[number].clone(), tokens[number].clone());
    let cold = |number: usize| (tokens[number].clone(), number);
    let mut hot = Row::batched("", BATCH, || hot(one()), |(token, copy)| black_box(token == copy));
    let mut cold = Row::batched("", BATCH, || cold(other()), |(token, number)| black_box(token == copies[number]));
    run(5000, &mut [&mut hot, &mut cold]);
    let what = format!("of that, to compare one of {MANY} tokens where it is known where it lies");
    table.told(&what, &format!("{:.0} ns (best {:.0})", cold.beyond(&hot), cold.best_beyond(&hot)));
}

/// Every thread through a clone of the same service, all of them at the same tokens.
fn seen_before_by_all_threads(table: &mut Table, count: usize) {
    let keys = Keys::new(Algorithm::Hs256);
    let tokens = keys.tokens(count);
    let layer = AuthLayer::new(acquainted(keys.verifier(), &tokens));
    let mut bare =
        Row::timed("", BATCH * 100, |repeat| on_all_threads(repeat, &tokens, &|request| ask(&mut Inner, request)));
    let mut row = Row::timed("", BATCH * 100, |repeat| {
        on_all_threads(repeat, &tokens, &|request| ask(&mut layer.layer(Inner), request))
    });
    run(100, &mut [&mut bare, &mut row]);
    let what = format!("{THREADS} threads at once, token seen before, one of {count}: added to a request");
    table.told(&what, &format!("{:.0} ns (best {:.0})", row.beyond(&bare), row.best_beyond(&bare)));
}

/// The mean of what it takes the threads to ask so often each.
fn on_all_threads<T>(repeat: usize, tokens: &[String], act: &(dyn Fn(http::Request<()>) -> T + Sync)) -> Duration {
    let start = Barrier::new(THREADS);
    let times = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let start = &start;
                scope.spawn(move || {
                    let mut next = scattered(thread as u64, tokens.len());
                    start.wait();
                    let mut took = Duration::ZERO;
                    for _ in 0..repeat / BATCH {
                        let requests: Vec<_> = (0..BATCH).map(|_| request("/", &tokens[next()])).collect();
                        let start = Instant::now();
                        for request in requests {
                            act(request);
                        }
                        took += start.elapsed();
                    }
                    took
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum::<Duration>()
    });
    times / u32::try_from(THREADS).unwrap()
}

/// Every token is a new one by the time it comes again: four times as many go round as are remembered.
fn first_sight(table: &mut Table, algorithm: Algorithm, es256_check: f64) {
    let keys = Keys::new(algorithm);
    let tokens = keys.tokens(4096);
    let check = keys.bare_check(&tokens[0]);
    let verifier = keys.verifier().cache_capacity(tokens.len() / 4);
    let mut next = tokens.iter().cycle();
    let mut bare = Row::new("", 200, || assert!(check()));
    let mut row = Row::new("", 200, || verifier.principal(next.next().unwrap()).unwrap());
    run(200, &mut [&mut bare, &mut row]);
    let what = format!("{algorithm}, first sight of a token");
    if algorithm == Algorithm::Hs256 {
        table.nanos(&what, 1500.0, row.nanos(), es256_check);
    } else {
        table.at_most(&format!("{what}, against the bare check of its signature"), 1.15, row.ratio(&bare));
    }
    table.told(
        &format!("{algorithm}, that bare check"),
        &format!("{:.2} µs (best {:.2})", bare.nanos().0 / 1e3, bare.nanos().1 / 1e3),
    );
}

fn rules(table: &mut Table, es256_check: f64) {
    let keys = Keys::new(Algorithm::Hs256);
    let tokens = keys.tokens(1);
    let token = &tokens[0];
    let verifier = acquainted(keys.verifier(), &tokens);
    let [mut one, mut many] = [1, 1000].map(|count| {
        let mut guarded = with_rules(verifier.clone(), count).layer(Inner);
        let path = last_path(count);
        Row::batched("", BATCH, move || request(&path, token), move |request| ask(&mut guarded, request))
    });
    run(5000, &mut [&mut one, &mut many]);
    table.nanos("1,000 rules: added to one", 50.0, (many.beyond(&one), many.best_beyond(&one)), es256_check);
}
