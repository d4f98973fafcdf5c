//! The server as it is shipped, beside what DESIGN asks of it: `cargo bench --bench server`.
//!
//! How long it takes to be ready on SQLite with a million users, the memory it holds, and how long a guarded request takes
//! while logins ask for more hashes than the machine can make. `cargo bench --bench server -- 10000` takes fewer users.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "bench code"
)]
#![cfg(all(feature = "server", unix))]

#[path = "../tests/server/client.rs"]
#[allow(dead_code, unreachable_pub, clippy::expect_used, reason = "the tests use more of it")]
mod client;
#[path = "../tests/server/process.rs"]
#[allow(dead_code, unreachable_pub, clippy::expect_used, reason = "the tests use more of it")]
mod process;
#[path = "support/reach.rs"]
mod reach;

use std::{
    env, fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use client::{get, login, register, token};
use process::{Server, run};
use reach::Table;

const PASSWORD: &str = "correct horse battery staple";
const STARTS: usize = 7;
const SAMPLES: usize = 3000;
/// Between two guarded requests, so that they ask for next to none of the machine.
const PACE: Duration = Duration::from_millis(2);
/// How many log in at once, again and again.
const LOGINS: usize = 16;
/// Longer than the hashing threads keep their memory.
const REST: Duration = Duration::from_secs(65);

fn main() {
    let users = env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(1_000_000);
    let folder = tempfile::tempdir().unwrap();
    import(folder.path(), users);

    // What hashing gives way by unless told; the tests' servers, which these are too, give way to nobody.
    let flags = ["--insecure-no-limits", "--hash-niceness", "15"];
    let mut starts: Vec<_> = (0..STARTS).map(|_| start(folder.path(), &flags)).collect();
    starts.sort();
    let mut table = Table::default();
    let (median, best) = (starts[STARTS / 2], starts[0]);
    let measured = format!("{median:.0?} (best {best:.0?})");
    table.row(&format!("start to ready, SQLite, {users} users"), "≤ 200 ms", &measured, median.as_millis() <= 200);

    let server = Server::start(folder.path(), &flags);
    let at = server.address;
    assert_eq!(register(at, "ada", PASSWORD).status, 201);
    let held = token(at, "ada", PASSWORD);
    let alone = percentiles(sample(at, &held));
    table.told("a guarded request on an idle server", &format!("p50 {:.2?}, p99 {:.2?}", alone.0, alone.1));

    let (over, done) = (AtomicBool::new(false), AtomicU64::new(0));
    // Others than who is asked for: a user has so many sessions and no more.
    let others: Vec<_> = (0..LOGINS).map(|number| format!("other{number}")).collect();
    for other in &others {
        assert_eq!(register(at, other, PASSWORD).status, 201);
    }
    let (flooded, rate) = thread::scope(|scope| {
        for other in &others {
            let (over, done) = (&over, &done);
            scope.spawn(move || {
                while !over.load(Relaxed) {
                    assert_eq!(login(at, other, PASSWORD).status, 200);
                    done.fetch_add(1, Relaxed);
                }
            });
        }
        thread::sleep(Duration::from_secs(1));
        let (start, before) = (Instant::now(), done.load(Relaxed));
        let flooded = percentiles(sample(at, &held));
        #[expect(clippy::cast_precision_loss, reason = "it is small")]
        let rate = (done.load(Relaxed) - before) as f64 / start.elapsed().as_secs_f64();
        over.store(true, Relaxed);
        (flooded, rate)
    });
    let what = format!("the same while {rate:.0} logins a second are made");
    table.told(&what, &format!("p50 {:.2?}, p99 {:.2?}", flooded.0, flooded.1));
    table.at_most("its p99 then, against the idle server", 3.0, flooded.1.as_secs_f64() / alone.1.as_secs_f64());

    let threads = thread::available_parallelism().map_or(1, usize::from) as u64;
    let (most, bound) = (memory(server.pid(), "VmHWM:") >> 10, threads * 19 + 64);
    let what = format!("most memory ever resident, {threads} hashing threads");
    table.row(&what, &format!("≤ {bound} MiB"), &format!("{most} MiB"), most <= bound);
    thread::sleep(REST);
    let rest = memory(server.pid(), "VmRSS:") >> 10;
    table.row(&format!("resident after {REST:?} at rest"), "≤ 24 MiB", &format!("{rest} MiB"), rest <= 24);
    drop(server);
    let fresh = Server::start(folder.path(), &flags);
    get(fresh.address, "/readyz");
    table.told("resident just after a start", &format!("{} MiB", memory(fresh.pid(), "VmRSS:") >> 10));
    table.print();
}

/// Users with a hash that came with them, as hashing a million passwords would take hours.
fn import(folder: &Path, users: usize) {
    let hash = "$2b$05$BNL/vTISB1IncVOsUm7lDO6h/UOacSyWsKCux9jswYVRJqVR/x2GK";
    let line = |number| {
        format!(
            "{{\"username\": \"user{number}\", \"email\": \"{number}@example.org\", \"password_hash\": \"{hash}\"}}\n"
        )
    };
    fs::write(folder.join("users.jsonl"), (0..users).map(line).collect::<String>()).unwrap();
    let start = Instant::now();
    let imported = run(folder, &["import", "users.jsonl"], "");
    assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
    println!("{users} users imported in {:.1?}", start.elapsed());
}

fn start(folder: &Path, flags: &[&str]) -> Duration {
    let start = Instant::now();
    let server = Server::start(folder, flags);
    while get(server.address, "/readyz").status != 200 {
        thread::sleep(Duration::from_millis(1));
    }
    start.elapsed()
}

/// How long requests take on one connection that stays open.
fn sample(at: SocketAddr, token: &str) -> Vec<Duration> {
    let request = format!("GET /auth/me HTTP/1.1\r\nhost: {at}\r\nauthorization: Bearer {token}\r\n\r\n");
    let mut stream = BufReader::new(TcpStream::connect(at).unwrap());
    stream.get_mut().set_nodelay(true).unwrap();
    let mut ask = || {
        let start = Instant::now();
        stream.get_mut().write_all(request.as_bytes()).unwrap();
        read_answer(&mut stream);
        start.elapsed()
    };
    let times = (0..SAMPLES).map(|_| {
        thread::sleep(PACE);
        ask()
    });
    times.collect()
}

fn read_answer(stream: &mut BufReader<TcpStream>) {
    let (mut length, mut line) = (0, String::new());
    stream.read_line(&mut line).unwrap();
    assert!(line.starts_with("HTTP/1.1 200"), "{line}");
    while line != "\r\n" {
        line.clear();
        stream.read_line(&mut line).unwrap();
        if let Some(told) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = told.trim().parse().unwrap();
        }
    }
    stream.read_exact(&mut vec![0; length]).unwrap();
}

fn percentiles(mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort();
    (times[times.len() / 2], times[times.len() * 99 / 100])
}

/// In KiB.
fn memory(pid: u32, line: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let told = status.lines().find_map(|told| told.strip_prefix(line)).unwrap();
    told.trim().trim_end_matches("kB").trim().parse().unwrap()
}
