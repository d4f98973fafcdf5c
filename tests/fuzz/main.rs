//! What the fuzz targets judge, judged here on generated input: a short run with every other test.
#![cfg(all(feature = "server", feature = "testing"))]
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
mod pieces;

use std::{cell::RefCell, fs, path::Path};

use judge::{body, config, cookie, import, next, path, token, webauthn};
use pieces::{ANSWERS, BODIES, COOKIES, LINKS, PATHS, TOKENS, USERS};
use proptest::{collection::vec, prelude::*, sample::select};

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
    fn no_cookie_lets_in_whom_it_must_not(text in pieces(COOKIES), any in vec(any::<u8>(), 0..40)) {
        cookie::judge(&text);
        cookie::judge(&[b"sid=\x01; ", any.as_slice()].concat());
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

#[test]
fn no_file_of_users_is_half_read() {
    let judge = RefCell::new(import::Judge::new());
    proptest!(|(text in pieces(USERS), any in vec(any::<u8>(), 0..60))| {
        judge.borrow_mut().judge(&text);
        judge.borrow_mut().judge(&any);
    });
}

#[test]
fn no_link_leads_a_login_where_it_must_not() {
    let judge = RefCell::new(next::Judge::new());
    proptest!(|(form in select(b"nqph".as_slice()), link in pieces(LINKS), any in vec(any::<u8>(), 0..40))| {
        judge.borrow_mut().judge(&[&[form], link.as_slice()].concat());
        judge.borrow_mut().judge(&[&[form, b'/'], link.as_slice()].concat());
        judge.borrow_mut().judge(&[&[form], any.as_slice()].concat());
    });
}

#[test]
fn no_answer_of_a_key_is_taken_for_what_it_is_not() {
    let judge = RefCell::new(webauthn::Judge::new());
    proptest!(|(form in select(b"carmCASIPOERMD".as_slice()), text in pieces(ANSWERS), any in vec(any::<u8>(), 0..12))| {
        judge.borrow_mut().judge(&[&[form], text.as_slice()].concat());
        judge.borrow_mut().judge(&[&[form], any.as_slice()].concat());
    });
}

#[test]
fn no_body_is_answered_with_a_failure() {
    let judge = RefCell::new(body::Judge::new());
    proptest!(|(route in vec(any::<u8>(), 1..3), who in any::<u8>(), text in pieces(BODIES))| {
        let line: Vec<_> = route.into_iter().filter(|byte| *byte != b'\n').collect();
        judge.borrow_mut().judge(&[&line, b"\n".as_slice(), &[who], &text].concat());
    });
}

/// Which of the seeds are let in.
fn let_in(target: &str, mut judge: impl FnMut(&[u8]) -> bool) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let mut seeds: Vec<_> = fs::read_dir(folder).unwrap().map(|seed| seed.unwrap().path()).collect();
    // One after the other in a fixed order, since some leave something behind for the next.
    seeds.sort();
    let let_in = seeds.iter().filter(|seed| judge(&fs::read(seed).unwrap()));
    let_in.map(|seed| seed.file_name().unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn the_seeds_of_what_is_read_reach_both_verdicts() {
    assert_eq!(
        let_in("token", token::judge),
        ["both", "claims", "every-claim", "header", "header-without-kid", "segments", "value"]
    );
    assert_eq!(let_in("path", path::judge), ["absolute", "file", "name", "open", "optional"]);
    assert_eq!(let_in("cookie", cookie::judge), ["among", "blanks", "explicit", "one", "quoted", "second-header"]);
    assert_eq!(
        let_in("config", config::judge),
        [
            "algorithm",
            "argon2",
            "audience-url",
            "empty",
            "links",
            "links-dotted",
            "listen",
            "lists",
            "number",
            "parameter-two-ways",
            "postgres",
            "public",
            "smtp",
            "spans",
            "switch"
        ]
    );
}

#[test]
fn the_seeds_of_what_a_server_is_asked_reach_both_verdicts() {
    let (mut import_judge, mut body_judge) = (import::Judge::new(), body::Judge::new());
    let (mut webauthn_judge, mut next_judge) = (webauthn::Judge::new(), next::Judge::new());
    assert_eq!(
        let_in("import", |seed| import_judge.judge(seed)),
        ["all", "argon2", "array", "django", "django-lines", "mark", "one", "repeats", "same-id", "two"]
    );
    assert_eq!(
        let_in("body", |seed| body_judge.judge(seed)),
        [
            "admin-create",
            "admin-disable",
            "admin-member",
            "admin-reset",
            "admin-roles",
            "api-key",
            "change-email",
            "change-password",
            "forgot",
            "leave",
            "login",
            "logout",
            "me",
            "reauthenticate",
            "register",
            "totp-setup"
        ]
    );
    assert_eq!(
        let_in("webauthn", |seed| webauthn_judge.judge(seed)),
        [
            "client",
            "client-more",
            "client-same-origin",
            "data",
            "data-counted",
            "data-extended",
            "data-not-backed-up",
            "member-attachment",
            "member-extensions",
            "new-bytes-model",
            "new-bytes-statement",
            "new-client",
            "new-data",
            "new-data-bound-to-device",
            "new-data-extended",
            "new-id-1",
            "new-id-1023",
            "new-member-attachment",
            "new-member-transports",
            "new-object",
            "new-object-other-order",
            "new-object-with-statement",
            "new-public-key",
            "new-public-key-p256-as-es384",
            "new-public-key-rsa",
            "new-public-key-twice",
            "new-security-key",
        ]
    );
    assert_eq!(
        let_in("next", |seed| next_judge.judge(seed)),
        [
            "host-absolute",
            "host-login",
            "host-query",
            "open-absolute",
            "open-account",
            "open-authority",
            "open-page",
            "query-fragment",
            "query-more",
            "query-name-escaped",
            "query-semicolon",
            "to-app",
            "to-app-root",
            "to-localhost",
            "to-long",
            "to-own-origin",
            "to-page",
            "to-page-escaped",
            "to-page-with-query",
            "to-root",
            "to-slashes-in-query",
        ]
    );
}
