//! The direction of imports in `src/`, as a table, and a test that fails where a file breaks it.
//!
//! A request goes one way, guard → http → room → store, and never back. What a file names is read from its tokens, so
//! that comments and strings do not count and a path written inline counts like an import. Code under `#[cfg(test)]`
//! may name what it likes.
//!
//! `crowds` is about the tests, not about `src/` alone.

#![allow(clippy::unwrap_used, reason = "test code")]

#[path = "architecture/crowds.rs"]
mod crowds;
#[path = "architecture/names.rs"]
mod names;

use std::{collections::BTreeMap, fs, path::Path};

/// The rooms of `src/`: a folder or a file each. A new one is added here, and to the rules below that hold for it.
const ROOMS: &[&str] = &[
    "access",
    "account",
    "api_key",
    "audit",
    "axum",
    "bin",
    "brand",
    "catalogue",
    "clock",
    "config",
    "error",
    "flow",
    "guard",
    "guide",
    "http",
    "import",
    "jwt",
    "jwt/remote",
    "lib",
    "mail",
    "metrics",
    "one_time",
    "passkey",
    "password",
    "portcullis",
    "pages",
    "principal",
    "recovery",
    "revocation",
    "revocation/feed",
    "secret",
    "session",
    "store",
    "store/transfer",
    "templates",
    "testing",
    "throttle",
    "totp",
    "vault",
];

/// Rooms that the design has and that may not be there yet.
const PLANNED: &[&str] = &[];

/// The rooms below `http`: they decide, and know neither HTTP nor SQL.
const DECIDE: &[&str] = &[
    "access",
    "account",
    "api_key",
    "audit",
    "flow",
    "import",
    "mail",
    "metrics",
    "one_time",
    "passkey",
    "password",
    "recovery",
    "revocation",
    "session",
    "throttle",
    "totp",
    "vault",
];

/// What HTTP is made of, in crates and in rooms.
const HTTP: &[&str] = &[
    "axum",
    "axum_core",
    "http",
    "http_body",
    "http_body_util",
    "hyper",
    "hyper_util",
    "tower",
    "tower_http",
    "tower_layer",
    "tower_service",
    "crate::axum",
    "crate::http",
    "crate::pages",
];

/// What may be named in these rooms and nowhere else.
const ONLY: &[(&[&str], &[&str])] = &[
    (&["sqlx", names::SQL_TEXT], &["store", "store/transfer"]),
    // A statement is constant text, and what comes from outside travels beside it. Only whoever moves every table there is
    // makes statements of the names that the schema gives them.
    (&["sqlx::AssertSqlSafe"], &["store/transfer"]),
    // `portcullis` puts the parts together and hands out their router.
    (&["axum", "axum_core"], &["axum", "bin", "http", "pages", "portcullis"]),
    (&["jsonwebtoken"], &["jwt"]),
    // Keys are replaced while they are used, and so are tokens that are remembered.
    (&["arc_swap"], &["jwt", "jwt/remote"]),
    (&["triomphe"], &["principal"]),
    // What fetches keys, and nothing else that goes out into the network by itself.
    (&["hyper_rustls", "hyper_util::client", "rustls", "webpki_roots"], &["jwt/remote"]),
    (&["argon2", "bcrypt", "scrypt", "zxcvbn"], &["password"]),
    (&["fast_qr", "totp_rs"], &["totp"]),
    (&["webauthn_rs"], &["passkey", "testing"]),
    (&["lettre"], &["mail"]),
    (&["minijinja"], &["mail", "pages", "templates"]),
    (&["matchit", "regex_automata", "regex_syntax"], &["guard"]),
    (&["aws_lc_rs::rand"], &["secret"]),
    (&["SystemTime::now", "time::SystemTime::now", "std::time::SystemTime::now"], &["clock"]),
    // It reads the wall clock as well.
    (&["Uuid::now_v7", "uuid::Uuid::now_v7"], &[]),
    // These would hide from this test where a name comes from.
    (&[names::PATH_OUTSIDE, "crate::*", "sqlx::*"], &[]),
];

/// What may not be named in these rooms, wherever else it may.
const NEVER: &[(&[&str], &[&[&str]])] = &[
    (DECIDE, &[HTTP]),
    (&["store", "store/transfer"], &[HTTP, &["crate::guard", "crate::jwt"]]),
    // These two work without a database, a web framework and a runtime.
    (
        &["guard", "jwt"],
        &[
            &["axum", "axum_core", "sqlx", "tokio", "crate::axum", "crate::http", "crate::pages"],
            &["crate::access", "crate::account", "crate::audit", "crate::error", "crate::password", "crate::session"],
            &["crate::store", "crate::throttle"],
        ],
    ),
    // Where the guard is alone, this one is beside it: it follows a stream, and knows nobody's accounts.
    (
        &["revocation/feed"],
        &[
            &["axum", "axum_core", "sqlx", "crate::axum", "crate::guard", "crate::http", "crate::pages"],
            &["crate::access", "crate::account", "crate::audit", "crate::error", "crate::password", "crate::session"],
            &["crate::store", "crate::throttle"],
        ],
    ),
    // This one may wait, but knows no more of the house than the tokens it fetches keys for.
    (
        &["jwt/remote"],
        &[
            &["axum", "axum_core", "sqlx", "crate::axum", "crate::guard", "crate::http", "crate::pages"],
            &["crate::access", "crate::account", "crate::audit", "crate::error", "crate::password", "crate::session"],
            &["crate::store", "crate::throttle"],
        ],
    ),
    // The ground everything stands on knows nobody who stands on it.
    (&["clock", "principal", "secret"], &[HTTP, &["tokio", "crate::guard", "crate::jwt", "crate::store"]]),
    // The server is wiring: what it needs is in the library's public interface.
    (&["bin"], &[&["aws_lc_rs", "jsonwebtoken"]]),
];

const LONGEST_FILE: usize = 400;

/// Everything in these files, by their path below `src/`, that the design forbids.
fn faults(files: &BTreeMap<String, String>) -> Vec<String> {
    let mut faults = Vec::new();
    for room in ROOMS {
        if !files.keys().any(|path| room_of(path) == *room) {
            faults.push(format!("src/{room} is missing, so nothing is known about it"));
        }
    }
    for (path, source) in files {
        let room = room_of(path);
        if !ROOMS.contains(&room) && !PLANNED.contains(&room) {
            faults.push(format!("src/{path}: no rule is known for the room {room:?}; add it to tests/architecture.rs"));
        }
        let lines = source.lines().count();
        if lines > LONGEST_FILE {
            faults.push(format!("src/{path}: {lines} lines, and {LONGEST_FILE} are enough for one subject"));
        }
        if path.ends_with("/tests.rs") {
            continue;
        }
        match names::named_in(source, &module_of(path)) {
            Ok(named) => faults.extend(
                named
                    .iter()
                    .filter(|name| forbidden(room, name))
                    .map(|name| format!("src/{path}: {room} may not name {name}")),
            ),
            Err(error) => faults.push(format!("src/{path}: cannot be read as Rust: {error}")),
        }
    }
    faults
}

fn forbidden(room: &str, name: &str) -> bool {
    let within = |whole: &&str| name.strip_prefix(*whole).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
    let elsewhere_only = ONLY.iter().any(|(what, rooms)| what.iter().any(within) && !rooms.contains(&room));
    let never_here =
        NEVER.iter().any(|(rooms, what)| rooms.contains(&room) && what.iter().copied().flatten().any(within));
    elsewhere_only || never_here
}

/// `guard/layer.rs` and `guard.rs` both belong to the room `guard`. A folder further in that is a room of its own, since
/// other rules hold for it, is named with the one around it.
fn room_of(path: &str) -> &str {
    let within = |room: &&&str| path.strip_prefix(**room).is_some_and(|rest| rest.starts_with('/'));
    if let Some(inner) = ROOMS.iter().filter(|room| room.contains('/')).find(within) {
        return inner;
    }
    let first = path.split('/').next().unwrap_or(path);
    first.strip_suffix(".rs").unwrap_or(first)
}

/// `guard/layer.rs` is the module `guard::layer`; a binary is a crate of its own and starts afresh.
fn module_of(path: &str) -> Vec<String> {
    let path = path.strip_prefix("bin/").and_then(|inside| inside.split_once('/')).map_or(path, |(_, rest)| rest);
    let mut module: Vec<_> = path.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    module.pop_if(|last| matches!(last.as_str(), "lib" | "main" | "mod"));
    module
}

fn read(folder: &Path, below: &str, files: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = format!("{below}{}", entry.file_name().into_string().unwrap());
        if entry.file_type().unwrap().is_dir() {
            read(&entry.path(), &format!("{path}/"), files);
        } else if Path::new(&path).extension().is_some_and(|extension| extension == "rs") {
            files.insert(path, fs::read_to_string(entry.path()).unwrap());
        }
    }
}

#[test]
fn src_is_built_as_designed() {
    let mut files = BTreeMap::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut files);
    let faults = faults(&files);
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn every_rule_is_about_rooms_of_the_design() {
    let of_rules = ONLY.iter().flat_map(|(_, rooms)| *rooms).chain(NEVER.iter().flat_map(|(rooms, _)| *rooms));
    for room in of_rules {
        assert!(ROOMS.contains(room) || PLANNED.contains(room), "{room} is in a rule, but not in a list of rooms");
    }
}

#[test]
fn a_missing_or_unknown_room_is_a_fault() {
    assert_eq!(faults(&BTreeMap::new()).len(), ROOMS.len());
    assert!(fault_in("cellar/wine.rs", "").is_some_and(|fault| fault.contains("cellar")));
}

#[test]
fn a_file_of_more_than_400_lines_is_a_fault() {
    assert_eq!(fault_in("store/long.rs", &"\n".repeat(400)), None);
    assert!(fault_in("store/long.rs", &"\n".repeat(401)).is_some_and(|fault| fault.contains("401 lines")));
}

#[test]
fn forbidden_imports_are_faults_however_they_are_written() {
    let forbidden = [
        ("account/register.rs", "use sqlx::Row;"),
        ("account/register.rs", "use {std::fmt, sqlx as database};"),
        ("account/register.rs", "fn f() { let row = ::sqlx::query(\"\"); }"),
        ("account/register.rs", "fn f() { run!(deep(sqlx::query(1))); }"),
        ("account/register.rs", "const Q: &str = \"SELECT id FROM users\";"),
        ("account/register.rs", "const Q: &str = r#\"\n  INSERT INTO users VALUES ($1)\"#;"),
        ("account/register.rs", "use http::StatusCode;"),
        ("account/register.rs", "fn f(s: crate::http::Problem) {}"),
        ("account/register.rs", "use super::super::http::Problem;"),
        ("account/mod.rs", "mod inner { use super::super::http::Problem; }"),
        ("account/mod.rs", "use super::*;"),
        ("account/mod.rs", "#[cfg(not(test))] use hyper::Body;"),
        ("account/mod.rs", "#[cfg(test)] mod tests { } use hyper::Body;"),
        ("account/mod.rs", "#[cfg(test)] use tower::Service; use tower::Layer;"),
        ("guard/layer.rs", "use crate::{clock::SharedClock, store::{self, Store}};"),
        ("guard/layer.rs", "use crate::{principal::Principal, session as s};"),
        ("guard/layer.rs", "#[tokio::main] async fn f() {}"),
        ("guard/layer.rs", "extern crate axum;"),
        ("guard/mod.rs", "pub use super::account::User;"),
        ("guard/mod.rs", "pub use self::super::account::User;"),
        ("jwt/keys.rs", "use axum_core::response::Response;"),
        ("guard/rule.rs", "fn now() { std::time::SystemTime::now(); }"),
        ("jwt/mod.rs", "use std::time::SystemTime; fn f() { SystemTime::now() }"),
        ("jwt/mod.rs", "fn f() { aws_lc_rs::rand::fill(b); }"),
        ("jwt/mod.rs", "use aws_lc_rs::{digest, rand};"),
        ("session/issue.rs", "use jsonwebtoken::encode;"),
        ("jwt/source.rs", "use tokio::sync::watch;"),
        ("jwt/source.rs", "use hyper_util::client::legacy::Client;"),
        ("jwt/remote/keys.rs", "use crate::guard::AuthError;"),
        ("store/sqlite.rs", "use crate::guard::AuthLayer;"),
        ("store/sqlite.rs", "use sqlx::{AssertSqlSafe as Constant, Row as _};"),
        ("store/sql/users.rs", "fn f(text: String) { query(sqlx::AssertSqlSafe(text)); }"),
        ("store/transfer/row.rs", "use crate::http::Problem;"),
        ("session/open.rs", "#[path = \"../guard/layer.rs\"] mod layer;"),
        ("lib.rs", "pub use axum::Router as R; "),
        ("bin/portcullis/main.rs", "use sqlx::Pool;"),
    ];
    for (path, source) in forbidden {
        assert!(fault_in(path, source).is_some(), "{path}: {source}");
    }
}

#[test]
fn allowed_imports_are_no_faults() {
    let allowed = [
        ("account/register.rs", "//! Uses axum::Router.\n/// use sqlx::Row;\n/* use /* nested */ sqlx::Row; */"),
        ("account/register.rs", "const A: &str = \"sqlx::query\"; const B: &str = r##\"use \"# axum::X\"##;"),
        ("account/register.rs", "fn f<'sqlx>(http: &'sqlx str, axum: u8) { g(http); h.axum::<u8>(); '\"'; }"),
        ("account/register.rs", "use crate::store::Store; fn f() { \"SELECTED by you\" }"),
        ("account/register.rs", "use super::{http_name, store}; use crate::{throttle::Bucket};"),
        ("account/mod.rs", "#[cfg(test)] mod tests { use super::*; use axum::Router; }"),
        ("account/mod.rs", "#[cfg(test)] #[expect(unused)] fn helper() -> u8 { sqlx::query() }"),
        ("account/mod.rs", "#[cfg(test)] use tower::Service; use std::fmt;"),
        ("account/tests.rs", "use axum::Router;"),
        ("guard/layer.rs", "use http::Request; use tower_layer::Layer; use crate::{jwt::Verifier, principal::*};"),
        ("guard/layer.rs", "use super::rule::RouteRule; fn f() -> Result<Self::Axum, T::Http> {}"),
        ("axum/extract.rs", "use axum_core::extract::FromRequestParts; use crate::guard::AuthLayer;"),
        ("http/mod.rs", "use axum::Router; use crate::account::Accounts;"),
        ("store/sqlite.rs", "use sqlx::Row; const Q: &str = \"SELECT 1\"; use crate::account::User;"),
        ("store/sqlite.rs", "#[path = \"sql/mod.rs\"] mod sql;"),
        ("store/transfer/mod.rs", "use sqlx::AssertSqlSafe; const Q: &str = \"SELECT 1\";"),
        ("jwt/keys.rs", "use jsonwebtoken::DecodingKey; use aws_lc_rs::signature;"),
        ("jwt/remote/keys.rs", "use tokio::sync::watch; use crate::jwt::TokenErrorKind;"),
        ("secret.rs", "use aws_lc_rs::{digest, rand};"),
        ("clock.rs", "fn f() { SystemTime::now(); }"),
        ("lib.rs", "pub mod axum; pub use self::axum::GuardedRouter; pub use crate::guard::AuthLayer;"),
        ("bin/portcullis/serve.rs", "use axum::Router; use crate::logging; use portcullis::jwt::KeyRing;"),
    ];
    for (path, source) in allowed {
        assert_eq!(fault_in(path, source), None, "{path}: {source}");
    }
}

/// The first fault that this file brings into a house that has none.
fn fault_in(path: &str, source: &str) -> Option<String> {
    let mut files: BTreeMap<_, _> = ROOMS.iter().map(|room| (format!("{room}/mod.rs"), String::new())).collect();
    assert_eq!(faults(&files), Vec::<String>::new());
    files.insert(path.to_owned(), source.to_owned());
    faults(&files).into_iter().next()
}
