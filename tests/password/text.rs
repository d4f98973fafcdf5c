//! Which texts are one password, and which are two.

use portcullis::password::{Verdict, hash_password, verify_password};

use crate::support::{cheap_pool, password};

async fn are_one(set: &str, given: &str) -> bool {
    let pool = cheap_pool();
    let stored = pool.hash(password(set)).await.unwrap();
    pool.verify(password(given), Some(stored)).await.unwrap() != Verdict::NoMatch
}

#[tokio::test]
async fn pw_4_every_byte_counts() {
    for differing in [0, 72, 73, 256, 1000, 1023] {
        let mut other = "x".repeat(1024);
        other.replace_range(differing..=differing, "y");
        assert!(are_one(&other, &other).await);
        assert!(!are_one(&"x".repeat(1024), &other).await, "byte {differing}");
    }
}

#[tokio::test]
async fn pw_4_nothing_is_trimmed_folded_or_cut_at_nul() {
    for (set, given) in [
        ("password", "password "),
        ("password", " password"),
        ("password", "password\n"),
        ("password", "Password"),
        ("stra\u{df}e", "strasse"),
        ("a\0b", "a\0c"),
        ("a\0b", "a"),
    ] {
        assert!(are_one(set, set).await);
        assert!(!are_one(set, given).await, "{set:?} and {given:?}");
        assert!(!are_one(given, set).await, "{given:?} and {set:?}");
    }
}

#[tokio::test]
async fn pw_5_canonical_equivalents_are_one_password() {
    for (nfc, nfd) in [("caf\u{e9}", "cafe\u{301}"), ("\u{c5}", "\u{212b}"), ("\u{d55c}", "\u{1112}\u{1161}\u{11ab}")] {
        assert!(are_one(nfd, nfc).await);
        assert!(are_one(nfc, nfd).await);
    }
}

#[tokio::test]
async fn pw_5_compatibility_equivalents_are_not() {
    for (one, other) in [("\u{fb01}nd", "find"), ("\u{ff41}bc", "abc"), ("x\u{b2}", "x2")] {
        assert!(!are_one(one, other).await);
    }
}

#[test]
fn pw_5_the_free_functions_normalise_too() {
    let stored = hash_password("cafe\u{301}").unwrap();
    assert!(verify_password("caf\u{e9}", &stored));
    assert!(!verify_password("cafe", &stored));
}

#[test]
fn pw_2_the_free_functions_refuse_what_is_too_long() {
    let long = "x".repeat(1025);
    assert_eq!(hash_password(&long).unwrap_err().to_string(), "the password is too long");
    assert!(!verify_password(&long, &hash_password(&long[..1024]).unwrap()));
}

#[tokio::test]
async fn nothing_secret_shows_in_debug() {
    let pool = cheap_pool();
    let hash = pool.hash(password("hunter42")).await.unwrap();
    let shown = format!("{:?} {hash:?} {pool:?}", password("hunter42"));
    assert!(!shown.contains("hunter42") && !shown.contains("argon2id"), "{shown}");
}
