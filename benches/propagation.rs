//! How long it takes until a revocation is minded elsewhere: on the two other of three nodes on one database, with the
//! notices of PostgreSQL and without them, and by a guard that follows the stream of the first.
//! `scripts/with-postgres cargo bench --all-features --bench propagation`; without `scripts/with-postgres` it measures
//! SQLite alone.
//!
//! The time is that from before the call that revokes, which ends when the database has committed, to the moment at
//! which the other set covers the token. A node is a store and a set of its own, all of them in this process.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "bench code")]

#[path = "support/reach.rs"]
mod reach;

use std::{
    convert::Infallible,
    future::ready,
    net::SocketAddr,
    num::NonZeroU32,
    time::{Duration, Instant},
};

use portcullis::{
    Portcullis,
    account::{Accounts, Caller, Credentials, Login},
    clock::{Clock, SystemClock},
    config::Config,
    password::{Argon2Params, Password},
    revocation::{RevocationFeed, RevocationSet, Revoked},
    secret::SealingKey,
    session::Device,
};
use reach::Table;
use tokio::{net::TcpListener, task::JoinSet, time::sleep};

const SAMPLES: usize = 500;
/// Between two revocations: no divisor of the time between two readings of the database.
const PACE: Duration = Duration::from_millis(37);
const PASSWORD: &str = "a good password";

#[tokio::main]
async fn main() {
    println!("{SAMPLES} revocations, one every {PACE:?}");
    let folder = tempfile::tempdir().unwrap();
    let key = SealingKey::generate().unwrap();
    let mut table = Table::default();
    measure(&mut table, "SQLite", &format!("sqlite:{}/bench.db", folder.path().display()), &key, "ada").await;
    match std::env::var("PORTCULLIS_TEST_POSTGRES") {
        // The server is this bench's own, and so is its first database.
        Ok(url) => {
            measure(&mut table, "PostgreSQL", &url, &key, "ada").await;
            let separator = if url.contains('?') { '&' } else { '?' };
            measure(&mut table, "PostgreSQL, no notices", &format!("{url}{separator}listen=off"), &key, "bob").await;
        }
        Err(_) => println!("PostgreSQL: not measured; PORTCULLIS_TEST_POSTGRES names no server"),
    }
    table.print();
}

/// Measures it with the sessions of one operator, whom the database does not know yet.
async fn measure(table: &mut Table, database: &str, url: &str, key: &SealingKey, operator: &str) {
    let (one, two, three) = (open(url, key).await, open(url, key).await, open(url, key).await);
    let (operator, logins) = people(one.accounts(), operator).await;
    let feed = follow(&one, operator).await;

    let mut samples = JoinSet::new();
    for login in logins {
        let (accounts, sets) = (one.accounts().clone(), [two.revocations(), three.revocations(), feed.clone()]);
        samples.spawn(async move {
            let (user, session) = (login.session.user.to_string(), login.session.id.to_string());
            let [two, three, feed] = sets.map(|set| set.revoked(&user, Some(&session), None));
            let caller = Caller { user: login.session.user, session: Some(login.session.id) };
            let start = Instant::now();
            let took = async |revoked: Revoked| {
                revoked.await;
                start.elapsed()
            };
            let revoke = async { accounts.logout(caller, &Device::default()).await.unwrap() };
            let (two, three, feed, ()) = tokio::join!(took(two), took(three), took(feed), revoke);
            [two, three, feed]
        });
        sleep(PACE).await;
    }
    let samples = samples.join_all().await;
    let of = |pick: fn(&[Duration; 3]) -> Duration| samples.iter().map(pick).collect();
    report(table, database, "the second node", of(|[two, ..]| *two));
    report(table, database, "the third node", of(|[_, three, _]| *three));
    report(table, database, "both of them", of(|[two, three, _]| *two.max(three)));
    report(table, database, "a guard that follows the stream", of(|[.., feed]| *feed));
}

async fn open(url: &str, key: &SealingKey) -> Portcullis {
    let mut config = Config::new("http://localhost:8400".parse().unwrap());
    config.hashing.params = Argon2Params::insecure_for_tests(8, 1, 1).unwrap();
    config.insecure_no_limits = true;
    config.session_cap = NonZeroU32::MAX;
    Portcullis::builder().config(config).database(url).master_key(key.clone()).build().await.unwrap()
}

/// An operator's token, and as many sessions as there will be samples.
async fn people(accounts: &Accounts, name: &str) -> (String, Vec<Login>) {
    let device = Device::default();
    let registration = accounts.registration(name, &format!("{name}@example.com"), PASSWORD, "").unwrap();
    accounts.create_user(registration, vec!["admin".to_owned()], &device).await.unwrap();
    let login = async || {
        let password = Password::parse(PASSWORD).unwrap();
        accounts.login(Credentials::new(name, password), &device).await.unwrap()
    };
    let operator = login().await.access_token.expose().to_owned();
    let mut logins = Vec::new();
    for _ in 0..SAMPLES {
        logins.push(login().await);
    }
    (operator, logins)
}

/// The set of a guard that follows these accounts over loopback, once it is current.
async fn follow(portcullis: &Portcullis, token: String) -> RevocationSet {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/auth/revocations", listener.local_addr().unwrap());
    let routes = portcullis.router().into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    let bearer = move || ready(Ok::<_, Infallible>(token.clone()));
    let set = RevocationFeed::follow(url).bearer(bearer).insecure_http().build().unwrap();
    while !set.is_current(SystemClock.now()) {
        sleep(Duration::from_millis(5)).await;
    }
    set
}

fn report(table: &mut Table, database: &str, who: &str, mut samples: Vec<Duration>) {
    samples.sort();
    let at = |percent: usize| samples[samples.len() * percent / 100].as_secs_f64() * 1000.0;
    let last = samples[samples.len() - 1].as_secs_f64() * 1000.0;
    // Between nodes on PostgreSQL, and wherever its notices are lost.
    let most = if database == "PostgreSQL" { 100.0 } else { 2000.0 };
    let what = format!("{database}: milliseconds until a revocation is minded by {who}");
    let measured = format!("p50 {:.1}, p99 {:.1}, longest {last:.1}", at(50), at(99));
    table.row(&what, &format!("p99 ≤ {most}"), &measured, at(99) <= most);
}
