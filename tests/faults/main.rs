//! Faults under load: nodes that are killed, a database that crashes or fails over, a network that drops packets, a disk that
//! is full.
//!
//! Clients do what people do, on nodes chosen at random, and keep a ledger of everything that was acknowledged to them.
//! When the fault is over, the ledger is held against what is there: every acknowledged write, no refresh or mailed token
//! both spent and unspent, no session alive that was ended, mail that came at least once, and nodes that are healthy by
//! themselves. `scripts/faults` runs these, one after the other, with a PostgreSQL that it may stop.
//! `PORTCULLIS_FAULT_SECONDS` says for how long each of them lasts; 60 unless told.

#![cfg(all(feature = "server", unix))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub,
    reason = "test code"
)]

#[path = "../server/client.rs"]
#[allow(dead_code, reason = "the tests of the server use more of it")]
mod client;
#[path = "../support/db.rs"]
mod db;
mod fleet;
mod ledger;
mod people;
mod post_office;
#[path = "../support/proxy.rs"]
mod proxy;
mod verdict;

use std::{
    env,
    fs::{self, File},
    hash::{BuildHasher, RandomState},
    io::Write,
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::runtime::Runtime;

use self::{db::TestDb, fleet::Fleet, people::Town, proxy::Proxy};

const NODES: usize = 3;

fn lasts() -> Duration {
    let seconds = env::var("PORTCULLIS_FAULT_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(60))
}

/// Lets people live while this is done to what they rely on, again and again, each time cutting off as many nodes as it
/// answers; then asks whether all is as they were told.
fn ordeal(name: &str, fleet: &Fleet, database: &str, fault: impl Fn(u64) -> usize) {
    let town = Town::new(fleet);
    let mut cuts = 0;
    let ledgers = town.live_while(|| {
        let start = Instant::now();
        for round in 0.. {
            if start.elapsed() >= lasts() {
                break;
            }
            cuts += fault(round);
        }
        // What was under way comes to its end, with everything working.
        thread::sleep(Duration::from_secs(5));
    });
    verdict::pronounce(name, fleet, &town, &ledgers, database, cuts);
}

/// Runs a program that must succeed.
fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Does something to the tests' PostgreSQL: `crash` and `start`; or to two more, of which one follows the other: `pair` makes
/// them, `lose` ends the first, `promote` puts the second in its place.
fn postgres(how: &str) {
    let control = env::var("PORTCULLIS_TEST_POSTGRES_CONTROL").expect("no server to stop: run scripts/faults");
    run(&control, &[how]);
}

/// Does what takes a runtime, which is there for as long as it takes.
fn wait_for<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

fn database() -> TestDb {
    wait_for(TestDb::postgres())
}

/// A database whose tables are in this folder.
async fn database_in(folder: &str) -> TestDb {
    let db = TestDb::empty_postgres().await;
    let mut server = PgConnection::connect(&env::var("PORTCULLIS_TEST_POSTGRES").unwrap()).await.unwrap();
    let name = name_in(db.url());
    let make = format!("CREATE TABLESPACE {name} LOCATION '{folder}'");
    for statement in [make, format!("ALTER DATABASE {name} SET TABLESPACE {name}")] {
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut server).await.unwrap();
    }
    db
}

/// The name of a database, in its URL.
fn name_in(url: &str) -> &str {
    url.split('?').next().unwrap().rsplit('/').next().unwrap()
}

#[test]
#[ignore = "it takes minutes; scripts/faults runs it"]
fn a_random_node_is_killed_every_second() {
    let db = database();
    let fleet = Fleet::start(NODES, &["--database-url", db.url()]);
    let kill = |round| {
        let started = Instant::now();
        let any = RandomState::new().hash_one(round);
        fleet.kill_and_start(usize::try_from(any % NODES as u64).unwrap());
        thread::sleep(Duration::from_secs(1).saturating_sub(started.elapsed()));
        1
    };
    ordeal("a node is killed every second", &fleet, db.url(), kill);
}

#[test]
#[ignore = "it takes minutes; scripts/faults runs it"]
fn the_database_crashes_again_and_again() {
    let db = database();
    let fleet = Fleet::start(NODES, &["--database-url", db.url()]);
    let crash = |_| {
        thread::sleep(Duration::from_secs(5));
        postgres("crash");
        thread::sleep(Duration::from_secs(2));
        postgres("start");
        NODES
    };
    ordeal("PostgreSQL is stopped with -m immediate every 7 s", &fleet, db.url(), crash);
}

#[test]
#[ignore = "it takes minutes; scripts/faults runs it"]
fn the_database_fails_over_to_the_one_that_follows_it() {
    postgres("pair");
    // As its sockets are in the folder of the tests' own.
    let server = env::var("PORTCULLIS_TEST_POSTGRES").unwrap();
    let [first, second] =
        ["5433", "5434"].map(|port| server.replacen("@localhost/", &format!("@localhost:{port}/"), 1));
    let runtime = Runtime::new().unwrap();
    let proxy = runtime.block_on(Proxy::before(&first));
    let fleet = Fleet::start(NODES, &["--database-url", &proxy.url_of(&first, "")]);
    let fail_over = |round| {
        if round > 0 {
            thread::sleep(Duration::from_secs(1));
            return 0;
        }
        thread::sleep(lasts() / 3);
        // For a while there is nobody who takes writes, and someone who can be read.
        proxy.lead_to(&second);
        postgres("lose");
        thread::sleep(Duration::from_secs(5));
        postgres("promote");
        NODES
    };
    ordeal("PostgreSQL is lost, and 5 s later its standby takes its place", &fleet, &second, fail_over);
}

#[test]
#[ignore = "it takes minutes and needs root; scripts/faults runs it"]
fn the_disk_of_the_database_is_full() {
    let disk = env::var("PORTCULLIS_FAULT_TABLES").expect("no disk to fill: run scripts/faults");
    let db = wait_for(database_in(&format!("{disk}/tables")));
    let fleet = Fleet::start(NODES, &["--database-url", db.url()]);
    let fill = fill_again_and_again(Path::new(&disk));
    ordeal("PostgreSQL has no room for tables for 6 s of every 9", &fleet, db.url(), |_| fill() * NODES);
}

#[test]
#[ignore = "it takes minutes and needs root; scripts/faults runs it"]
fn the_network_to_the_database_drops_packets() {
    let db = database();
    let network = env::var("PORTCULLIS_FAULT_NETWORK").expect("no network to disturb: run scripts/faults");
    let by = env::var("PORTCULLIS_FAULT_POSTGRES").unwrap();
    let by = format!("{by}/{}?sslmode=disable", name_in(db.url()));
    let fleet = Fleet::start_in(Some(&network), NODES, &["--database-url", &by, "--insecure-http"]);
    let rule = |how: &str, probability: &str| {
        for (chain, port) in [("OUTPUT", "--dport"), ("INPUT", "--sport")] {
            let packets = ["netns", "exec", &network, "iptables", how, chain, "-p", "tcp", port, "5432"];
            let chance = ["-m", "statistic", "--mode", "random", "--probability", probability, "-j", "DROP"];
            run("ip", &[&packets[..], &chance].concat());
        }
    };
    let disturb = |round: u64| {
        // Some of the packets in each direction; then every one, for longer than anyone waits; then none.
        let (probability, seconds) = if round.is_multiple_of(2) { ("0.2", 6) } else { ("1.0", 12) };
        rule("-A", probability);
        thread::sleep(Duration::from_secs(seconds));
        rule("-D", probability);
        thread::sleep(Duration::from_secs(4));
        NODES
    };
    ordeal("the network drops a fifth of the packets in each direction, or all", &fleet, db.url(), disturb);
}

#[test]
#[ignore = "it takes minutes and needs root; scripts/faults runs it"]
fn the_disk_of_a_file_is_full() {
    let disk = env::var("PORTCULLIS_FAULT_DISK").expect("no disk to fill: run scripts/faults");
    let disk = Path::new(&disk);
    let url = format!("sqlite:{}/portcullis.db", disk.display());
    let fleet = Fleet::start(1, &["--database-url", &url]);
    let fill = fill_again_and_again(disk);
    ordeal("the disk is full for 6 s of every 9", &fleet, &url, |_| fill());
}

/// What fills this disk for a while, once.
fn fill_again_and_again(disk: &Path) -> impl Fn() -> usize {
    let filler = disk.join("filler");
    move || {
        thread::sleep(Duration::from_secs(3));
        fill(&filler);
        thread::sleep(Duration::from_secs(6));
        fs::remove_file(&filler).unwrap();
        1
    }
}

/// Makes a file of this name that takes the last byte of its disk.
fn fill(name: &Path) {
    let mut file = File::create(name).unwrap();
    let mut some = vec![0; 1 << 20];
    while !some.is_empty() {
        if !file.write(&some).is_ok_and(|written| written > 0) {
            some.truncate(some.len() / 2);
        }
    }
}
