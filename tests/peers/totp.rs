//! Codes, against those of other authenticators.

use std::{process::Command, thread};

use portcullis::{
    clock::Timestamp,
    secret::random_bytes,
    totp::{TotpCode, TotpSecret, TotpWindow, generate_totp_secret, totp_provisioning_uri, verify_totp},
};
use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

use crate::peer::Peer;

const ROUNDS: usize = 10_000;

/// A random moment between 1970 and 2242.
fn moment() -> Timestamp {
    Timestamp::from_secs(i64::from(u32::from_be_bytes(random_bytes().unwrap())) * 2)
}

/// Secrets of ours and when they are used.
fn ours() -> Vec<(TotpSecret, Timestamp)> {
    (0..ROUNDS).map(|_| (generate_totp_secret().unwrap(), moment())).collect()
}

/// What an app that knows the secret shows then.
fn shown(secret: &TotpSecret, at: Timestamp) -> String {
    let totp = Builder::new().with_secret(Secret::from(*secret.expose())).build_noncompliant();
    totp.generate(at.as_secs().try_into().unwrap()).to_string()
}

/// Whether we take the code then, and not the one after it in number.
#[track_caller]
fn check(secret: &TotpSecret, code: &str, at: Timestamp) {
    let taken = |code: &str| verify_totp(secret, &TotpCode::parse(code).unwrap(), TotpWindow::None, at);
    assert_eq!(taken(code), Some(at.as_secs() / 30), "{at:?}");
    let other = (code.parse::<u32>().unwrap() + 1) % 1_000_000;
    assert_eq!(taken(&format!("{other:06}")), None, "{at:?}");
}

#[test]
fn tp_1_pyotp_reads_our_uri_and_we_take_its_codes() {
    let secrets = ours();
    let questions: Vec<_> = secrets
        .iter()
        .map(|(secret, at)| {
            let uri = totp_provisioning_uri(secret, "Ada & Söhne", "ada+notes@example.com");
            json!({"do": "read", "uri": uri, "at": at.as_secs()})
        })
        .collect();
    for ((secret, at), answer) in secrets.iter().zip(Peer::PyOtp.ask(&questions)) {
        assert_eq!(answer["secret"], secret.to_base32().as_str());
        assert_eq!((&answer["issuer"], &answer["name"]), (&json!("Ada & Söhne"), &json!("ada+notes@example.com")));
        assert_eq!((&answer["digits"], &answer["interval"]), (&json!(6), &json!(30)));
        check(secret, answer["code"].as_str().unwrap(), *at);
    }
}

#[test]
fn tp_1_pyotp_takes_the_codes_that_we_take() {
    let secrets = ours();
    let questions: Vec<_> = secrets
        .iter()
        .map(|(secret, at)| {
            let code = shown(secret, *at);
            check(secret, &code, *at);
            json!({"do": "verify", "secret": secret.to_base32().as_str(), "code": code, "at": at.as_secs()})
        })
        .collect();
    let answers = Peer::PyOtp.ask(&questions);
    assert!(answers.iter().all(|answer| answer["right"] == Value::Bool(true)));
}

#[test]
fn tp_1_oathtool_shows_the_codes_that_we_take_and_takes_those_shown_here() {
    let secrets = ours();
    thread::scope(|scope| {
        for part in secrets.chunks(ROUNDS / 4) {
            scope.spawn(move || {
                for (secret, at) in part {
                    let (code, is_right) = oathtool(secret, *at, None);
                    assert!(is_right);
                    check(secret, &code, *at);
                    assert!(oathtool(secret, *at, Some(&shown(secret, *at))).1);
                }
            });
        }
    });
    let (secret, at) = &secrets[0];
    let other = shown(secret, Timestamp::from_secs(at.as_secs() + 60));
    assert!(!oathtool(secret, *at, Some(&other)).1);
}

/// What oathtool shows, or whether it takes a code.
fn oathtool(secret: &TotpSecret, at: Timestamp, code: Option<&str>) -> (String, bool) {
    let mut command = Command::new("oathtool");
    command.args(["--totp", "--base32", "--now", &format!("@{}", at.as_secs()), secret.to_base32().as_str()]);
    let output = command.args(code).output().unwrap_or_else(|error| {
        panic!("oathtool cannot be started ({error}): scripts/test installs it, or `apt-get install oathtool`")
    });
    (String::from_utf8(output.stdout).unwrap().trim().to_owned(), output.status.success())
}
