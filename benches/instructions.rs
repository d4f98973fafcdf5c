//! What the guard adds to a request, in instructions: `cargo bench --no-default-features --bench instructions`.
//!
//! Instructions are the same on a busy machine as on an idle one, so a change can be judged where times cannot be
//! taken. They do not show what waits for memory. Every case runs in a process of its own under valgrind, for two counts
//! of requests, and what the larger one takes beyond the smaller is what the requests take.
//!
//! `cargo bench --no-default-features --bench instructions -- check` fails where a case takes more than its budget. What
//! is over budget has become slower; a budget is only raised by a change that says what it gains by it.
//!
//! `cargo bench --no-default-features --bench instructions -- "1 rule"` runs one case, as often as valgrind asks.
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
mod support;

use std::{convert::Infallible, env, hint::black_box, process::Command};

use http::{Request, Response};
use portcullis::{guard::AuthLayer, jwt::Algorithm};
use reach::Table;
use support::{Anyone, Inner, Keys, acquainted, ask, last_path, request, with_rules};
use tower::{Layer, Service};

/// The names of the cases, each with the one that it is compared with, and how many instructions it may take beyond that
/// one. That is about a tenth more than it takes, as compilers and C libraries differ.
const CASES: [(&str, &str, u64); 10] = [
    ("no guard", "no guard", 0),
    ("any token", "no guard", 1_750),
    ("1 rule", "no guard", 2_100),
    ("1000 rules", "no guard", 2_500),
    ("excluded", "no guard", 950),
    ("HS256 seen before", "no guard", 2_300),
    ("ES256 seen before", "no guard", 2_300),
    ("16 headers", "16 headers, no guard", 1_750),
    ("16 headers, no guard", "16 headers, no guard", 0),
    ("HS256 first seen", "HS256 bare check", 12_000),
];

fn main() {
    // The arguments of cargo are not for us.
    let own = env::args().skip(1).filter(|argument| argument != "--bench").collect::<Vec<_>>();
    match own.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => drop(table()),
        ["check"] => {
            let over = table();
            assert!(over.is_empty(), "over budget: {}", over.join(", "));
        }
        [case] => run(case, 1000),
        [case, count, ..] => run(case, count.parse().unwrap()),
    }
}

/// Prints what every case takes. The names of those that take more than they may.
fn table() -> Vec<&'static str> {
    let (mut table, mut over) = (Table::default(), Vec::new());
    for (case, other_case, budget) in CASES {
        let (all, other) = (counted(case), counted(other_case));
        let beyond = all.saturating_sub(other);
        let (reach, measured) = (format!("≤ {budget}"), format!("{beyond} of {all}"));
        if case == other_case {
            continue;
        }
        table.row(&format!("instructions, {case}, beyond {other_case}"), &reach, &measured, beyond <= budget);
        if beyond > budget {
            over.push(case);
        }
    }
    table.print();
    over
}

/// The instructions of one request.
fn counted(case: &str) -> u64 {
    let [few, many] = [500, 2500].map(|count: u64| instructions(case, count));
    many.saturating_sub(few) / 2000
}

fn instructions(case: &str, count: u64) -> u64 {
    let valgrind = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe().unwrap())
        .args([case, &count.to_string()])
        .output();
    let output = valgrind.unwrap_or_else(|error| panic!("valgrind has to be installed: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    let collected = said.lines().find_map(|line| line.split_once("Collected : "));
    let Some((_, collected)) = collected else { panic!("{case}: {said}") };
    collected.trim().parse().unwrap()
}

fn run(case: &str, count: usize) {
    let opaque = || vec!["eyJhbGciOiJFUzI1NiJ9".repeat(25)];
    match case {
        "no guard" => requests(Inner, "/service0/items/7", &opaque(), 0, count),
        "16 headers, no guard" => requests(Inner, "/service0/items/7", &opaque(), 15, count),
        "any token" => requests(AuthLayer::new(Anyone::new()).layer(Inner), "/service0/items/7", &opaque(), 0, count),
        "16 headers" => requests(AuthLayer::new(Anyone::new()).layer(Inner), "/service0/items/7", &opaque(), 15, count),
        "1 rule" => requests(with_rules(Anyone::new(), 1).layer(Inner), &last_path(1), &opaque(), 0, count),
        "1000 rules" => requests(with_rules(Anyone::new(), 1000).layer(Inner), &last_path(1000), &opaque(), 0, count),
        "excluded" => {
            let guard = AuthLayer::builder(Anyone::new()).exclude("/service0/items/7").build().unwrap();
            requests(guard.layer(Inner), "/service0/items/7", &opaque(), 0, count);
        }
        "HS256 seen before" => seen_before(Algorithm::Hs256, count),
        "ES256 seen before" => seen_before(Algorithm::Es256, count),
        "HS256 first seen" => {
            let keys = Keys::new(Algorithm::Hs256);
            let verifier = keys.verifier().cache_capacity(1024);
            let tokens = keys.tokens(4096);
            let mut tokens = tokens.iter().cycle();
            // Until every place in the cache has been taken once.
            (0..4096 + count).for_each(|_| drop(verifier.principal(tokens.next().unwrap()).unwrap()));
        }
        "HS256 bare check" => {
            let keys = Keys::new(Algorithm::Hs256);
            let check = keys.bare_check(&keys.tokens(1)[0]);
            (0..count).for_each(|_| assert!(check()));
        }
        other => panic!("there is no case {other:?}"),
    }
}

fn seen_before(algorithm: Algorithm, count: usize) {
    let keys = Keys::new(algorithm);
    let tokens = keys.tokens(16);
    requests(AuthLayer::new(acquainted(keys.verifier(), &tokens)).layer(Inner), "/service0/items/7", &tokens, 0, count);
}

fn requests<S>(mut service: S, path: &str, tokens: &[String], headers: usize, count: usize)
where
    S: Service<Request<()>, Response = Response<String>, Error = Infallible>,
{
    let made: Vec<_> = tokens
        .iter()
        .map(|token| {
            let mut request = request(path, token);
            for (name, value) in HEADERS.iter().take(headers) {
                request.headers_mut().append(*name, value.parse().unwrap());
            }
            request
        })
        .collect();
    for request in made.iter().cycle().take(count) {
        black_box(ask(&mut service, request.clone()));
    }
}

/// What a browser sends beside the token.
const HEADERS: [(&str, &str); 15] = [
    ("host", "notes.example"),
    ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    ("accept", "application/json"),
    ("accept-language", "en-GB,en;q=0.5"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("referer", "https://notes.example/"),
    ("origin", "https://notes.example"),
    ("sec-fetch-dest", "empty"),
    ("sec-fetch-mode", "cors"),
    ("sec-fetch-site", "same-origin"),
    ("priority", "u=4"),
    ("te", "trailers"),
    ("dnt", "1"),
    ("x-request-id", "01a200d3-c6f4-7561-8d4f-71f989578c62"),
    ("cookie", "theme=dark; lang=en"),
];
