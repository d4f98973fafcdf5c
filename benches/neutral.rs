//! Whether the time of an answer tells who has an account: medians over turns in which every class has its go, since what
//! else the machine does comes and goes. On SQLite, and on PostgreSQL too where `PORTCULLIS_TEST_POSTGRES` names a server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub,
    unused_macros,
    unused_imports,
    reason = "a bench may stop"
)]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use portcullis::{
    Portcullis,
    account::{Accounts, Credentials, Email, Username},
    config::Config,
    password::{Forgetful, Password},
    secret::SealingKey,
    session::Device,
    testing::Mailbox,
};

use crate::{db::TestDb, reach::Table};

#[path = "../tests/support/db.rs"]
mod db;
#[path = "support/reach.rs"]
mod reach;

const TURNS: usize = 600;

/// How many accounts there are beside those that are asked for.
const OTHERS: usize = 200;

async fn accounts(db: &TestDb) -> Accounts {
    let mut config = Config::new("https://id.example".parse().unwrap());
    config.insecure_no_limits = true;
    config.require_verified_email = true;
    let builder =
        Portcullis::builder().config(config).store(db.store.clone()).master_key(SealingKey::generate().unwrap());
    let portcullis = builder.mail_transport(Arc::new(Mailbox::new())).build().await.unwrap();
    let accounts = portcullis.accounts().clone();
    let others = (0..OTHERS).map(|number| format!("other{number}"));
    for name in ["known", "disabled"].map(str::to_owned).into_iter().chain(others) {
        let email = format!("{name}@example.com");
        let registration = accounts.registration(&name, &email, "correct horse battery staple", "").unwrap();
        let user = accounts.create_user(registration, Vec::new(), &Device::default()).await.unwrap();
        if name == "disabled" {
            accounts.disable_user(user.id, &Device::default()).await.unwrap();
        }
    }
    let unverified = accounts.registration("unverified", "un@example.com", "correct horse battery staple", "").unwrap();
    accounts.register(unverified, &Device::default()).await.unwrap();
    accounts.deliver_mail().await.unwrap();
    accounts
}

async fn login(accounts: &Accounts, name: &str, password: &str) -> Duration {
    let credentials = Credentials::new(name, Password::parse(password).unwrap());
    let start = Instant::now();
    accounts.login(credentials, &Device::default()).await.unwrap_err();
    start.elapsed()
}

async fn forgot(accounts: &Accounts, who: Forgetful) -> Duration {
    let start = Instant::now();
    accounts.forgot_password(who, &Device::default()).await.unwrap();
    let took = start.elapsed();
    // What follows for those who exist is not to be felt by whoever comes next.
    accounts.deliver_mail().await.unwrap();
    took
}

/// Prints the medians of these classes, and how far each is from the first of them.
fn print(table: &mut Table, title: &str, classes: &mut [(&str, Vec<Duration>)]) {
    println!("{title}");
    let median = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        times.get(times.len() / 2).copied().unwrap_or_default().as_secs_f64()
    };
    let mut first: Option<(&str, f64)> = None;
    for (class, times) in classes {
        let median = median(times);
        println!("  {class:<24} {:>9.3} ms", median * 1000.0);
        let Some((other, least)) = first else {
            first = Some((class, median));
            continue;
        };
        let ratio = median / least;
        let (what, measured) = (format!("{title}: {class}, against {other}"), format!("{ratio:.3} ×"));
        table.row(&what, "0.95 to 1.05 ×", &measured, (0.95..=1.05).contains(&ratio));
    }
}

/// The numbers below four in an order of their own for every turn: whoever follows finds the machine as the one before
/// left it, so nobody must always follow the same one.
fn order(turn: usize) -> [usize; 4] {
    let mut order = [0, 1, 2, 3];
    let mut random = (turn as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    for place in (1..order.len()).rev() {
        random ^= random >> 29;
        random = random.wrapping_mul(0xBF58_476D_1CE4_E5B9);
        order.swap(place, usize::try_from(random >> 33).unwrap() % (place + 1));
    }
    order
}

async fn measure(table: &mut Table, database: &str, db: TestDb, turns: usize) {
    let accounts = accounts(&db).await;
    let right = "correct horse battery staple";
    let mut logins = ["unknown", "wrong password", "disabled", "unverified"].map(|class| (class, Vec::new()));
    let mut mails = ["unknown address", "known address", "unknown name", "known name"].map(|class| (class, Vec::new()));
    let email = |text| Forgetful::Email(Email::parse(text).unwrap());
    let name = |text| Forgetful::Username(Username::parse(text).unwrap());
    let tries = [("nobody", right), ("known", "wrong"), ("disabled", right), ("unverified", right)];
    let asked = [email("nobody@example.com"), email("known@example.com"), name("nobody"), name("known")];
    for turn in 0..turns {
        for class in order(2 * turn) {
            logins[class].1.push(login(&accounts, tries[class].0, tries[class].1).await);
        }
        for class in order(2 * turn + 1) {
            mails[class].1.push(forgot(&accounts, asked[class].clone()).await);
        }
    }
    print(table, &format!("{database}: a login that fails"), &mut logins);
    // Whether a name or an address was typed is no secret; whose it is must not be told by either.
    let (by_address, by_name) = mails.split_at_mut(2);
    print(table, &format!("{database}: a new password asked for"), by_address);
    print(table, &format!("{database}: a new password asked for"), by_name);
}

#[tokio::main]
async fn main() {
    // `cargo test` runs benches too, to see that they work.
    let turns = if std::env::args().any(|argument| argument == "--bench") { TURNS } else { 1 };
    println!("medians of {turns}");
    let mut table = Table::default();
    measure(&mut table, "SQLite", TestDb::sqlite().await, turns).await;
    if std::env::var_os("PORTCULLIS_TEST_POSTGRES").is_some() {
        measure(&mut table, "PostgreSQL", TestDb::postgres().await, turns).await;
    }
    table.print();
}
