//! RFC 6238 appendix B, RFC 4226 appendix D, and the base32 of RFC 4648.

use std::{env, fs, path::Path};

use portcullis::{
    clock::Timestamp,
    totp::{TotpCode, TotpSecret, TotpWindow, verify_totp},
};
use serde_json::Value;
use totp_rs::{Algorithm, Builder, Secret};

fn vectors() -> Value {
    let folder = env::var("PORTCULLIS_VECTORS")
        .expect("the public test vectors are not found: set PORTCULLIS_VECTORS to the directory that holds them");
    serde_json::from_slice(&fs::read(Path::new(&folder).join("otp-rfc/otp_vectors.json")).unwrap()).unwrap()
}

fn bytes(hex: &Value) -> Vec<u8> {
    let hex = hex.as_str().unwrap();
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// The step whose code this is, as we see it at that moment and no other.
fn step(secret: &Value, code: &str, at: i64) -> Option<i64> {
    let secret = TotpSecret::from_bytes(bytes(secret).try_into().unwrap());
    verify_totp(&secret, &TotpCode::parse(code).unwrap(), TotpWindow::None, Timestamp::from_secs(at))
}

#[test]
fn tp_1_the_vectors_of_rfc_6238() {
    let mut checked = 0;
    for test in vectors()["rfc6238_appendix_b"]["tests"].as_array().unwrap() {
        let (at, code) = (test["unix_time"].as_i64().unwrap(), test["code"].as_str().unwrap());
        let algorithm = match test["algorithm"].as_str().unwrap() {
            "SHA1" => Algorithm::SHA1,
            "SHA256" => Algorithm::SHA256,
            "SHA512" => Algorithm::SHA512,
            other => panic!("{other}"),
        };
        // The library counts as the RFC does. Ours is one algorithm of it, and six digits, which are the last of eight.
        let secret = Secret::from(bytes(&test["secret_hex"]));
        let totp = Builder::new().with_algorithm(algorithm).with_digits(8).with_secret(secret).build_noncompliant();
        assert_eq!(totp.generate(at.try_into().unwrap()).to_string(), code);
        if algorithm == Algorithm::SHA1 {
            let expected = i64::from_str_radix(test["time_step_hex"].as_str().unwrap(), 16).unwrap();
            assert_eq!(step(&test["secret_hex"], &code[2..], at), Some(expected));
        }
        checked += 1;
    }
    assert_eq!(checked, 18);
}

#[test]
fn tp_1_the_vectors_of_rfc_4226() {
    let vectors = &vectors()["rfc4226_appendix_d"];
    let tests = vectors["tests"].as_array().unwrap();
    assert_eq!(tests.len(), 10);
    for test in tests {
        let counter = test["counter"].as_i64().unwrap();
        for at in [counter * 30, counter * 30 + 29] {
            assert_eq!(step(&vectors["secret_hex"], test["code"].as_str().unwrap(), at), Some(counter));
        }
    }
}

#[test]
fn tp_3_the_window_is_one_step_either_side_at_most() {
    let vectors = &vectors()["rfc4226_appendix_d"];
    let secret = TotpSecret::from_bytes(bytes(&vectors["secret_hex"]).try_into().unwrap());
    let code = TotpCode::parse(vectors["tests"][5]["code"].as_str().unwrap()).unwrap();
    let taken = |window, at| verify_totp(&secret, &code, window, Timestamp::from_secs(at)).is_some();
    let moments = [119, 120, 149, 150, 179, 180, 209, 210];
    assert_eq!(moments.map(|at| taken(TotpWindow::One, at)), [false, true, true, true, true, true, true, false]);
    assert_eq!(moments.map(|at| taken(TotpWindow::None, at)), [false, false, false, true, true, false, false, false]);
    // Before 1970 there are no steps.
    assert!(!taken(TotpWindow::One, -1) && !taken(TotpWindow::One, i64::MIN / 1000));
}

#[test]
fn secrets_are_typed_in_the_base32_of_rfc_4648() {
    for test in vectors()["rfc4648_base32"]["tests"].as_array().unwrap() {
        let (plain, encoded) = (test[0].as_str().unwrap(), test[1].as_str().unwrap());
        assert_eq!(Secret::from(plain.as_bytes()).to_base32(), encoded);
    }
    assert_eq!(
        TotpSecret::from_bytes(*b"foobarfoobarfoobarfo").to_base32().as_str(),
        "MZXW6YTBOJTG633CMFZGM33PMJQXEZTP"
    );
}
