//! Hashes: how new ones look, which stored ones are read, and when one is due to be made anew.

use argon2::{Argon2, PasswordVerifier};
use portcullis::password::{Argon2Params, HashError, Verdict, verify_password};

use crate::support::{cheap, cheap_pool, password, pool, stored};

/// `password` hashed with the salt `somesalt`, by the reference implementation.
const BY_ANOTHER: &str = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";

#[tokio::test]
async fn pw_7_a_new_hash_is_argon2id_at_the_floor_with_a_salt_of_its_own() {
    let pool = pool(Argon2Params::default(), 1, 8);
    let (ada, bob) = (pool.hash(password("same")).await.unwrap(), pool.hash(password("same")).await.unwrap());
    assert_ne!(ada, bob);
    for hash in [&ada, &bob] {
        let fields: Vec<_> = hash.as_str().split('$').collect();
        assert_eq!(fields[..4], ["", "argon2id", "v=19", "m=19456,t=2,p=1"]);
        // 16 and 32 bytes in base64 without padding.
        assert_eq!((fields[4].len(), fields[5].len(), fields.len()), (22, 43, 6));
        assert!(Argon2::default().verify_password(b"same", hash.as_str()).is_ok());
    }
}

#[tokio::test]
async fn pw_7_a_hash_is_due_when_parameters_change_and_only_then() {
    let other = |m, t, p| Argon2Params::insecure_for_tests(m, t, p).unwrap();
    let old = cheap_pool().hash(password("password")).await.unwrap();
    for (params, due) in [
        (cheap(), false),
        (other(128, 2, 1), true),
        (other(64, 3, 1), true),
        (other(64, 2, 2), true),
        (other(64, 1, 1), true),
    ] {
        let pool = pool(params, 1, 8);
        let verdict = pool.verify(password("password"), Some(old.clone())).await.unwrap();
        assert_eq!(verdict, Verdict::Match { needs_rehash: due });
        assert_eq!(pool.verify(password("other"), Some(old.clone())).await.unwrap(), Verdict::NoMatch);
        let renewed = pool.hash(password("password")).await.unwrap();
        let verdict = pool.verify(password("password"), Some(renewed)).await.unwrap();
        assert_eq!(verdict, Verdict::Match { needs_rehash: false });
    }
}

#[tokio::test]
async fn pw_7_a_hash_made_another_way_matches_and_is_due() {
    let same_costs = pool(Argon2Params::insecure_for_tests(256, 2, 1).unwrap(), 1, 8);
    let others = [
        // An eight-byte salt, Argon2i, and Argon2i from before version 19.
        BY_ANOTHER,
        "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8",
        "$argon2i$m=256,t=2,p=1$c29tZXNhbHQ$/U3YPXYsSb3q9XxHvc0MLxur+GP960kN9j7emXX8zwY",
    ];
    for phc in others {
        let verdict = same_costs.verify(password("password"), Some(stored(phc))).await.unwrap();
        assert_eq!(verdict, Verdict::Match { needs_rehash: true }, "{phc}");
    }
}

#[tokio::test]
async fn pw_7_what_costs_too_much_is_refused_before_it_is_paid() {
    let pool = cheap_pool();
    for params in
        ["m=262145,t=2,p=1", "m=4294967295,t=1,p=1", "m=256,t=33,p=1", "m=256,t=4294967295,p=1", "m=256,t=2,p=17"]
    {
        let phc = BY_ANOTHER.replace("m=256,t=2,p=1", params);
        let outcome = pool.verify(password("password"), Some(stored(&phc))).await;
        assert!(matches!(outcome, Err(HashError::TooCostly)), "{params}");
        assert!(!verify_password("password", &phc));
    }
}

#[tokio::test]
async fn pw_7_what_is_no_hash_is_an_error_and_never_a_match() {
    let pool = cheap_pool();
    let without_tag = BY_ANOTHER.rsplit_once('$').unwrap().0;
    let broken = [
        "",
        "$",
        "password",
        "5f4dcc3b5aa765d61d8327deb882cf99",
        without_tag,
        &BY_ANOTHER.replace("v=19", "v=18"),
        &BY_ANOTHER.replace("m=256", "m=-1"),
        &BY_ANOTHER.replace("m=256", "m=99999999999"),
        &BY_ANOTHER.replace("m=256", "m=7"),
        &BY_ANOTHER.replace("t=2", "t=0"),
        &BY_ANOTHER.replace("p=1", "p=0"),
        &BY_ANOTHER.replace("p=1", "p=536870912"),
        &BY_ANOTHER.replace("argon2id", "argon2"),
        &BY_ANOTHER.replace("c29tZXNhbHQ", "c2FsdA"),
        &format!("{BY_ANOTHER}$"),
        &format!("{without_tag}$nf65"),
        &"$argon2id".repeat(1000),
    ];
    for phc in broken {
        let outcome = pool.verify(password("password"), Some(stored(phc))).await;
        assert!(matches!(outcome, Err(HashError::Unreadable)), "{phc:?} {outcome:?}");
        assert!(!verify_password("password", phc));
    }
    let whole = pool.verify(password("password"), Some(stored(BY_ANOTHER))).await.unwrap();
    assert!(matches!(whole, Verdict::Match { .. }));
}
