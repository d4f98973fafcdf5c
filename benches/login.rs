//! What a login costs beside the hash it computes: the pool's verifications, and whole logins on SQLite, against a bare
//! loop of the same Argon2id, in turns: `cargo bench --bench login`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "a bench may stop")]

#[path = "support/reach.rs"]
mod reach;
#[path = "support/rounds.rs"]
mod rounds;

use std::{
    num::NonZeroUsize,
    path::Path,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use portcullis::{
    Portcullis,
    account::{Accounts, Credentials},
    password::{HashPool, HashPoolSettings, Password, PasswordHash},
    session::Device,
};
use reach::Table;
use rounds::{Row, run};
use tokio::runtime::Runtime;

const CONCURRENCY: u64 = 8;
const ROUNDS: usize = 40;
/// In each turn: some for every caller and every thread.
const HASHES: usize = 48;

/// `hashes` of them on `threads` threads that take the next one when free, each with memory of its own that is there
/// beforehand.
fn bare_loop(threads: u64, hashes: u64) -> Duration {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT);
    let mut arenas: Vec<_> = (0..threads).map(|_| vec![Block::new(); Params::DEFAULT.block_count()]).collect();
    let taken = AtomicU64::new(0);
    let start = Instant::now();
    thread::scope(|scope| {
        for arena in &mut arenas {
            scope.spawn(|| {
                while taken.fetch_add(1, Relaxed) < hashes {
                    let mut tag = [0; 32];
                    argon2
                        .hash_password_into_with_memory(b"password", b"0123456789abcdef", &mut tag, &mut *arena)
                        .unwrap();
                }
            });
        }
    });
    start.elapsed()
}

/// `hashes` verifications by [`CONCURRENCY`] callers, each of whom waits for one before asking for the next.
fn pooled(runtime: &Runtime, pool: &HashPool, stored: &PasswordHash, hashes: u64) -> Duration {
    let start = Instant::now();
    runtime.block_on(async {
        let callers: Vec<_> = (0..CONCURRENCY)
            .map(|number| {
                let (pool, stored) = (pool.clone(), stored.clone());
                tokio::spawn(async move {
                    for _ in 0..share(hashes, CONCURRENCY, number) {
                        let password = Password::parse("password").unwrap();
                        pool.verify(password, Some(stored.clone())).await.unwrap();
                    }
                })
            })
            .collect();
        for caller in callers {
            caller.await.unwrap();
        }
    });
    start.elapsed()
}

/// `logins` of them by [`CONCURRENCY`] users, each of whom waits for one before asking for the next.
fn whole(runtime: &Runtime, accounts: &Accounts, logins: u64) -> Duration {
    let start = Instant::now();
    runtime.block_on(async {
        let users: Vec<_> = (0..CONCURRENCY)
            .map(|number| {
                let accounts = accounts.clone();
                tokio::spawn(async move {
                    for _ in 0..share(logins, CONCURRENCY, number) {
                        let password = Password::parse("a good password").unwrap();
                        let credentials = Credentials::new(name(number), password);
                        accounts.login(credentials, &Device::default()).await.unwrap();
                    }
                })
            })
            .collect();
        for user in users {
            user.await.unwrap();
        }
    });
    start.elapsed()
}

fn name(number: u64) -> String {
    format!("user-{number}")
}

/// Accounts in a SQLite file, with a user for each caller.
async fn accounts(folder: &Path) -> Accounts {
    let database = format!("sqlite:{}/bench.db", folder.display());
    let portcullis = Portcullis::builder().public_url("https://id.example").database(database).build().await.unwrap();
    let accounts = portcullis.accounts().clone();
    for number in 0..CONCURRENCY {
        let (name, email) = (name(number), format!("{number}@example.com"));
        let registration = accounts.registration(&name, &email, "a good password", "").unwrap();
        accounts.register(registration, &Device::default()).await.unwrap();
    }
    accounts
}

fn share(total: u64, among: u64, number: u64) -> u64 {
    total / among + u64::from(number < total % among)
}

fn main() {
    let threads = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let runtime = Runtime::new().unwrap();
    let pool = HashPool::start(HashPoolSettings { threads, ..HashPoolSettings::default() }).unwrap();
    let stored = runtime.block_on(pool.hash(Password::parse("password").unwrap())).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let accounts = runtime.block_on(accounts(folder.path()));

    let mut alone = Row::timed("bare Argon2id, one thread", 8, |hashes| bare_loop(1, hashes as u64));
    let mut bare =
        Row::timed("bare Argon2id, all threads", HASHES, |hashes| bare_loop(threads.get() as u64, hashes as u64));
    let mut pooled =
        Row::timed("hash pool, concurrency 8", HASHES, |hashes| pooled(&runtime, &pool, &stored, hashes as u64));
    let mut whole =
        Row::timed("whole login on SQLite, concurrency 8", HASHES, |logins| whole(&runtime, &accounts, logins as u64));
    run(ROUNDS, &mut [&mut alone, &mut bare, &mut pooled, &mut whole]);
    println!("a second, in {ROUNDS} rounds: median (best), and how much of the bare loop on all threads that is\n");
    for row in [&alone, &bare, &pooled, &whole] {
        let (nanos, best) = row.nanos();
        println!("{:38} {:6.1} ({:.1}) {:6.3}", row.name, 1e9 / nanos, 1e9 / best, bare.ratio(row));
    }
    let mut table = Table::default();
    table.at_least("logins/s, 8 at a time, of a bare loop of the same Argon2id", 0.95, bare.ratio(&whole));
    table.at_least("of that, verifying in the hash pool", 0.95, bare.ratio(&pooled));
    table.print();
}
