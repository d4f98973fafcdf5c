//! portcullis beside others that guard axum with JWTs: the same tokens, seen before, and the same trivial handler.
//!
//! `cargo run --release --manifest-path benches/peers/Cargo.toml` prints one table: in process, and over HTTP on 64
//! connections.

#[path = "../../support/over_http.rs"]
mod over_http;
#[path = "../../support/reach.rs"]
mod reach;
#[path = "../../support/rounds.rs"]
mod rounds;
mod setup;
mod stacks;

use over_http::ask_in_turns;
use portcullis::jwt::Algorithm;
use reach::Table;
use rounds::{median, run};
use setup::{ALL, Setup};

/// Each does this many requests in a round before the next one's turn.
const BATCH: usize = 32;
const ROUNDS: usize = 3000;
const ROUNDS_OVER_HTTP: usize = 20;

fn main() {
    // axum-jwt-auth brings a slower backend, and lets a program choose this one.
    jsonwebtoken_10::crypto::aws_lc::DEFAULT_PROVIDER.install_default().unwrap();
    let mut table = Table::default();
    for algorithm in ALL {
        let setup = Setup::new(algorithm);
        in_process(&mut table, &setup);
        over_http(&mut table, &setup);
    }
    table.print();
}

fn in_process(table: &mut Table, setup: &Setup) {
    let mut rows = stacks::all(setup);
    run(ROUNDS, &mut rows.iter_mut().collect::<Vec<_>>());
    println!("{}: nanoseconds for a request, median (best)", setup.algorithm);
    for row in &rows {
        let (median, best) = row.nanos();
        println!("  {:36} {median:9.0} ({best:.0})", row.name);
    }
    let [own, others @ .., none] = rows.as_slice() else { return };
    let least = if setup.algorithm == Algorithm::Hs256 { 1.0 } else { 3.0 };
    for other in others {
        table.at_least(&format!("{}, a request of {}", setup.algorithm, other.name), least, other.ratio(own));
    }
    table.told(&format!("{}, a request of {}", setup.algorithm, none.name), &format!("{:.2} ×", none.ratio(own)));
}

fn over_http(table: &mut Table, setup: &Setup) {
    let (names, mut servers): (Vec<_>, Vec<_>) = stacks::served(setup).into_iter().unzip();
    ask_in_turns(&mut servers, ROUNDS_OVER_HTTP);
    println!("{}: requests/s over HTTP, and the processor's time for one", setup.algorithm);
    for (name, server) in names.iter().zip(&servers) {
        println!("  {name:36} {:9.0} {:9.2} µs", median(server.rates.clone()), median(server.micros.clone()));
    }
    let own = servers[0].rates.clone();
    for (name, server) in names.iter().zip(&servers).skip(1) {
        let ratio = median(own.iter().zip(&server.rates).map(|(own, other)| own / other).collect());
        let what = format!("{}, over HTTP: requests/s of {name}", setup.algorithm);
        if *name == stacks::NONE {
            table.told(&what, &format!("{ratio:.2} ×"));
        } else {
            table.at_least(&what, 1.0, ratio);
        }
    }
}
