//! Whether the time of an answer tells who has an account: medians over turns in which every class has its go, since what
//! else the machine does comes and goes.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "a bench may stop")]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use portcullis::{
    Portcullis,
    account::{Accounts, Credentials, Email, Username},
    config::Config,
    password::{Forgetful, Password},
    session::Device,
    testing::Mailbox,
};

const TURNS: usize = 400;

async fn accounts(folder: &tempfile::TempDir) -> Accounts {
    let mut config = Config::new("https://id.example".parse().unwrap());
    config.insecure_no_limits = true;
    config.require_verified_email = true;
    let database = format!("sqlite:{}/portcullis.db", folder.path().display());
    let builder = Portcullis::builder().config(config).database(database);
    let portcullis = builder.mail_transport(Arc::new(Mailbox::new())).build().await.unwrap();
    let accounts = portcullis.accounts().clone();
    for name in ["known", "disabled"] {
        let email = format!("{name}@example.com");
        let registration = accounts.registration(name, &email, "correct horse battery staple", "").unwrap();
        let user = accounts.create_user(registration, Vec::new(), &Device::default()).await.unwrap();
        if name == "disabled" {
            accounts.disable_user(user.id, &Device::default()).await.unwrap();
        }
    }
    let unverified = accounts.registration("unverified", "un@example.com", "correct horse battery staple", "").unwrap();
    accounts.register(unverified, &Device::default()).await.unwrap();
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

fn print(title: &str, classes: &mut [(&str, Vec<Duration>)]) {
    println!("{title}, medians of {TURNS}");
    let median = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        times.get(times.len() / 2).copied().unwrap_or_default().as_secs_f64()
    };
    let mut first = None;
    for (class, times) in classes {
        let median = median(times);
        let ratio = median / *first.get_or_insert(median);
        println!("  {class:<24} {:>9.3} ms   {ratio:.3}", median * 1000.0);
    }
}

#[tokio::main]
async fn main() {
    // `cargo test` runs benches too, to see that they work.
    let turns = if std::env::args().any(|argument| argument == "--bench") { TURNS } else { 1 };
    let folder = tempfile::tempdir().unwrap();
    let accounts = accounts(&folder).await;
    let right = "correct horse battery staple";
    let mut logins = ["unknown", "wrong password", "disabled", "unverified"].map(|class| (class, Vec::new()));
    let mut mails = ["unknown address", "known address", "unknown name", "known name"].map(|class| (class, Vec::new()));
    let email = |text| Forgetful::Email(Email::parse(text).unwrap());
    let name = |text| Forgetful::Username(Username::parse(text).unwrap());
    let tries = [("nobody", right), ("known", "wrong"), ("disabled", right), ("unverified", right)];
    let asked = [email("nobody@example.com"), email("known@example.com"), name("nobody"), name("known")];
    // Who goes first changes, since whoever follows finds the machine as the one before left it.
    for turn in 0..turns {
        for class in (0..4).map(|place| (place + turn) % 4) {
            logins[class].1.push(login(&accounts, tries[class].0, tries[class].1).await);
        }
        for class in (0..4).map(|place| (place + turn) % 4) {
            mails[class].1.push(forgot(&accounts, asked[class].clone()).await);
        }
    }
    print("a login that fails", &mut logins);
    print("a new password asked for", &mut mails);
}
