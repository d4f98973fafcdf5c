//! portcullis beside others that guard axum with JWTs: the same tokens, seen before, and the same trivial handler.
//!
//! `cargo run --release --manifest-path benches/peers/Cargo.toml` prints one table.

#[path = "../../support/rounds.rs"]
mod rounds;
mod setup;
mod stacks;

use rounds::run;
use setup::{ALL, Setup};

/// Each does this many requests in a round before the next one's turn.
const BATCH: usize = 32;
const ROUNDS: usize = 3000;

fn main() {
    // axum-jwt-auth brings a slower backend, and lets a program choose this one.
    jsonwebtoken_10::crypto::aws_lc::DEFAULT_PROVIDER.install_default().unwrap();
    println!("nanoseconds for a request whose token was seen before: median (best), and times portcullis\n");
    for algorithm in ALL {
        let setup = Setup::new(algorithm);
        let mut rows = stacks::all(&setup);
        run(ROUNDS, &mut rows.iter_mut().collect::<Vec<_>>());
        for row in &rows {
            let (median, best) = row.nanos();
            let ratio = row.ratio(&rows[0]);
            println!("{:6} {:36} {median:9.0} ({best:7.0})  x {ratio:6.2}", algorithm.to_string(), row.name);
        }
        println!();
    }
}
