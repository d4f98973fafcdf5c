//! What the fuzz targets judge, judged here on generated input: a short run with every other test.
#![cfg(feature = "testing")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub,
    missing_docs,
    reason = "test code"
)]

#[path = "../../fuzz/src/lib.rs"]
mod judge;

use std::{fs, path::Path};

use judge::{path, token};
use proptest::{collection::vec, prelude::*, sample::select};

const PATHS: &[&str] = &[
    "/", "/", "/", "//", "open", "maybe", "static", "files", "admin", "admin", "secret", ".", "..", "%2e", "%2E",
    "%2f", "%5c", "\\", "%61dmin", "%6fpen", "%25", "%", "2e", "61", ";", ";x", "%3b", "a", "%20", "%C3%BC", "%FF",
    "%00", "~", "*", "?",
];

const TOKENS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    " ",
    "\n",
    "\"",
    "\\u0061",
    "\"alg\":\"HS256\"",
    "\"alg\":\"none\"",
    "\"typ\":\"at+jwt\"",
    "\"typ\":\"JWT\"",
    "\"kid\":",
    "\"crit\":",
    "\"jwk\":",
    "\"iss\":\"i\"",
    "\"aud\":\"a\"",
    "\"aud\":[\"a\"]",
    "\"sub\":\"u\"",
    "\"exp\":1800000900",
    "\"iat\":1800000000",
    "\"exp\":",
    "\"nbf\":",
    "\"x\":",
    "null",
    "1e9",
    "-1",
    "true",
    "\"\"",
    "Bearer ",
    ".",
    "eyJ",
    "=",
];

fn pieces(of: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    vec(select(of), 0..14).prop_map(|pieces| pieces.concat().into_bytes())
}

proptest! {
    #[test]
    fn no_path_lets_in_whom_it_must_not(method in any::<u8>(), path in pieces(PATHS), any in vec(any::<u8>(), 0..40)) {
        path::judge(&[&[method], b"/".as_slice(), &path].concat());
        path::judge(&[&[method], any.as_slice()].concat());
    }

    #[test]
    fn no_credential_lets_in_whom_it_must_not(
        form in select(b"hcbsv".as_slice()),
        text in pieces(TOKENS),
        any in vec(any::<u8>(), 0..60),
    ) {
        token::judge(&[&[form], text.as_slice()].concat());
        token::judge(&[&[form], any.as_slice()].concat());
    }

    #[test]
    fn claims_in_any_order_are_let_in_once_each(
        claims in Just([
            r#""iss":"i""#, r#""aud":"a""#, r#""sub":"u""#, r#""iat":1800000000"#, r#""exp":1800000900"#, r#""x":[{}]"#,
        ]).prop_shuffle(),
        twice in 0..6_usize,
    ) {
        let judged = |claims: String| token::judge(format!("c{{{claims}}}").as_bytes());
        let (claims, again) = (claims.join(","), claims[twice]);
        let is_let_in = judged(claims.clone());
        prop_assert!(is_let_in);
        let is_let_in_twice = judged(format!("{claims},{again}"));
        prop_assert!(!is_let_in_twice);
    }
}

/// Which of the seeds are let in.
fn let_in(target: &str, judge: fn(&[u8]) -> bool) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let seeds = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let let_in = seeds.filter(|seed| judge(&fs::read(seed.path()).unwrap()));
    let mut names: Vec<_> = let_in.map(|seed| seed.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_seeds_reach_both_verdicts() {
    assert_eq!(
        let_in("token", token::judge),
        ["both", "claims", "every-claim", "header", "header-without-kid", "segments", "value"]
    );
    assert_eq!(let_in("path", path::judge), ["absolute", "file", "name", "open", "optional"]);
}
