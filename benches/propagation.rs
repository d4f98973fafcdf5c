//! How long it takes until a revocation is minded elsewhere: in another process on the same database, and by a guard
//! that follows the stream. `scripts/with-postgres cargo bench --all-features --bench propagation`; without the script it
//! measures on SQLite alone.
//!
//! The time is that from before the call that revokes, which ends when the database has committed, to the moment at
//! which the other set covers the token. The other process is another store and another set on the same database.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "bench code")]

use std::{
    convert::Infallible,
    future::ready,
    net::SocketAddr,
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
use tokio::{net::TcpListener, task::JoinSet, time::sleep};

const SAMPLES: usize = 500;
/// Between two revocations: no divisor of the time between two readings of the database.
const PACE: Duration = Duration::from_millis(37);
const PASSWORD: &str = "a good password";

#[tokio::main]
async fn main() {
    println!("{SAMPLES} revocations, one every {PACE:?}, in milliseconds");
    let folder = tempfile::tempdir().unwrap();
    measure("SQLite", &format!("sqlite:{}/bench.db", folder.path().display())).await;
    match std::env::var("PORTCULLIS_TEST_POSTGRES") {
        // The server is this bench's own, and so is its first database.
        Ok(url) => measure("PostgreSQL", &url).await,
        Err(_) => println!("PostgreSQL: not measured; PORTCULLIS_TEST_POSTGRES names no server"),
    }
}

async fn measure(database: &str, url: &str) {
    let key = SealingKey::generate().unwrap();
    let (one, other) = (open(url, &key).await, open(url, &key).await);
    let (operator, logins) = people(one.accounts()).await;
    let feed = follow(&one, operator).await;

    let other = other.revocations();
    let mut samples = JoinSet::new();
    for login in logins {
        let (accounts, sets) = (one.accounts().clone(), [other.clone(), feed.clone()]);
        samples.spawn(async move {
            let (user, session) = (login.session.user.to_string(), login.session.id.to_string());
            let [other, feed] = sets.map(|set| set.revoked(&user, Some(&session), None));
            let caller = Caller { user: login.session.user, session: Some(login.session.id) };
            let start = Instant::now();
            let took = async |revoked: Revoked| {
                revoked.await;
                start.elapsed()
            };
            let revoke = async { accounts.logout(caller, &Device::default()).await.unwrap() };
            let (other, feed, ()) = tokio::join!(took(other), took(feed), revoke);
            (other, feed)
        });
        sleep(PACE).await;
    }
    let (others, feeds): (Vec<_>, Vec<_>) = samples.join_all().await.into_iter().unzip();
    report(database, "another process on it", others);
    report(database, "a guard that follows the stream", feeds);
}

async fn open(url: &str, key: &SealingKey) -> Portcullis {
    let mut config = Config::new("http://localhost:8400".parse().unwrap());
    config.hashing.params = Argon2Params::insecure_for_tests(8, 1, 1).unwrap();
    config.insecure_no_limits = true;
    Portcullis::builder().config(config).database(url).master_key(key.clone()).build().await.unwrap()
}

/// An operator's token, and as many sessions as there will be samples.
async fn people(accounts: &Accounts) -> (String, Vec<Login>) {
    let device = Device::default();
    let registration = accounts.registration("bench-operator", "bench@example.com", PASSWORD, "").unwrap();
    accounts.create_user(registration, vec!["admin".to_owned()], &device).await.unwrap();
    let login = async || {
        let password = Password::parse(PASSWORD).unwrap();
        accounts.login(Credentials::new("bench-operator", password), &device).await.unwrap()
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

fn report(database: &str, who: &str, mut samples: Vec<Duration>) {
    samples.sort();
    let at = |percent: usize| samples[samples.len() * percent / 100].as_secs_f64() * 1000.0;
    let last = samples[samples.len() - 1].as_secs_f64() * 1000.0;
    println!("{database:10} {who:32} p50 {:7.1}   p99 {:7.1}   longest {last:7.1}", at(50), at(99));
}
