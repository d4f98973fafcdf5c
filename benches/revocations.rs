//! What a million revocations cost the guard, and the process: `cargo bench --no-default-features --bench revocations`.
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

use std::{fs, time::Duration, time::Instant};

use portcullis::{
    clock::{Clock, SystemClock},
    guard::AuthLayer,
    jwt::Algorithm,
    revocation::{OnStale, Revocation, RevocationSet, Target},
};
use reach::Table;
use rounds::{Row, nanos_of, run};
use support::{Inner, Keys, acquainted, ask, request, scattered};
use tower::Layer;

const REVOKED: usize = 1_000_000;
const TOKENS: usize = 100_000;
/// So few requests at a time that making them beforehand does not push out of the caches what they are about to meet.
const BATCH: usize = 32;

fn main() {
    let keys = Keys::new(Algorithm::Es256);
    let tokens = keys.tokens(TOKENS);
    let check = keys.bare_check(&tokens[0]);
    let es256_check = nanos_of(|| assert!(check()));
    let bound = Duration::from_hours(1);
    let revoked = RevocationSet::fed(bound, OnStale::Refuse);
    revoked.confirm(SystemClock.now());

    let before = resident();
    let start = Instant::now();
    for number in 0..REVOKED {
        revoked.insert(session(number));
    }
    let (took, grown) = (start.elapsed(), resident().saturating_sub(before));
    let mut table = Table::default();
    table.told("a million revocations put in force", &format!("{took:.1?}, {} MiB", grown >> 20));
    for (name, revocations) in [("nothing revoked", RevocationSet::default()), ("a million revoked", revoked.clone())] {
        let before = resident();
        let layer = AuthLayer::new(acquainted(keys.verifier().revocations(revocations), &tokens));
        let grown = resident().saturating_sub(before);
        for (count, most) in [(16, 300.0), (TOKENS, 600.0)] {
            let mut guarded = layer.layer(Inner);
            let (mut one, mut other) = (scattered(1, count), scattered(2, count));
            let mut bare = Row::batched("", BATCH, || request("/", &tokens[one()]), |request| ask(&mut Inner, request));
            let mut row =
                Row::batched("", BATCH, || request("/", &tokens[other()]), |request| ask(&mut guarded, request));
            run(5000, &mut [&mut bare, &mut row]);
            let what = format!("{name}, {TOKENS} tokens remembered, one of {count}: added to a request");
            table.nanos(&what, most, (row.beyond(&bare), row.best_beyond(&bare)), es256_check);
        }
        table.told(&format!("{TOKENS} tokens remembered"), &format!("{} MiB", grown >> 20));
    }
    while_revoking(&mut table, &keys, &tokens, &revoked);
    table.print();
}

/// Every token has to be looked for among the revoked once after each revocation: at worst on every request.
fn while_revoking(table: &mut Table, keys: &Keys, tokens: &[String], revoked: &RevocationSet) {
    let mut guarded = AuthLayer::new(acquainted(keys.verifier().revocations(revoked.clone()), tokens)).layer(Inner);
    let (mut one, mut other) = (scattered(1, TOKENS), scattered(2, TOKENS));
    let mut bare = Row::batched("", BATCH, || request("/", &tokens[one()]), |request| ask(&mut Inner, request));
    let mut numbers = (0..REVOKED).cycle();
    let make = move || {
        revoked.insert(session(numbers.next().unwrap()));
        request("/", &tokens[other()])
    };
    let mut row = Row::batched("", BATCH, make, |request| ask(&mut guarded, request));
    run(5000, &mut [&mut bare, &mut row]);
    let what = format!("the same at random, {BATCH} more revoked before every {BATCH} requests");
    table.told(&what, &format!("{:.0} ns (best {:.0})", row.beyond(&bare), row.best_beyond(&bare)));
}

fn session(number: usize) -> Revocation {
    let until = SystemClock.now() + Duration::from_mins(15);
    // As long as the ids of sessions are.
    Revocation { target: Target::Session(format!("01a200d3-c6f4-7561-8d4f-{number:012x}")), until }
}

/// How many bytes of memory this process has, where the system tells.
fn resident() -> usize {
    let pages = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    pages.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4096
}
