//! A thousand users and a million, side by side: how long they take to load, to find, to log in, to refresh and to start
//! with. `PORTCULLIS_POSTGRES_DURABLE=yes scripts/with-postgres cargo bench --bench million`; without the script, on SQLite
//! alone. `-- 100000` takes fewer than a million.
//!
//! Everyone has a session with its refresh token, and an API key. Who is asked for is chosen at random among all.
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
#[path = "support/crowd.rs"]
mod crowd;
#[path = "../tests/server/process.rs"]
#[allow(dead_code, unreachable_pub, clippy::expect_used, reason = "the tests use more of it")]
mod process;
#[path = "support/reach.rs"]
mod reach;
#[path = "support/rounds.rs"]
mod rounds;

use std::{
    env, fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use client::get;
use crowd::{Kind, Site};
use process::Server;
use reach::Table;
use rounds::{Row, run};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::runtime::Runtime;

const FEW: usize = 1_000;
const ROUNDS: usize = 11;
const STARTS: usize = 5;

fn main() {
    let many = env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(1_000_000);
    let (runtime, folder) = (Runtime::new().unwrap(), tempfile::tempdir().unwrap());
    let file = |users: usize| format!("sqlite:{}/{users}.db", folder.path().display());
    measure("SQLite", &runtime, folder.path(), &[FEW, many].map(|users| (users, file(users))));
    match env::var("PORTCULLIS_TEST_POSTGRES") {
        Ok(server) => {
            let database = |users: usize| (users, runtime.block_on(create(&server, users)));
            measure("PostgreSQL", &runtime, folder.path(), &[FEW, many].map(database));
        }
        Err(_) => println!("PostgreSQL: not measured; PORTCULLIS_TEST_POSTGRES names no server"),
    }
}

/// A database of this bench's own on a server that is.
async fn create(server: &str, users: usize) -> String {
    let mut connection = PgConnection::connect(server).await.unwrap();
    let name = format!("users_{users}");
    sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut connection).await.unwrap();
    server.replacen("/postgres?", &format!("/{name}?"), 1)
}

fn measure(database: &str, runtime: &Runtime, folder: &Path, of: &[(usize, String); 2]) {
    println!("\n{database}: median of {ROUNDS} rounds (best of them)\n");
    let mut table = Table::default();
    let ratio = |table: &mut Table, what: &str, ratio| {
        table.at_most(&format!("{database}, from {} users to {}: {what}", of[0].0, of[1].0), 1.3, ratio);
    };
    let folders = of.each_ref().map(|(users, url)| {
        let folder = folder.join(format!("{database}-{users}"));
        fs::create_dir(&folder).unwrap();
        crowd::load(&folder, url, *users);
        folder
    });
    let sites: Vec<_> =
        of.iter().zip(&folders).map(|((users, url), at)| Site::open(runtime, at, url, *users)).collect();
    let sites = [&sites[0], &sites[1]];
    for kind in Kind::ALL {
        let rows = sites.map(|site| Row::timed("", 500, |times| site.find(kind, times)));
        let (what, took) = (format!("{kind:?} found"), compare(&format!("{kind:?}"), rows));
        ratio(&mut table, &what, took);
    }
    let login = compare("login, 8 at a time", sites.map(|site| Row::timed("", 24, |times| site.log_in(times))));
    let refresh = compare("refresh, 8 at a time", sites.map(|site| Row::timed("", 240, |times| site.refresh(times))));
    ratio(&mut table, "a login", login);
    ratio(&mut table, "a refresh", refresh);

    let start = |place: usize| start(&folders[place], &of[place].1);
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..STARTS {
        times[0].push(start(0));
        times[1].push(start(1));
    }
    let [few, many] = times.map(|mut times| {
        times.sort();
        times[STARTS / 2]
    });
    println!("{:28} {few:12.0?} {many:12.0?}", "start to ready");
    let what = format!("{database}, {} users: start to ready", of[1].0);
    table.row(&what, "≤ 200 ms", &format!("{many:.0?}"), many.as_millis() <= 200);
    table.print();
}

/// Prints how long one takes with few users and with many, how many a second that makes, and the ratio, which it gives.
fn compare(what: &str, [mut few, mut many]: [Row<'_>; 2]) -> f64 {
    run(ROUNDS, &mut [&mut few, &mut many]);
    let [of_few, of_many] = [&few, &many].map(Row::nanos);
    println!(
        "{what:28} {:8.0} ({:.0}) µs, {:6.0}/s {:8.0} ({:.0}) µs, {:6.0}/s   x {:.2}",
        of_few.0 / 1e3,
        of_few.1 / 1e3,
        1e9 / of_few.0,
        of_many.0 / 1e3,
        of_many.1 / 1e3,
        1e9 / of_many.0,
        many.ratio(&few)
    );
    many.ratio(&few)
}

fn start(folder: &Path, url: &str) -> Duration {
    let start = Instant::now();
    let server = Server::start(folder, &["--database-url", url]);
    while get(server.address, "/readyz").status != 200 {
        thread::sleep(Duration::from_millis(1));
    }
    start.elapsed()
}
